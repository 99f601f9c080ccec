/* LimitRanger, first half: containers that do not say what they need get the namespace's
 * defaults. */
#include "actors/admission/plugin.h"

#include "proto/quantity.h"

#include <stdlib.h>

#define LIMIT_RANGER "kubernetes.io/limit-ranger"

enum { NAMES_MAX = 32 };

struct filling {
    struct mp limits, requests; /* the defaults */
    const char *what;           /* "container" */
    struct buf *said;
};

struct added { /* names of resources that were filled in */
    struct str names[NAMES_MAX];
    unsigned count;
};

static int by_name(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* have, and what is missing from it. */
static void put_filled(struct buf *out, struct mp have, struct mp defaults, struct added *added)
{
    uint32_t pairs = 0;
    size_t mark = mp_begin(out);
    for (struct mp_iter it = mp_items(have); mp_iter_next(&it); pairs++) {
        mp_put_str(out, it.key);
        mp_put(out, it.value);
    }
    for (struct mp_iter it = mp_items(defaults); mp_iter_next(&it);) {
        if (mp_get_str(have, it.key).type != MP_END || added->count == NAMES_MAX) continue;
        mp_put_str(out, it.key);
        mp_put(out, it.value);
        added->names[added->count++] = it.key;
        pairs++;
    }
    mp_end_map(out, mark, pairs);
    qsort(added->names, added->count, sizeof *added->names, by_name);
}

static void say(const struct filling *f, const struct added *added, const char *which,
                struct str name)
{
    if (!added->count) return;
    buf_puts(f->said, f->said->len ? "; " : "LimitRanger plugin set: ");
    for (unsigned i = 0; i < added->count; i++)
        buf_printf(f->said, "%s%.*s", i ? ", " : "", (int)added->names[i].n, added->names[i].p);
    buf_printf(f->said, " %s for %s %.*s", which, f->what, (int)name.n, name.p ? name.p : "");
}

static bool fill_container(void *ctx, struct mp container, struct buf *out)
{
    const struct filling *f = ctx;
    struct mp resources = mp_get(container, "resources"), old_limits = mp_get(resources, "limits"),
              old_requests = mp_get(resources, "requests");
    struct str name = mp_str(mp_get(container, "name"));
    struct added limits = {.count = 0}, requests = {.count = 0};
    buf_auto struct buf filled = BUF_INIT, all = BUF_INIT, with = BUF_INIT;
    put_filled(&filled, old_limits, f->limits, &limits);
    if (limits.count)
        admission_put_with(&with, resources, "limits", &filled);
    else if (resources.type == MP_MAP)
        mp_put(&with, resources);
    else
        mp_put_map(&with, 0);
    buf_clear(&filled);
    put_filled(&filled, old_requests, f->requests, &requests);
    if (requests.count) admission_put_with(&all, mp_read(with.data, with.len), "requests", &filled);
    say(f, &requests, "request", name);
    say(f, &limits, "limit", name);
    if (limits.count + requests.count)
        admission_put_with(out, container, "resources", requests.count ? &all : &with);
    else
        mp_put(out, container);
    return limits.count + requests.count > 0;
}

static void annotate(struct admission_request *r, const struct buf *said)
{
    buf_auto struct buf value = BUF_INIT, annotations = BUF_INIT;
    mp_put_str(&value, (struct str){said->data, said->len});
    admission_put_with(&annotations, mp_path(r->body, "metadata.annotations"), LIMIT_RANGER,
                       &value);
    admission_set(r, "metadata.annotations", &annotations);
}

/* A default limit may be below what the container itself asks for. Such a pod could never be
 * altered again, not even to let it go. */
static bool container_fits(struct admission_request *r, const char *list, unsigned at,
                           struct mp resources)
{
    struct mp limits = mp_get(resources, "limits");
    for (struct mp_iter it = mp_items(mp_get(resources, "requests")); mp_iter_next(&it);) {
        int64_t asked, most;
        struct str request = mp_str(it.value);
        if (!quantity_milli(request, &asked) ||
            !quantity_milli(mp_str(mp_get_str(limits, it.key)), &most) || asked <= most)
            continue;
        deciding_invalid(r->out, r->actor,
                         "spec.%s[%u].resources.requests: Invalid value: \"%.*s\": must be less "
                         "than or equal to %.*s limit",
                         list, at, (int)request.n, request.p, (int)it.key.n, it.key.p);
        return false;
    }
    return true;
}

static bool containers_fit(struct admission_request *r, const char *list)
{
    unsigned at = 0;
    struct mp spec = mp_get(r->body, "spec");
    for (struct mp_iter it = mp_items(mp_get(spec, list)); mp_iter_next(&it); at++)
        if (!container_fits(r, list, at, mp_get(it.value, "resources"))) return false;
    return true;
}

bool admit_limits(struct admission_request *r)
{
    istr ns = r->actor->ns;
    bool filled = false;
    for (struct actor *a = world_first(r->world, kind_limitrange, ns); a; a = world_next(a, ns)) {
        struct mp items = doc_path(a->object->body, "spec.limits");
        buf_auto struct buf said = BUF_INIT;
        for (struct mp_iter it = mp_items(items); mp_iter_next(&it);) {
            if (!mp_is(mp_get(it.value, "type"), "Container")) continue;
            struct filling f = {mp_get(it.value, "default"), mp_get(it.value, "defaultRequest"),
                                "container", &said};
            admission_each_container(r, "spec.containers", fill_container, &f);
            f.what = "init container";
            admission_each_container(r, "spec.initContainers", fill_container, &f);
        }
        if (said.len) annotate(r, &said);
        filled |= said.len > 0;
    }
    return !filled || (containers_fit(r, "containers") && containers_fit(r, "initContainers"));
}
