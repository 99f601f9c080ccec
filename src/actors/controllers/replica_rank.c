/* Who goes first when a set has too many pods: those that would be missed least, in Kubernetes'
 * order. */
#include "actors/controllers/replica_sets.h"

#include "actors/behavior.h"
#include "base/mem.h"
#include "proto/timefmt.h"

bool replica_pod_ready(const struct object *pod)
{
    return mp_is(mp_get(status_condition(pod->status, "Ready"), "status"), "True");
}

struct ranked {
    struct object *pod;
    bool assigned, ready;
    int phase;           /* Pending, Unknown, Running */
    uint32_t neighbours; /* of this set on the same node */
    int64_t ready_us, restarts;
};

static int by_size(int64_t a, int64_t b)
{
    return a < b ? -1 : a > b;
}

/* Negative: a goes before b. */
static int ranked_compare(const void *left, const void *right)
{
    const struct ranked *a = left, *b = right;
    int order = by_size(a->assigned, b->assigned);
    if (!order) order = by_size(a->phase, b->phase);
    if (!order) order = by_size(a->ready, b->ready);
    if (!order) order = by_size(b->neighbours, a->neighbours);
    if (!order) order = by_size(b->ready_us, a->ready_us);
    if (!order) order = by_size(b->restarts, a->restarts);
    if (!order) order = by_size(b->pod->id->created_s, a->pod->id->created_s);
    if (!order) order = a->pod->id->created_revision < b->pod->id->created_revision ? 1 : -1;
    return a->pod == b->pod ? 0 : order;
}

static int phase_rank(struct str phase)
{
    return str_is(phase, "Running") ? 2 : str_is(phase, "Unknown") ? 1 : 0;
}

static int64_t restarts_of(const struct object *pod)
{
    int64_t most = 0;
    struct mp list = doc_path(pod->status, "containerStatuses");
    for (struct mp_iter it = mp_items(list); mp_iter_next(&it);) {
        int64_t n = mp_i64(mp_get(it.value, "restartCount"), 0);
        if (n > most) most = n;
    }
    return most;
}

static struct ranked ranked_of(struct object *pod)
{
    struct ranked r = {.pod = pod, .assigned = pod->node != NULL};
    struct mp ready = status_condition(pod->status, "Ready");
    r.ready = mp_is(mp_get(ready, "status"), "True");
    if (r.ready) time_parse(mp_str(mp_get(ready, "lastTransitionTime")), &r.ready_us);
    r.phase = phase_rank(mp_str(doc_path(pod->status, "phase")));
    r.restarts = restarts_of(pod);
    return r;
}

/* Counts by node in a first pass, hands the counts out in a second. */
static void count_neighbours(struct ranked *all, size_t n)
{
    struct map by_node = {0};
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < n; i++) {
            istr *node = &all[i].pod->node;
            if (!*node) continue;
            uintptr_t count = (uintptr_t)map_get(&by_node, node, sizeof *node);
            if (pass)
                all[i].neighbours = (uint32_t)count;
            else
                map_put(&by_node, node, sizeof *node,
                        (void *)(count + 1)); // NOLINT(performance-no-int-to-ptr)
        }
    }
    map_free(&by_node);
}

size_t replica_rank(const struct replica_set *s, struct uid *out, size_t max)
{
    mem_auto struct ranked *all = mem_alloc((s->pods.count + 1) * sizeof *all);
    size_t n = 0;
    struct object *pod;
    for (size_t i = 0; (pod = map_next(&s->pods, &i));)
        if (replica_pod_active(pod, mp_str(doc_path(pod->status, "phase"))))
            all[n++] = ranked_of(pod);
    count_neighbours(all, n);
    qsort(all, n, sizeof *all, ranked_compare);
    size_t count = 0;
    for (size_t i = 0; i < n && count < max; i++)
        if (!replica_busy(s->controller, all[i].pod)) out[count++] = all[i].pod->id->uid;
    return count;
}
