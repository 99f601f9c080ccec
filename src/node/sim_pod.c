#include "node/sim_internal.h"

#include "node/put.h"

#include <stdlib.h>
#include <time.h>

static uint32_t sim_slots(const struct sim_node *node)
{
    return node->sim->options.pods * 2;
}

/* A free address of the node's own range; when there is none, one that is in use. */
static uint32_t slot_take(struct sim_node *node)
{
    uint32_t count = sim_slots(node);
    for (uint32_t i = 0; i < count; i++) {
        if (node->slots[i / 64] & 1ULL << i % 64) continue;
        node->slots[i / 64] |= 1ULL << i % 64;
        return i;
    }
    return 0;
}

static void slot_give(struct sim_node *node, uint32_t slot)
{
    node->slots[slot / 64] &= ~(1ULL << slot % 64);
}

static void address_of(const struct sim_pod *pod, char out[16])
{
    uint32_t n =
        10U << 24 | ((pod->node->number * sim_slots(pod->node) + pod->slot + 1) & 0xffffff);
    snprintf(out, 16, "%u.%u.%u.%u", n >> 24, n >> 16 & 255, n >> 8 & 255, n & 255);
}

static void put_condition(struct put *list, const char *type, int64_t since_s)
{
    struct put c = put_item(list);
    put_time(&c, "lastTransitionTime", since_s);
    put_text(&c, "status", "True");
    put_text(&c, "type", type);
    put_end_map(&c);
}

static void put_containers(const struct sim_pod *pod, struct put *status)
{
    struct put list = put_map(status, "containerStatuses");
    for (struct mp_iter it = mp_items(doc_path(pod->body, "spec.containers")); mp_iter_next(&it);) {
        struct put c = put_item(&list);
        put_str(&c, "image", mp_str(mp_get(it.value, "image")));
        put_text(&c, "imageID", "");
        put_str(&c, "name", mp_str(mp_get(it.value, "name")));
        put_bool(&c, "ready", true);
        put_int(&c, "restartCount", 0);
        put_bool(&c, "started", true);
        struct put state = put_map(&c, "state");
        struct put running = put_map(&state, "running");
        put_time(&running, "startedAt", pod->started_s);
        put_end_map(&running);
        put_end_map(&state);
        put_end_map(&c);
    }
    put_end_array(&list);
}

static void put_running(const struct sim_pod *pod, struct buf *out)
{
    char ip[16], host_ip[16];
    address_of(pod, ip);
    sim_node_address(pod->node, host_ip);
    struct put status = put_begin(out);
    struct put conditions = put_map(&status, "conditions");
    put_condition(&conditions, "Ready", pod->started_s);
    if (pod->scheduled) {
        mp_put(out, doc_root(pod->scheduled));
        conditions.count++;
    } else {
        put_condition(&conditions, "PodScheduled", pod->started_s);
    }
    put_end_array(&conditions);
    put_containers(pod, &status);
    put_text(&status, "hostIP", host_ip);
    put_text(&status, "phase", "Running");
    put_text(&status, "podIP", ip);
    struct put ips = put_map(&status, "podIPs");
    struct put one = put_item(&ips);
    put_text(&one, "ip", ip);
    put_end_map(&one);
    put_end_array(&ips);
    put_time(&status, "startTime", pod->started_s);
    put_end_map(&status);
}

static void sim_pod_say(struct sim_pod *pod)
{
    struct nodewire m = {
        .type = pod->state == SIM_GONE ? NODEWIRE_POD_GONE : NODEWIRE_POD_STATUS,
        .ns = istr_str(pod->ns),
        .name = str_of(pod->name),
        .uid = pod->uid,
        .revision = pod->revision,
    };
    struct buf buf_auto status = BUF_INIT;
    if (pod->state == SIM_RUNNING) {
        put_running(pod, &status);
        m.status = (struct str){status.data, status.len};
    } else if (pod->state != SIM_GONE) {
        return;
    }
    master_link_say(&pod->node->link, &m);
}

/* --- time --- */

static void sim_pod_arrived(struct sim_pod *pod)
{
    if (pod->state == SIM_STARTING) {
        if (!pod->started_s) sim_tell(pod, "Started", "Started");
        pod->state = SIM_RUNNING;
        pod->started_s = (int64_t)time(NULL);
    } else if (pod->state == SIM_STOPPING) {
        pod->state = SIM_GONE;
    }
    sim_pod_say(pod);
}

static void sim_pod_wait(struct sim_pod *pod, enum sim_state state, unsigned ms)
{
    struct sim *sim = pod->node->sim;
    struct sim_wheel *w = &sim->wheel;
    if (!list_empty(&pod->waiting)) w->waiting--;
    list_remove(&pod->waiting);
    pod->state = state;
    if (ms == 0) {
        sim_pod_arrived(pod);
        return;
    }
    if (w->waiting == 0) w->tick = uv_now(&sim->loop) / SIM_TICK_MS;
    pod->due = w->tick + (ms + SIM_TICK_MS - 1) / SIM_TICK_MS;
    list_push(&w->buckets[pod->due % SIM_WHEEL], &pod->waiting);
    w->waiting++;
}

void sim_wheel_turn(struct sim *sim, uint64_t now_ms)
{
    struct sim_wheel *w = &sim->wheel;
    uint64_t now = now_ms / SIM_TICK_MS;
    while (w->waiting && w->tick < now) {
        w->tick++;
        list_each_safe(it, &w->buckets[w->tick % SIM_WHEEL])
        {
            struct sim_pod *pod = container_of(it, struct sim_pod, waiting);
            if (pod->due > w->tick) continue;
            list_remove(&pod->waiting);
            w->waiting--;
            sim_pod_arrived(pod);
        }
    }
}

/* --- what the masters say --- */

static struct doc *sim_share(struct sim *sim, struct str raw)
{
    return raw.n ? docs_intern(&sim->docs, doc_new(raw.p, raw.n)) : NULL;
}

/* Pods of one template come one after the other. */
static struct doc *sim_body(struct sim *sim, struct str raw)
{
    const struct doc *last = sim->last_body;
    if (last && last->len == raw.n && memcmp(last->bytes, raw.p, raw.n) == 0)
        return doc_ref(sim->last_body);
    doc_unref(sim->last_body);
    sim->last_body = sim_share(sim, raw);
    return doc_ref(sim->last_body);
}

static struct doc *sim_scheduled(struct sim *sim, struct mp status)
{
    for (struct mp_iter it = mp_items(mp_get(status, "conditions")); mp_iter_next(&it);) {
        if (mp_is(mp_get(it.value, "type"), "PodScheduled")) return sim_share(sim, it.value.raw);
    }
    return NULL;
}

static struct sim_pod *sim_pod_find(struct sim_node *node, const struct uid *uid)
{
    return map_get(&node->pods, uid->bytes, sizeof uid->bytes);
}

static struct sim_pod *sim_pod_new(struct sim_node *node, const struct nodewire *m)
{
    struct sim_pod *pod = mem_new(struct sim_pod);
    list_init(&pod->waiting);
    pod->node = node;
    pod->uid = m->uid;
    pod->ns = istr_get(m->ns);
    pod->name = mem_strndup(m->name.p, m->name.n);
    pod->slot = slot_take(node);
    map_put(&node->pods, pod->uid.bytes, sizeof pod->uid.bytes, pod);
    return pod;
}

static void sim_pod_free(struct sim_pod *pod)
{
    struct sim_node *node = pod->node;
    if (!list_empty(&pod->waiting)) node->sim->wheel.waiting--;
    list_remove(&pod->waiting);
    slot_give(node, pod->slot);
    map_del(&node->pods, pod->uid.bytes, sizeof pod->uid.bytes);
    doc_unref(pod->body);
    if (pod->scheduled) doc_unref(pod->scheduled);
    mem_free(pod->name);
    mem_free(pod);
}

static unsigned sim_start_delay(const struct simnodes_options *o)
{
    unsigned jitter = o->start_jitter_ms ? (unsigned)rand() % o->start_jitter_ms : 0; // NOLINT
    return o->start_ms + jitter;
}

void sim_pod_told(struct sim_node *node, const struct nodewire *m)
{
    const struct simnodes_options *o = &node->sim->options;
    struct mp status = mp_read(m->status.p, m->status.n), phase = mp_get(status, "phase");
    struct sim_pod *pod = sim_pod_find(node, &m->uid);
    bool fresh = pod == NULL;
    if (fresh) pod = sim_pod_new(node, m);
    struct doc *body = sim_body(node->sim, m->body), *scheduled = sim_scheduled(node->sim, status);
    doc_unref(pod->body);
    doc_unref(pod->scheduled);
    pod->body = body;
    pod->scheduled = scheduled;
    pod->revision = m->revision;
    bool anew = pod->sync != node->sync;
    pod->sync = node->sync;
    if (m->deleted_s != 0) {
        if (pod->state != SIM_STOPPING && pod->state != SIM_GONE) {
            if (pod->state == SIM_RUNNING) sim_tell(pod, "Killing", "Stopping");
            sim_pod_wait(pod, SIM_STOPPING, o->stop_ms);
        } else if (pod->state == SIM_GONE) {
            sim_pod_say(pod);
        }
    } else if (mp_is(phase, "Succeeded") || mp_is(phase, "Failed")) {
        pod->state = SIM_ENDED;
    } else if (fresh && mp_is(phase, "Running")) {
        pod->started_s = (int64_t)time(NULL); /* of a process before this one: it keeps running */
        sim_pod_wait(pod, SIM_STARTING, 0);
    } else if (fresh) {
        sim_pod_wait(pod, SIM_STARTING, sim_start_delay(o));
    } else if (pod->state == SIM_RUNNING && (anew || !mp_is(phase, "Running"))) {
        struct buf buf_auto own = BUF_INIT;
        put_running(pod, &own);
        if (!mp_same(mp_read(own.data, own.len), status)) sim_pod_say(pod);
    }
}

void sim_pod_removed(struct sim_node *node, const struct uid *uid)
{
    struct sim_pod *pod = sim_pod_find(node, uid);
    if (pod) sim_pod_free(pod);
}

void sim_pod_again(struct sim_node *node, const struct uid *uid)
{
    struct sim_pod *pod = sim_pod_find(node, uid);
    if (pod) sim_pod_say(pod);
}

void sim_pods_synced(struct sim_node *node)
{
    struct sim_pod *pod;
    for (size_t i = 0; (pod = map_next(&node->pods, &i));) {
        if (pod->sync != node->sync) sim_pod_free(pod);
    }
    docs_sweep(&node->sim->docs, 64);
}

void sim_pods_free(struct sim_node *node)
{
    struct sim_pod *pod;
    for (size_t i = 0; (pod = map_next(&node->pods, &i));) sim_pod_free(pod);
    map_free(&node->pods);
}
