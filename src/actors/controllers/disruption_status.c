/* What a budget tells: how many of its pods may go now. */
#include "actors/controllers/acting.h"
#include "actors/controllers/disruption.h"
#include "base/mem.h"
#include "proto/timefmt.h"

/* An eviction that was granted and whose pod is still there after it was not carried out. */
enum { GRANT_S = 120, RETRY_MS = 1000 };

struct budget_sums {
    int64_t expected, desired, healthy, allowed;
};

/* A number, or a percentage of `of`, rounded up. */
static int64_t amount(struct mp v, int64_t of)
{
    if (v.type != MP_STR) return mp_i64(v, 0);
    uint64_t percent = 0;
    struct str digits = v.s;
    if (digits.n && digits.p[digits.n - 1] == '%') digits.n--;
    if (!str_to_u64(digits, &percent) || percent > 1000) return of; /* none such is let in */
    return ((int64_t)percent * of + 99) / 100;
}

static bool budget_want(const struct budget *b, struct budget_sums *out, const char **why)
{
    struct mp least = doc_path(b->object->body, "spec.minAvailable"),
              most = doc_path(b->object->body, "spec.maxUnavailable");
    *out = (struct budget_sums){0};
    if (most.type != MP_END || least.type == MP_STR) {
        if (!budget_scale(b, &out->expected, why)) return false;
    } else if (least.type != MP_END) {
        out->expected = (int64_t)b->pods.count;
    }
    if (most.type != MP_END)
        out->desired = out->expected - amount(most, out->expected);
    else
        out->desired = amount(least, out->expected);
    if (out->desired < 0) out->desired = 0;
    return true;
}

/* The evictions that were granted and are still to come; each takes a pod off the healthy ones. */
static uint32_t put_granted(struct budget *b, struct buf *out, int64_t *healthy)
{
    struct disruption *c = b->controller;
    uint32_t count = 0;
    size_t mark = mp_begin(out);
    struct mp granted = doc_path(b->object->status, "disruptedPods");
    for (struct mp_iter it = mp_items(granted); mp_iter_next(&it);) {
        int64_t at_us = 0;
        const struct object *pod = world_get(c->world, kind_pod, b->ns, it.key);
        if (!pod || pod->deleted_s || !map_get(&b->pods, &pod->id->uid, sizeof pod->id->uid))
            continue;
        /* The API defines it between a logged time and the present one, hence the wall clock. */
        if (!time_parse(mp_str(it.value), &at_us)) continue;
        int64_t left_s = at_us / 1000000 + GRANT_S - acting_wall_s(c->system);
        if (left_s <= 0) {
            recorder_tell(c->recorder, pod, "Warning", "NotDeleted",
                          "Pod was expected by PDB %s/%s to be deleted but it wasn't", b->ns,
                          b->object->id->name);
            continue;
        }
        agenda_at(&c->agenda, &b->agenda, c->now_ms + (uint64_t)left_s * 1000);
        mp_put_str(out, it.key);
        mp_put(out, it.value);
        if (budget_pod_healthy(pod)) --*healthy;
        count++;
    }
    mp_end_map(out, mark, count);
    return count;
}

static void put_count(struct buf *b, const char *key, int64_t n)
{
    mp_put_z(b, key);
    mp_put_int(b, n);
}

static struct doc *status_of(struct budget *b, struct budget_sums *sums)
{
    buf_auto struct buf out = BUF_INIT, granted = BUF_INIT;
    sums->healthy = b->healthy;
    b->puzzled = false;
    uint32_t count = put_granted(b, &granted, &sums->healthy);
    sums->allowed = sums->healthy - sums->desired;
    if (sums->expected <= 0 || sums->allowed < 0) sums->allowed = 0;
    mp_put_map(&out, count ? 6 : 5);
    put_count(&out, "currentHealthy", sums->healthy);
    put_count(&out, "desiredHealthy", sums->desired);
    if (count) {
        mp_put_z(&out, "disruptedPods");
        mp_put_raw(&out, (struct str){granted.data, granted.len});
    }
    put_count(&out, "disruptionsAllowed", sums->allowed);
    put_count(&out, "expectedPods", sums->expected);
    put_count(&out, "observedGeneration", b->object->generation);
    return doc_from_buf(&out);
}

/* When nobody knows how many pods there should be, none may go. */
static struct doc *status_unknown(struct budget *b, const char *why)
{
    buf_auto struct buf out = BUF_INIT;
    struct mp old = doc_root(b->object->status);
    uint32_t pairs = 1;
    if (!b->puzzled)
        recorder_tell(b->controller->recorder, b->object, "Warning",
                      "CalculateExpectedPodCountFailed",
                      "Failed to calculate the number of expected pods: %s", why);
    b->puzzled = true;
    size_t mark = mp_begin(&out);
    put_count(&out, "disruptionsAllowed", 0);
    for (struct mp_iter it = mp_items(old); mp_iter_next(&it);) {
        if (str_is(it.key, "disruptionsAllowed")) continue;
        mp_put_str(&out, it.key);
        mp_put(&out, it.value);
        pairs++;
    }
    mp_end_map(&out, mark, pairs);
    return doc_from_buf(&out);
}

static void status_done(struct command *command, const struct result *r)
{
    struct budget *b = command->data;
    struct disruption *c = b->controller;
    b->flying = false;
    bool overtaken = r->http == 409;
    if (b->object)
        agenda_at(&c->agenda, &b->agenda,
                  r->http < 400 || overtaken ? b->status_at_ms : c->now_ms + RETRY_MS);
    budget_release(b);
}

/* On condition that the budget is as we know it: an eviction may be counting it down. */
void budget_tell(struct budget *b)
{
    struct disruption *c = b->controller;
    struct budget_sums sums;
    const char *why = NULL;
    if (b->flying) return; /* the answer makes us look again */
    if (c->now_ms < b->status_at_ms) {
        agenda_at(&c->agenda, &b->agenda, b->status_at_ms);
        return;
    }
    struct doc *status = budget_want(b, &sums, &why) ? status_of(b, &sums) : status_unknown(b, why);
    if (mp_same(doc_root(status), doc_root(b->object->status))) {
        doc_unref(status);
        return;
    }
    struct command *command = acting_on_version(COMMAND_STATUS, b->object, c->who, b->cause);
    command->status = status;
    command->done = status_done;
    command->data = b;
    b->flying = true;
    b->status_at_ms = c->now_ms + c->every_ms;
    system_send(c->system, command);
}
