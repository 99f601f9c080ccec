/* LimitRanger, second half: what lies outside of the namespace's limits is refused. All that is
 * wrong is said at once. */
#include "actors/admission/amounts.h"
#include "actors/admission/plugin.h"

#include "proto/quantity.h"

struct usage { /* of one resource by one container, pod or claim */
    const char *type;
    struct str resource;
    struct amount request, limit;
};

struct findings {
    struct buf text;
    unsigned count;
};

static void found(struct findings *f, const struct usage *u, const char *format,
                  struct str enforced, const char *rest)
{
    if (f->count++) buf_puts(&f->text, ", ");
    buf_printf(&f->text, format, (int)u->resource.n, u->resource.p, u->type, (int)enforced.n,
               enforced.p, rest);
}

#define MINIMUM "minimum %.*s usage per %s is %.*s%s"
#define MAXIMUM "maximum %.*s usage per %s is %.*s%s"
#define RATIO   "%.*s max limit to request ratio per %s is %.*s%s"

static void found_but(struct findings *f, const struct usage *u, const char *format,
                      struct str enforced, const char *what, const struct amount *is)
{
    buf_auto struct buf rest = BUF_INIT;
    buf_printf(&rest, ", but %s is ", what);
    quantity_format_like(is->milli, is->like, &rest);
    found(f, u, format, enforced, rest.data);
}

static void check_min(struct findings *f, const struct usage *u, struct str enforced)
{
    int64_t least;
    if (!quantity_milli(enforced, &least)) return;
    if (!u->request.given)
        found(f, u, MINIMUM, enforced, ".  No request is specified");
    else if (u->request.milli < least)
        found_but(f, u, MINIMUM, enforced, "request", &u->request);
    else if (u->limit.given && u->limit.milli < least)
        found_but(f, u, MINIMUM, enforced, "limit", &u->limit);
}

static void check_max(struct findings *f, const struct usage *u, struct str enforced)
{
    int64_t most;
    bool claims = strcmp(u->type, "PersistentVolumeClaim") == 0; /* they have requests only */
    const struct amount *first = claims ? &u->request : &u->limit;
    if (!quantity_milli(enforced, &most)) return;
    if (!first->given)
        found(f, u, MAXIMUM, enforced,
              claims ? ".  No request is specified" : ".  No limit is specified");
    else if (first->milli > most)
        found_but(f, u, MAXIMUM, enforced, claims ? "request" : "limit", first);
    else if (u->request.given && u->request.milli > most)
        found_but(f, u, MAXIMUM, enforced, "request", &u->request);
}

static void check_ratio(struct findings *f, const struct usage *u, struct str enforced)
{
    int64_t most;
    if (!quantity_milli(enforced, &most)) return;
    if (!u->request.given || !u->request.milli) {
        found(f, u, RATIO, enforced, ", but no request is specified or request is 0");
    } else if (!u->limit.given || !u->limit.milli) {
        found(f, u, RATIO, enforced, ", but no limit is specified or limit is 0");
    } else if ((__int128)u->limit.milli * 1000 > (__int128)most * u->request.milli) {
        buf_auto struct buf rest = BUF_INIT;
        buf_printf(&rest, ", but provided ratio is %f",
                   (double)u->limit.milli / (double)u->request.milli);
        found(f, u, RATIO, enforced, rest.data);
    }
}

static const struct {
    const char *field;
    void (*check)(struct findings *f, const struct usage *u, struct str enforced);
} constraints[] = {{"min", check_min}, {"max", check_max}, {"maxLimitRequestRatio", check_ratio}};

typedef struct amount amount_fn(struct mp of, const char *which, struct str resource);

static void check_one(struct findings *f, struct mp item, struct mp of, amount_fn *amount)
{
    struct str type = mp_str(mp_get(item, "type"));
    for (unsigned i = 0; i < sizeof constraints / sizeof *constraints; i++) {
        struct mp limits = mp_get(item, constraints[i].field);
        for (struct mp_iter it = mp_items(limits); mp_iter_next(&it);) {
            struct usage u = {str_is(type, "Pod")         ? "Pod"
                              : str_is(type, "Container") ? "Container"
                                                          : "PersistentVolumeClaim",
                              it.key, amount(of, "requests", it.key), amount(of, "limits", it.key)};
            constraints[i].check(f, &u, mp_str(it.value));
        }
    }
}

static void check_pod(struct findings *f, struct mp item, struct mp spec)
{
    if (mp_is(mp_get(item, "type"), "Pod")) check_one(f, item, spec, amount_of_pod);
    if (!mp_is(mp_get(item, "type"), "Container")) return;
    static const char *const lists[] = {"containers", "initContainers"};
    for (unsigned i = 0; i < 2; i++)
        for (struct mp_iter it = mp_items(mp_get(spec, lists[i])); mp_iter_next(&it);)
            check_one(f, item, it.value, amount_of_container);
}

bool admit_limits_check(struct admission_request *r)
{
    struct findings f = {BUF_INIT, 0};
    istr ns = r->actor->ns;
    struct mp spec = mp_get(r->body, "spec");
    for (struct actor *a = world_first(r->world, kind_limitrange, ns); a; a = world_next(a, ns)) {
        struct mp items = doc_path(a->object->body, "spec.limits");
        for (struct mp_iter it = mp_items(items); mp_iter_next(&it);) {
            if (r->actor->kind == kind_pod)
                check_pod(&f, it.value, spec);
            else if (mp_is(mp_get(it.value, "type"), "PersistentVolumeClaim"))
                check_one(&f, it.value, spec, amount_of_container);
        }
    }
    if (f.count) deciding_forbidden(r->out, r->actor, f.count > 1 ? "[%s]" : "%s", f.text.data);
    buf_free(&f.text);
    return f.count == 0;
}
