/* What a set tells about itself. */
#include "actors/behavior.h"
#include "actors/controllers/acting.h"
#include "actors/controllers/replica_sets.h"
#include "proto/timefmt.h"

/* Pods that have been ready for minReadySeconds; looks again when the next of them will have been.
 * The API defines it between a logged time and the present one, hence the wall clock. */
static uint32_t count_available(struct replica_set *s)
{
    struct replica_controller *c = s->controller;
    int64_t min_s = mp_i64(doc_path(s->object->body, "spec.minReadySeconds"), 0);
    if (min_s <= 0) return s->ready;
    int64_t now_s = acting_wall_s(c->system), soonest_s = INT64_MAX;
    uint32_t available = 0;
    struct object *pod;
    for (size_t i = 0; (pod = map_next(&s->pods, &i));) {
        int64_t since_us;
        struct mp ready = status_condition(pod->status, "Ready");
        if (!mp_is(mp_get(ready, "status"), "True") ||
            !replica_pod_active(pod, mp_str(doc_path(pod->status, "phase"))) ||
            !time_parse(mp_str(mp_get(ready, "lastTransitionTime")), &since_us))
            continue;
        int64_t left_s = since_us / 1000000 + min_s - now_s;
        if (left_s <= 0)
            available++;
        else if (left_s < soonest_s)
            soonest_s = left_s;
    }
    if (soonest_s != INT64_MAX)
        agenda_at(&c->agenda, &s->agenda, c->now_ms + (uint64_t)soonest_s * 1000);
    return available;
}

static void put_count(struct buf *b, uint32_t *pairs, const char *key, uint32_t n)
{
    if (!n && strcmp(key, "replicas") != 0) return;
    mp_put_z(b, key);
    mp_put_int(b, n);
    ++*pairs;
}

/* The conditions as they were, but for ReplicaFailure: it is there while pods cannot be made, with
 * the first reason that was met. */
static uint32_t put_conditions(const struct replica_set *s, struct buf *b)
{
    uint32_t count = 0;
    bool told = false;
    struct mp conditions = doc_path(s->object->status, "conditions");
    size_t mark = mp_begin(b);
    for (struct mp_iter it = mp_items(conditions); mp_iter_next(&it);) {
        bool failure = mp_is(mp_get(it.value, "type"), "ReplicaFailure");
        if (failure && s->tried && !s->failure) continue;
        told |= failure;
        mp_put(b, it.value);
        count++;
    }
    if (s->failure && !told) {
        char now[TIME_TEXT];
        time_format_s(acting_wall_s(s->controller->system), now);
        const char *const fields[][2] = {{"type", "ReplicaFailure"},
                                         {"status", "True"},
                                         {"lastTransitionTime", now},
                                         {"reason", "FailedCreate"},
                                         {"message", s->failure}};
        mp_put_map(b, 5);
        for (unsigned i = 0; i < 5; i++) {
            mp_put_z(b, fields[i][0]);
            mp_put_z(b, fields[i][1]);
        }
        count++;
    }
    mp_end_array(b, mark, count);
    return count;
}

static struct doc *status_now(struct replica_set *s)
{
    buf_auto struct buf b = BUF_INIT;
    uint32_t pairs = 0;
    size_t mark = mp_begin(&b);
    put_count(&b, &pairs, "replicas", s->active);
    put_count(&b, &pairs, "fullyLabeledReplicas", s->labeled);
    put_count(&b, &pairs, "readyReplicas", s->ready);
    put_count(&b, &pairs, "availableReplicas", count_available(s));
    mp_put_z(&b, "observedGeneration");
    mp_put_int(&b, s->object->generation);
    pairs++;
    buf_auto struct buf conditions = BUF_INIT;
    if (put_conditions(s, &conditions)) {
        mp_put_z(&b, "conditions");
        mp_put_raw(&b, (struct str){conditions.data, conditions.len});
        pairs++;
    }
    mp_end_map(&b, mark, pairs);
    return doc_from_buf(&b);
}

static void status_done(struct command *command, const struct result *r)
{
    struct replica_set *s = command->data;
    struct replica_controller *c = s->controller;
    s->status_flying = false;
    if (s->object)
        agenda_at(&c->agenda, &s->agenda, r->http < 400 ? s->status_at_ms : c->now_ms + 1000);
    replica_set_release(s);
}

void replica_status(struct replica_set *s)
{
    struct replica_controller *c = s->controller;
    if (s->status_flying) return;
    struct doc *status = status_now(s);
    if (mp_same(doc_root(status), doc_root(s->object->status))) {
        doc_unref(status);
    } else if (c->now_ms < s->status_at_ms) {
        agenda_at(&c->agenda, &s->agenda, s->status_at_ms);
        doc_unref(status);
    } else {
        struct command *command = acting_on(COMMAND_STATUS, s->object, replica_who(s), s->cause);
        command->status = status;
        command->done = status_done;
        command->data = s;
        s->status_flying = true;
        s->status_at_ms = c->now_ms + c->times.status_every_ms;
        system_send(c->system, command);
    }
}
