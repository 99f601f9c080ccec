/* Is there room in the quotas? And the refusals, in Kubernetes' words. */
#include "actors/admission/quota.h"

#include "actors/admission/amounts.h"
#include "actors/admission/quota_scope.h"
#include "actors/deciding.h"

#include <stdlib.h>

/* Limited in a quota, these have to be told by every container. */
static const char *const required[] = {"cpu",    "limits.cpu",   "limits.memory",
                                       "memory", "requests.cpu", "requests.memory"};

static bool is_told(struct mp spec, const struct measure *m)
{
    static const char *const lists[] = {"containers", "initContainers"};
    const char *which = m->of == MEASURE_REQUEST ? "requests" : "limits";
    for (unsigned i = 0; i < 2; i++)
        for (struct mp_iter it = mp_items(mp_get(spec, lists[i])); mp_iter_next(&it);)
            if (!amount_of_container(it.value, which, m->what).given) return false;
    return true;
}

static bool has_all_told(const struct quota *q, const struct actor *a, struct mp body,
                         struct decision *out)
{
    buf_auto struct buf missing = BUF_INIT;
    if (!scope_takes(doc_path(q->object->body, "spec"), kind_pod, body)) return true;
    for (unsigned i = 0; i < sizeof required / sizeof *required; i++)
        for (unsigned k = 0; k < q->count; k++)
            if (str_is(q->lines[k].name, required[i]) &&
                !is_told(mp_get(body, "spec"), &q->lines[k].measure))
                buf_printf(&missing, "%s%s", missing.len ? "," : "", required[i]);
    if (missing.len)
        deciding_forbidden(out, a, "failed quota: %s: must specify %s", q->object->id->name,
                           missing.data);
    return missing.len == 0;
}

struct shortage {
    const struct quota_line *line;
    int64_t wanted;
};

static int by_name(const void *a, const void *b)
{
    return str_cmp(((const struct shortage *)a)->line->name,
                   ((const struct shortage *)b)->line->name);
}

static void put_amount(struct buf *out, const struct quota_line *line, quota_sum milli)
{
    buf_printf(out, "%s%.*s=", out->len ? "," : "", (int)line->name.n, line->name.p);
    quota_put(out, line, milli);
}

static void refuse(const struct quota *q, const struct actor *a, struct shortage *all, unsigned n,
                   struct decision *out)
{
    buf_auto struct buf wanted = BUF_INIT, used = BUF_INIT, hard = BUF_INIT;
    qsort(all, n, sizeof *all, by_name);
    for (unsigned i = 0; i < n; i++) {
        put_amount(&wanted, all[i].line, all[i].wanted);
        put_amount(&used, all[i].line, all[i].line->used + all[i].line->held);
        put_amount(&hard, all[i].line, all[i].line->hard);
    }
    deciding_forbidden(out, a, "exceeded quota: %s, requested: %s, used: %s, limited: %s",
                       q->object->id->name, wanted.data, used.data, hard.data);
}

enum { SHORTAGES_MAX = 16 }; /* told of one quota */

static bool has_room(struct quota *q, const struct actor *a, struct mp before,
                     const struct doc *after, struct decision *out)
{
    struct shortage all[SHORTAGES_MAX];
    unsigned n = 0;
    quota_measure(q, a->kind, after);
    for (unsigned i = 0; i < q->count && n < SHORTAGES_MAX; i++) {
        struct quota_line *line = &q->lines[i];
        int64_t more = line->amount;
        if (before.type != MP_END && more) more -= measure_amount(&line->measure, before);
        if (more <= 0) continue;
        if (line->used + line->held + more > line->hard) all[n++] = (struct shortage){line, more};
    }
    if (n) refuse(q, a, all, n, out);
    return n == 0;
}

bool quotas_watch_updates(const struct kind *kind)
{
    return kind == kind_service || kind == kind_pvc;
}

bool quotas_allow(const struct quotas *all, const struct actor *a, struct mp before,
                  const struct doc *after, struct decision *out)
{
    struct quota_space *space = a->ns ? quotas_space(all, a->ns) : NULL;
    if (!space) return true;
    bool new_pod = a->kind == kind_pod && before.type == MP_END;
    list_each(it, &space->quotas)
    {
        const struct quota *q = container_of(it, struct quota, link);
        if (new_pod && !has_all_told(q, a, doc_root(after), out)) return false;
    }
    list_each(it, &space->quotas) if (!has_room(container_of(it, struct quota, link), a, before,
                                                after, out)) return false;
    return true;
}
