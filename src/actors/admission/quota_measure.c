#include "actors/admission/quota_measure.h"

#include "actors/admission/amounts.h"
#include "proto/quantity.h"

enum { ONE = 1000 }; /* in thousandths */

#define OF_CLASS ".storageclass.storage.k8s.io/"

static const struct {
    const char *name;
    enum measure_of of;
} known[] = {
    {"configmaps", MEASURE_COUNT},
    {"persistentvolumeclaims", MEASURE_COUNT},
    {"replicationcontrollers", MEASURE_COUNT},
    {"resourcequotas", MEASURE_COUNT},
    {"secrets", MEASURE_COUNT},
    {"services", MEASURE_COUNT},
    {"pods", MEASURE_PODS},
    {"cpu", MEASURE_REQUEST},
    {"memory", MEASURE_REQUEST},
    {"ephemeral-storage", MEASURE_REQUEST},
    {"services.nodeports", MEASURE_NODE_PORTS},
    {"services.loadbalancers", MEASURE_LOAD_BALANCERS},
};

static bool cut_prefix(struct str *name, const char *prefix)
{
    if (!str_starts(*name, prefix)) return false;
    size_t n = strlen(prefix);
    *name = (struct str){name->p + n, name->n - n};
    return true;
}

static struct measure measure_of_class(struct str name)
{
    static const char *const ends[] = {OF_CLASS "requests.storage",
                                       OF_CLASS "persistentvolumeclaims"};
    for (unsigned i = 0; i < 2; i++)
        if (str_ends(name, ends[i]))
            return (struct measure){i ? MEASURE_CLAIMS : MEASURE_STORAGE,
                                    {name.p, name.n - strlen(ends[i])}};
    return (struct measure){MEASURE_NOTHING, name};
}

struct measure measure_parse(struct str name)
{
    for (unsigned i = 0; i < sizeof known / sizeof *known; i++)
        if (str_is(name, known[i].name)) return (struct measure){known[i].of, name};
    if (cut_prefix(&name, "count/")) return (struct measure){MEASURE_COUNT, name};
    if (str_is(name, "requests.storage")) return (struct measure){MEASURE_STORAGE, STR("")};
    if (str_starts(name, "hugepages-") || cut_prefix(&name, "requests."))
        return (struct measure){MEASURE_REQUEST, name};
    if (cut_prefix(&name, "limits.")) return (struct measure){MEASURE_LIMIT, name};
    return measure_of_class(name);
}

bool measure_takes(const struct measure *m, const struct kind *kind)
{
    switch (m->of) {
    case MEASURE_NOTHING:
        return false;
    case MEASURE_COUNT:
        return str_is(m->what, kind->key);
    case MEASURE_NODE_PORTS:
    case MEASURE_LOAD_BALANCERS:
        return kind == kind_service;
    case MEASURE_CLAIMS:
    case MEASURE_STORAGE:
        return kind == kind_pvc;
    default:
        return kind == kind_pod;
    }
}

static int64_t amount_of_live_pod(const struct measure *m, struct mp body)
{
    struct mp spec = mp_get(body, "spec");
    const char *which = m->of == MEASURE_REQUEST ? "requests" : "limits";
    int64_t overhead = 0;
    quantity_milli(mp_str(mp_get_str(mp_get(spec, "overhead"), m->what)), &overhead);
    return amount_sum(amount_of_pod(spec, which, m->what).milli, overhead);
}

static int64_t amount_of_service(const struct measure *m, struct mp body)
{
    struct mp spec = mp_get(body, "spec"), type = mp_get(spec, "type");
    bool balanced = mp_is(type, "LoadBalancer");
    if (m->of == MEASURE_LOAD_BALANCERS) return balanced ? ONE : 0;
    struct mp ports = mp_get(spec, "ports");
    bool ported = (balanced || mp_is(type, "NodePort")) && ports.type == MP_ARRAY;
    return ported ? (int64_t)ports.count * ONE : 0;
}

static bool is_of_class(struct mp claim, struct str class)
{
    struct str old = mp_str(
        mp_get(mp_path(claim, "metadata.annotations"), "volume.beta.kubernetes.io/storage-class"));
    struct str own = old.n ? old : mp_str(mp_path(claim, "spec.storageClassName"));
    return !class.n || str_eq(own, class);
}

static int64_t amount_of_claim(const struct measure *m, struct mp body)
{
    int64_t milli = 0;
    if (!is_of_class(body, m->what)) return 0;
    if (m->of == MEASURE_CLAIMS) return ONE;
    quantity_milli(mp_str(mp_path(body, "spec.resources.requests.storage")), &milli);
    return milli;
}

int64_t measure_amount(const struct measure *m, struct mp body)
{
    switch (m->of) {
    case MEASURE_REQUEST:
    case MEASURE_LIMIT:
        return amount_of_live_pod(m, body);
    case MEASURE_NODE_PORTS:
    case MEASURE_LOAD_BALANCERS:
        return amount_of_service(m, body);
    case MEASURE_CLAIMS:
    case MEASURE_STORAGE:
        return amount_of_claim(m, body);
    default:
        return ONE;
    }
}

struct str measure_like(struct str name, struct str hard)
{
    bool bytes = str_ends(name, "memory") || str_ends(name, "storage") ||
                 str_starts(name, "hugepages-") || str_starts(name, "requests.hugepages-");
    bool bare = !hard.n || (hard.p[hard.n - 1] >= '0' && hard.p[hard.n - 1] <= '9');
    return bytes && bare ? STR("1Ki") : hard;
}
