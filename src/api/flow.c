#include "api/flow.h"

#include "base/map.h"
#include "base/mem.h"

const struct flow_bounds flow_bounds_usual[FLOW_CLASSES] = {
    [FLOW_READ] = {256, 128, 256, 15000},
    [FLOW_LIST] = {64, 16, 256, 15000}, /* each may hold a snapshot and its client's buffer */
    [FLOW_WRITE] = {512, 256, 256, 15000},
    [FLOW_STREAM] = {16384, 8192, 0, 0},
};

struct flow_pool {
    struct flows *flows;
    const struct flow_bounds *bounds;
    unsigned taken;
    struct map by_key;
    struct list seated, by_age;
    struct list *hungry; /* flows that wait and may take more, by the seats that they hold */
    unsigned lowest;     /* no hungry flow holds fewer */
    bool calling;
};

struct flow {
    struct flow_pool *pool;
    struct list hungry;
    struct list waiting; /* tickets, first come first */
    unsigned taken, waiting_count;
    size_t key_len;
    char key[];
};

struct flows {
    flow_call *go, *refuse;
    struct flow_pool pools[FLOW_LEVELS][FLOW_CLASSES];
};

static const struct {
    const char *prefix;
    enum flow_level level;
    bool by_namespace; /* the flow ends at the next colon */
} flow_levels[] = {
    {"system:serviceaccount:kube-system:", FLOW_SYSTEM, false},
    {"system:serviceaccount:", FLOW_WORKLOAD, true},
    {"system:node:", FLOW_SYSTEM, false},
    {"system:kube-", FLOW_SYSTEM, false},
    {"", FLOW_USERS, false},
};

struct flow_who flow_who_of(struct str user, bool masters)
{
    if (masters) return (struct flow_who){FLOW_EXEMPT, user};
    size_t i = 0;
    while (!str_starts(user, flow_levels[i].prefix)) i++;
    struct str key = user;
    size_t from = strlen(flow_levels[i].prefix);
    const char *colon =
        flow_levels[i].by_namespace ? memchr(user.p + from, ':', user.n - from) : NULL;
    if (colon) key.n = (size_t)(colon - user.p);
    return (struct flow_who){flow_levels[i].level, key};
}

static void flow_pool_init(struct flow_pool *p, struct flows *f, const struct flow_bounds *bounds)
{
    p->flows = f;
    p->bounds = bounds;
    p->lowest = bounds->each;
    p->hungry = mem_alloc(bounds->each * sizeof *p->hungry);
    for (unsigned i = 0; i < bounds->each; i++) list_init(&p->hungry[i]);
    list_init(&p->seated);
    list_init(&p->by_age);
}

struct flows *flows_new(const struct flow_bounds *bounds, flow_call *go, flow_call *refuse)
{
    struct flows *f = mem_new(struct flows);
    f->go = go;
    f->refuse = refuse;
    for (unsigned level = 0; level < FLOW_LEVELS; level++)
        for (unsigned class = 0; class < FLOW_CLASSES; class ++)
            flow_pool_init(&f->pools[level][class], f, &bounds[class]);
    return f;
}

static void flow_pool_free(struct flow_pool *p)
{
    struct flow *flow;
    for (size_t i = 0; (flow = map_next(&p->by_key, &i));) {
        for (struct list *it; (it = list_shift(&flow->waiting));)
            container_of(it, struct flow_ticket, link)->flow = NULL;
        mem_free(flow);
    }
    for (struct list *it; (it = list_shift(&p->seated));)
        container_of(it, struct flow_ticket, link)->flow = NULL;
    map_free(&p->by_key);
    mem_free(p->hungry);
}

void flows_free(struct flows *f)
{
    if (!f) return;
    for (unsigned level = 0; level < FLOW_LEVELS; level++)
        for (unsigned class = 0; class < FLOW_CLASSES; class ++)
            flow_pool_free(&f->pools[level][class]);
    mem_free(f);
}

static struct flow *flow_find(struct flow_pool *p, struct str key)
{
    struct flow *flow = map_get(&p->by_key, key.p, key.n);
    if (flow) return flow;
    flow = mem_zalloc(sizeof *flow + key.n);
    flow->pool = p;
    list_init(&flow->hungry);
    list_init(&flow->waiting);
    flow->key_len = key.n;
    memcpy(flow->key, key.p, key.n);
    map_put(&p->by_key, flow->key, flow->key_len, flow);
    return flow;
}

/* After its seats or its queue changed: where the next free seat finds it. An idle flow goes. */
static void flow_settle(struct flow *flow)
{
    struct flow_pool *p = flow->pool;
    list_remove(&flow->hungry);
    if (!flow->taken && !flow->waiting_count) {
        map_del(&p->by_key, flow->key, flow->key_len);
        mem_free(flow);
    } else if (flow->waiting_count && flow->taken < p->bounds->each) {
        list_push(&p->hungry[flow->taken], &flow->hungry);
        if (flow->taken < p->lowest) p->lowest = flow->taken;
    }
}

static void flow_seat(struct flow *flow, struct flow_ticket *t)
{
    t->flow = flow;
    t->seated = true;
    list_push(&flow->pool->seated, &t->link);
    flow->taken++;
    flow->pool->taken++;
}

static void flow_unqueue(struct flow *flow, struct flow_ticket *t)
{
    list_remove(&t->link);
    list_remove(&t->by_age);
    flow->waiting_count--;
}

static struct flow *flow_hungriest(struct flow_pool *p)
{
    while (p->lowest < p->bounds->each && list_empty(&p->hungry[p->lowest])) p->lowest++;
    if (p->lowest == p->bounds->each) return NULL;
    return container_of(p->hungry[p->lowest].next, struct flow, hungry);
}

/* Gives free seats to who waits. A call may leave or enter again: this very loop sees to it. */
static void flow_pool_serve(struct flow_pool *p)
{
    if (p->calling) return;
    p->calling = true;
    for (struct flow *flow; p->taken < p->bounds->seats && (flow = flow_hungriest(p));) {
        struct flow_ticket *t = container_of(flow->waiting.next, struct flow_ticket, link);
        flow_unqueue(flow, t);
        flow_seat(flow, t);
        flow_settle(flow);
        p->flows->go(t);
    }
    p->calling = false;
}

enum flow_verdict flow_enter(struct flows *f, const struct flow_who *who, enum flow_class class,
                             struct flow_ticket *t, uint64_t now_ms)
{
    if (who->level == FLOW_EXEMPT) return FLOW_GO;
    struct flow_pool *p = &f->pools[who->level][class];
    struct flow *flow = flow_find(p, who->key);
    enum flow_verdict verdict = FLOW_FULL;
    if (p->taken < p->bounds->seats && flow->taken < p->bounds->each && !flow->waiting_count) {
        flow_seat(flow, t);
        verdict = FLOW_GO;
    } else if (flow->waiting_count < p->bounds->waiting) {
        t->flow = flow;
        t->seated = false;
        t->since_ms = now_ms;
        list_push(&flow->waiting, &t->link);
        list_push(&p->by_age, &t->by_age);
        flow->waiting_count++;
        verdict = FLOW_WAIT;
    }
    flow_settle(flow);
    return verdict;
}

void flow_leave(struct flow_ticket *t)
{
    struct flow *flow = t->flow;
    if (!flow) return;
    struct flow_pool *p = flow->pool;
    t->flow = NULL;
    if (t->seated) {
        list_remove(&t->link);
        flow->taken--;
        p->taken--;
    } else {
        flow_unqueue(flow, t);
    }
    flow_settle(flow);
    flow_pool_serve(p);
}

void flows_tick(struct flows *f, uint64_t now_ms)
{
    for (unsigned level = 0; level < FLOW_LEVELS; level++)
        for (unsigned class = 0; class < FLOW_CLASSES; class ++) {
            struct flow_pool *p = &f->pools[level][class];
            while (!list_empty(&p->by_age)) {
                struct flow_ticket *t = container_of(p->by_age.next, struct flow_ticket, by_age);
                if (now_ms - t->since_ms < p->bounds->wait_ms) break;
                flow_leave(t);
                f->refuse(t);
            }
        }
}
