/* The row of a pod: what `kubectl get pods` says about it in one word. */
#include "proto/table_row.h"

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
static const char *const pod_fields[POD_FIELDS] = {
    "conditions",
    "containerStatuses",
    "initContainerStatuses",
    "nominatedNodeName",
    "phase",
    "podIP",
    "podIPs",
    "reason",
};

struct pod_summary {
    struct mp spec, status[POD_FIELDS];
    int64_t restarts;
    unsigned ready;
    struct buf reason; /* the word of the STATUS column */
};

static void pod_read(struct pod_summary *p, const struct object *o)
{
    p->spec = doc_path(o->body, "spec");
    for (struct mp_iter it = mp_items(doc_root(o->status)); mp_iter_next(&it);)
        for (unsigned i = 0; i < POD_FIELDS; i++)
            if (str_is(it.key, pod_fields[i])) p->status[i] = it.value;
}

static void pod_reason(struct pod_summary *p, const char *prefix, struct str reason)
{
    buf_clear(&p->reason);
    buf_puts(&p->reason, prefix);
    buf_append(&p->reason, reason.p, reason.n);
}

/* How a container ended: its reason, or the signal or the exit code. */
static void pod_ended(struct pod_summary *p, const char *prefix, struct mp terminated)
{
    struct str reason = mp_str(mp_get(terminated, "reason"));
    int64_t signal = mp_i64(mp_get(terminated, "signal"), 0);
    pod_reason(p, prefix, reason);
    if (reason.n) return;
    if (signal)
        buf_printf(&p->reason, "Signal:%lld", (long long)signal);
    else
        buf_printf(&p->reason, "ExitCode:%lld",
                   (long long)mp_i64(mp_get(terminated, "exitCode"), 0));
}

/* The first init container that is not done tells what the pod waits for; false: all are done. */
static bool pod_initializing(struct pod_summary *p)
{
    struct mp wanted = mp_get(p->spec, "initContainers");
    unsigned i = 0;
    struct mp_iter it = mp_items(p->status[POD_INIT_CONTAINERS]);
    for (; mp_iter_next(&it); i++) {
        struct mp ended = mp_path(it.value, "state.terminated");
        struct str waits = mp_str(mp_path(it.value, "state.waiting.reason"));
        p->restarts += mp_i64(mp_get(it.value, "restartCount"), 0);
        if (ended.type == MP_MAP && mp_i64(mp_get(ended, "exitCode"), 0) == 0) continue;
        if (ended.type == MP_MAP) {
            pod_ended(p, "Init:", ended);
        } else if (waits.n && !str_is(waits, "PodInitializing")) {
            pod_reason(p, "Init:", waits);
        } else {
            buf_clear(&p->reason);
            buf_printf(&p->reason, "Init:%u/%u", i, wanted.type == MP_ARRAY ? wanted.count : 0);
        }
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
        struct mp state = mp_get(it.value, "state"), ended = mp_get(state, "terminated");
        struct str waits = mp_str(mp_path(state, "waiting.reason"));
        p->restarts += mp_i64(mp_get(it.value, "restartCount"), 0);
        if (waits.n || ended.type == MP_MAP) {
            if (!said && waits.n)
                pod_reason(p, "", waits);
            else if (!said)
                pod_ended(p, "", ended);
            said = true;
        } else if (mp_bool(mp_get(it.value, "ready"), false) &&
                   mp_get(state, "running").type == MP_MAP) {
            running = true;
            p->ready++;
        }
    }
    if (!running || strcmp(p->reason.data, "Completed") != 0) return;
    pod_reason(p, "", pod_condition(p, STR("Ready")) ? STR("Running") : STR("NotReady"));
}

static void pod_wide(struct table_row *r, const struct pod_summary *p)
{
    struct mp ip = mp_get(mp_at(p->status[POD_IPS], 0), "ip");
    table_cell_or(r, ip.type == MP_STR ? ip : p->status[POD_IP], "<none>");
    table_cell_z(r, r->o->node ? r->o->node : "<none>");
    table_cell_or(r, p->status[POD_NOMINATED], "<none>");
    struct mp gates = mp_get(p->spec, "readinessGates");
    unsigned passed = 0;
    for (struct mp_iter it = mp_items(gates); mp_iter_next(&it);)
        passed += pod_condition(p, mp_str(mp_get(it.value, "conditionType")));
    struct buf text buf_auto = BUF_INIT;
    if (gates.type == MP_ARRAY && gates.count) buf_printf(&text, "%u/%u", passed, gates.count);
    table_cell_buf(r, &text, "<none>");
}

void table_cells_pod(struct table_row *r)
{
    struct pod_summary p = {0};
    pod_read(&p, r->o);
    struct mp why = p.status[POD_REASON], containers = mp_get(p.spec, "containers");
    pod_reason(&p, "", mp_str(mp_str(why).n ? why : p.status[POD_PHASE]));
    if (!p.reason.len) pod_reason(&p, "", STR("Pending"));
    if (!pod_initializing(&p)) pod_containers(&p);
    if (r->o->deleted_s)
        pod_reason(&p, "", mp_is(why, "NodeLost") ? STR("Unknown") : STR("Terminating"));

    struct buf ready buf_auto = BUF_INIT;
    buf_printf(&ready, "%u/%u", p.ready, containers.type == MP_ARRAY ? containers.count : 0);
    table_cell(r, object_name(r->o));
    table_cell_buf(r, &ready, "");
    table_cell_buf(r, &p.reason, "");
    table_cell_int(r, p.restarts);
    table_cell_age(r);
    pod_wide(r, &p);
    buf_free(&p.reason);
}
