/* What admission promises of new objects, counted here by other means than there: no quota is
 * exceeded by anything that is made, a pod in a range of limits has them, a pod of a class has its
 * priority. And at the end every quota tells what is used.
 *
 * What is decided while an entry is on its way does not see that entry: a rule binds from the entry
 * after the next one. */
#include "sim.h"

#include "actors/behavior.h"

#include <stdlib.h>

/* "250m" or "3", in thousandths: nothing else is written here. */
static int64_t milli_of(struct mp quantity)
{
    char text[24];
    struct str q = mp_str(quantity);
    snprintf(text, sizeof text, "%.*s", (int)q.n, q.n ? q.p : "");
    char *end;
    int64_t n = strtoll(text, &end, 10);
    return *end == 'm' ? n : n * 1000;
}

static int64_t pod_cpu(const struct object *pod, const char *which)
{
    int64_t sum = 0;
    for (struct mp_iter it = mp_items(doc_path(pod->body, "spec.containers")); mp_iter_next(&it);)
        sum += milli_of(mp_get(mp_get(mp_get(it.value, "resources"), which), "cpu"));
    return sum;
}

enum measured { OF_PODS, OF_REQUESTS, OF_LIMITS, OF_LEASES, MEASURED };
static const char *const lines[] = {"pods", "requests.cpu", "limits.cpu",
                                    "count/leases.coordination.k8s.io"};

static bool is_over(const struct object *pod)
{
    struct str phase = mp_str(doc_path(pod->status, "phase"));
    return str_is(phase, "Succeeded") || str_is(phase, "Failed");
}

static int64_t used_of(struct world *w, istr ns, enum measured what)
{
    const struct kind *kind = what == OF_LEASES ? kind_lease : kind_pod;
    int64_t sum = 0;
    for (struct actor *a = world_first(w, kind, ns); a; a = world_next(a, ns)) {
        if (what == OF_LEASES)
            sum += 1000;
        else if (!is_over(a->object))
            sum += what == OF_PODS       ? 1000
                   : what == OF_REQUESTS ? pod_cpu(a->object, "requests")
                                         : pod_cpu(a->object, "limits");
    }
    return sum;
}

static bool is_rule(const struct kind *k)
{
    return k == kind_quota || k == kind_limitrange || k == kind_priorityclass;
}

/* Did whoever decided on the entry that is folded now know this rule? */
static bool rule_binds(struct sim *s, const struct object *rule)
{
    return s->counts.entries > log_track(s, rule)->going + 1;
}

static void check_quotas(struct sim *s, struct world *w, const struct object *o)
{
    istr ns = o->id->ns;
    for (struct actor *a = world_first(w, kind_quota, ns); a; a = world_next(a, ns))
        for (unsigned i = 0; i < MEASURED && rule_binds(s, a->object); i++) {
            struct mp hard = mp_get(doc_path(a->object->body, "spec.hard"), lines[i]);
            if ((o->id->kind == kind_lease) != (i == OF_LEASES) || hard.type == MP_END) continue;
            int64_t used = used_of(w, ns, (enum measured)i);
            if (lie_now(s, LIE_QUOTA_OVER)) used += milli_of(hard) + 1;
            if (used > milli_of(hard))
                sim_fail(s, "%s %s/%s exceeds quota %s: %s is %lld m of %lld m", o->id->kind->key,
                         ns, o->id->name, a->name, lines[i], (long long)used,
                         (long long)milli_of(hard));
        }
}

static void check_limits(struct sim *s, struct world *w, const struct object *pod)
{
    static const char *const which[] = {"requests", "limits"};
    istr ns = pod->id->ns;
    struct actor *range = world_first(w, kind_limitrange, ns);
    if (!range || !rule_binds(s, range->object)) return;
    struct mp max = mp_path(mp_at(doc_path(range->object->body, "spec.limits"), 0), "max.cpu");
    for (struct mp_iter it = mp_items(doc_path(pod->body, "spec.containers")); mp_iter_next(&it);)
        for (unsigned i = 0; i < 2; i++) {
            struct mp cpu = mp_get(mp_get(mp_get(it.value, "resources"), which[i]), "cpu");
            if (cpu.type == MP_END || milli_of(cpu) > milli_of(max) || lie_now(s, LIE_LIMIT_BARE))
                sim_fail(s, "pod %s/%s was made with %s of %lld m against limit range %s", ns,
                         pod->id->name, which[i], (long long)milli_of(cpu), range->name);
        }
}

/* Its class may be made anew later, with another value: pods keep theirs. */
static void check_priority(struct sim *s, struct world *w, const struct object *pod)
{
    struct str named = mp_str(doc_path(pod->body, "spec.priorityClassName"));
    struct object *class = named.n ? world_get(w, kind_priorityclass, NULL, named) : NULL;
    if (!class || !rule_binds(s, class)) return;
    int64_t has = mp_i64(doc_path(pod->body, "spec.priority"), -1),
            value = mp_i64(doc_path(class->body, "value"), 0);
    if (s->lie == LIE_PRIORITY_OTHER) value++;
    if (has != value)
        sim_fail(s, "pod %s/%s has priority %lld, its class %s has %lld", pod->id->ns,
                 pod->id->name, (long long)has, class->id->name, (long long)value);
}

/* Of every event, when it is folded first. */
void quotas_check(struct life *l, const struct change *c)
{
    struct sim *s = l->m->sim;
    const struct object *o = c->after ? c->after : c->before;
    bool same = c->before && c->after && c->before->body == c->after->body;
    if (is_rule(o->id->kind) && !same) log_track(s, o)->going = s->counts.entries;
    if (c->before || !o->id->ns || (o->id->kind != kind_pod && o->id->kind != kind_lease)) return;
    check_quotas(s, l->core.world, o);
    if (o->id->kind == kind_lease) return;
    check_limits(s, l->core.world, o);
    check_priority(s, l->core.world, o);
}

/* At the end; NULL: every quota tells what is so. */
const char *quotas_untold(struct sim *s, struct world *w)
{
    static char why[200];
    for (struct actor *a = world_first(w, kind_quota, NULL); a; a = world_next(a, NULL))
        for (unsigned i = 0; i < MEASURED; i++) {
            struct mp hard = mp_get(doc_path(a->object->body, "spec.hard"), lines[i]);
            if (hard.type == MP_END) continue;
            int64_t used = used_of(w, a->ns, (enum measured)i),
                    told = milli_of(mp_get(doc_path(a->object->status, "used"), lines[i])),
                    limit = milli_of(mp_get(doc_path(a->object->status, "hard"), lines[i]));
            if (used == told && limit == milli_of(hard) && s->lie != LIE_QUOTA_TOLD) continue;
            snprintf(why, sizeof why, "quota %s/%s tells of %s %lld m, it is %lld m", a->ns,
                     a->name, lines[i], (long long)told, (long long)used);
            return why;
        }
    return NULL;
}
