/* The row of a pod: what `kubectl get pods` says about it in one word. Lists of pods are the
 * longest ones: everything is looked at once, and nothing is allocated. */
#include "proto/table_row.h"
#include "proto/table_walk.h"

#include <stdio.h>

/* What is looked at of a status, found in one pass over it. */
enum {
    POD_CONDITIONS,
    POD_CONTAINERS,
    POD_INIT_CONTAINERS,
    POD_NOMINATED,
    POD_PHASE,
    POD_IP,
    POD_IPS,
    POD_REASON,
    POD_FIELDS
};
#define FIELD(name)                                                                                \
    {                                                                                              \
        name, sizeof(name) - 1                                                                     \
    }
static const struct str pod_fields[POD_FIELDS] = {
    FIELD("conditions"),
    FIELD("containerStatuses"),
    FIELD("initContainerStatuses"),
    FIELD("nominatedNodeName"),
    FIELD("phase"),
    FIELD("podIP"),
    FIELD("podIPs"),
    FIELD("reason"),
};

struct pod_summary {
    struct mp status[POD_FIELDS];
    int64_t restarts;
    unsigned ready;
    struct str prefix, reason; /* the word of the STATUS column */
    char number[32];           /* what `reason` may point to */
};

static void pod_read_status(struct pod_summary *p, const struct doc *status)
{
    if (!status) return;
    struct table_walk w = table_walk_of(status->bytes, status->len);
    for (struct str key; table_walk_key(&w, &key);) {
        unsigned i = 0;
        while (i < POD_FIELDS && !str_eq(key, pod_fields[i])) i++;
        if (i < POD_FIELDS)
            p->status[i] = table_walk_value(&w);
        else
            table_walk_past(&w);
    }
}

static uint32_t pod_count(struct mp list)
{
    return list.type == MP_ARRAY ? list.count : 0;
}

static void pod_read_body(struct table *t, const struct doc *body)
{
    if (t->pod_body == body) return;
    t->pod_body = body;
    t->pod_containers = t->pod_inits = 0;
    t->pod_gates = (struct mp){0};
    for (struct mp_iter it = mp_items(doc_path(body, "spec")); mp_iter_next(&it);) {
        if (str_is(it.key, "containers"))
            t->pod_containers = pod_count(it.value);
        else if (str_is(it.key, "initContainers"))
            t->pod_inits = pod_count(it.value);
        else if (str_is(it.key, "readinessGates"))
            t->pod_gates = it.value;
    }
}

struct pod_container {
    struct mp ended; /* state.terminated */
    struct str waits;
    int64_t restarts;
    bool ready, running;
};

static void pod_read_state(struct mp state, struct pod_container *c)
{
    struct table_walk w = table_walk_of(state.raw.p, state.raw.n);
    for (struct str key; table_walk_key(&w, &key);) {
        struct mp v = table_walk_value(&w);
        if (str_is(key, "running"))
            c->running = v.type == MP_MAP;
        else if (str_is(key, "terminated"))
            c->ended = v;
        else if (str_is(key, "waiting"))
            c->waits = mp_str(mp_get(v, "reason"));
    }
}

static struct pod_container pod_read_container(struct mp status)
{
    struct pod_container c = {0};
    struct table_walk w = table_walk_of(status.raw.p, status.raw.n);
    for (struct str key; table_walk_key(&w, &key);) {
        if (str_is(key, "state"))
            pod_read_state(table_walk_value(&w), &c);
        else if (str_is(key, "ready"))
            c.ready = mp_bool(table_walk_value(&w), false);
        else if (str_is(key, "restartCount"))
            c.restarts = mp_i64(table_walk_value(&w), 0);
        else
            table_walk_past(&w);
    }
    return c;
}

static void pod_reason(struct pod_summary *p, struct str prefix, struct str reason)
{
    p->prefix = prefix;
    p->reason = reason;
}

static void pod_reason_number(struct pod_summary *p, struct str prefix, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(p->number, sizeof p->number, format, args);
    va_end(args);
    pod_reason(p, prefix, str_of(p->number));
}

/* How a container ended: its reason, or the signal or the exit code. */
static void pod_ended(struct pod_summary *p, struct str prefix, struct mp terminated)
{
    struct str reason = mp_str(mp_get(terminated, "reason"));
    int64_t signal = mp_i64(mp_get(terminated, "signal"), 0);
    int64_t code = mp_i64(mp_get(terminated, "exitCode"), 0);
    if (reason.n)
        pod_reason(p, prefix, reason);
    else if (signal)
        pod_reason_number(p, prefix, "Signal:%lld", (long long)signal);
    else
        pod_reason_number(p, prefix, "ExitCode:%lld", (long long)code);
}

/* The first init container that is not done tells what the pod waits for; false: all are done. */
static bool pod_initializing(struct pod_summary *p, unsigned wanted)
{
    unsigned i = 0;
    struct mp_iter it = mp_items(p->status[POD_INIT_CONTAINERS]);
    for (; mp_iter_next(&it); i++) {
        struct pod_container c = pod_read_container(it.value);
        p->restarts += c.restarts;
        if (c.ended.type == MP_MAP && mp_i64(mp_get(c.ended, "exitCode"), 0) == 0) continue;
        if (c.ended.type == MP_MAP)
            pod_ended(p, STR("Init:"), c.ended);
        else if (c.waits.n && !str_is(c.waits, "PodInitializing"))
            pod_reason(p, STR("Init:"), c.waits);
        else
            pod_reason_number(p, STR("Init:"), "%u/%u", i, wanted);
        return true;
    }
    return false;
}

static bool pod_condition(const struct pod_summary *p, struct str type)
{
    struct mp_iter it = mp_items(p->status[POD_CONDITIONS]);
    while (mp_iter_next(&it))
        if (str_eq(mp_str(mp_get(it.value, "type")), type))
            return mp_is(mp_get(it.value, "status"), "True");
    return false;
}

/* The first container with something to say speaks for the pod. */
static void pod_containers(struct pod_summary *p)
{
    bool said = false, running = false;
    p->restarts = 0;
    struct mp_iter it = mp_items(p->status[POD_CONTAINERS]);
    while (mp_iter_next(&it)) {
        struct pod_container c = pod_read_container(it.value);
        p->restarts += c.restarts;
        if (c.waits.n || c.ended.type == MP_MAP) {
            if (!said && c.waits.n)
                pod_reason(p, (struct str){0}, c.waits);
            else if (!said)
                pod_ended(p, (struct str){0}, c.ended);
            said = true;
        } else if (c.ready && c.running) {
            running = true;
            p->ready++;
        }
    }
    if (!running || p->prefix.n || !str_is(p->reason, "Completed")) return;
    p->reason = pod_condition(p, STR("Ready")) ? STR("Running") : STR("NotReady");
}

static void pod_summarize(struct pod_summary *p, const struct table_row *r)
{
    pod_read_body(r->table, r->o->body);
    pod_read_status(p, r->o->status);
    struct mp why = p->status[POD_REASON];
    p->reason = mp_str(mp_str(why).n ? why : p->status[POD_PHASE]);
    if (!p->reason.n) p->reason = STR("Pending");
    if (!pod_initializing(p, r->table->pod_inits)) pod_containers(p);
    if (r->o->deleted_s)
        pod_reason(p, (struct str){0},
                   mp_is(why, "NodeLost") ? STR("Unknown") : STR("Terminating"));
}

static void pod_cell_reason(struct table_row *r, const struct pod_summary *p)
{
    struct buf text buf_auto = BUF_INIT;
    if (!p->prefix.n) {
        table_cell(r, p->reason);
        return;
    }
    buf_append(&text, p->prefix.p, p->prefix.n);
    buf_append(&text, p->reason.p, p->reason.n);
    table_cell_buf(r, &text, "");
}

static void pod_wide(struct table_row *r, const struct pod_summary *p)
{
    struct mp ip = mp_get(mp_at(p->status[POD_IPS], 0), "ip"), gates = r->table->pod_gates;
    table_cell_or(r, ip.type == MP_STR ? ip : p->status[POD_IP], "<none>");
    table_cell_z(r, r->o->node ? r->o->node : "<none>");
    table_cell_or(r, p->status[POD_NOMINATED], "<none>");
    unsigned passed = 0;
    for (struct mp_iter it = mp_items(gates); mp_iter_next(&it);)
        passed += pod_condition(p, mp_str(mp_get(it.value, "conditionType")));
    if (pod_count(gates))
        table_cell_of(r, passed, gates.count);
    else
        table_cell_z(r, "<none>");
}

void table_cells_pod(struct table_row *r)
{
    struct pod_summary p = {0};
    pod_summarize(&p, r);
    table_cell(r, object_name(r->o));
    table_cell_of(r, p.ready, r->table->pod_containers);
    pod_cell_reason(r, &p);
    table_cell_int(r, p.restarts);
    table_cell_age(r);
    pod_wide(r, &p);
}
