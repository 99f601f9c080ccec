/* From a node's conditions to its taints, and from taints to the patience of its pods. Pure. */
#include "actors/behavior.h"
#include "actors/controllers/node_health.h"
#include "actors/edit.h"
#include "proto/timefmt.h"

#include <stdio.h>

#define TAINT(name) "node.kubernetes.io/" name

/* Who bears the condition in that state bears the taint. */
static const struct {
    const char *condition, *status, *key, *effect;
} taint_rules[] = {
    {"Ready", "False", TAINT("not-ready"), "NoSchedule"},
    {"Ready", "False", TAINT("not-ready"), "NoExecute"},
    {"Ready", NULL, TAINT("not-ready"), "NoSchedule"}, /* never heard of */
    {"Ready", "Unknown", TAINT("unreachable"), "NoSchedule"},
    {"Ready", "Unknown", TAINT("unreachable"), "NoExecute"},
    {"MemoryPressure", "True", TAINT("memory-pressure"), "NoSchedule"},
    {"DiskPressure", "True", TAINT("disk-pressure"), "NoSchedule"},
    {"PIDPressure", "True", TAINT("pid-pressure"), "NoSchedule"},
    {"NetworkUnavailable", "True", TAINT("network-unavailable"), "NoSchedule"},
    {NULL, NULL, TAINT("unschedulable"), "NoSchedule"}, /* spec.unschedulable */
};
enum { TAINT_RULES = sizeof taint_rules / sizeof *taint_rules };

struct str node_condition(const struct object *node, const char *type)
{
    return mp_str(mp_get(status_condition(node->status, type), "status"));
}

static bool rule_applies(unsigned i, const struct object *node)
{
    if (!taint_rules[i].condition)
        return mp_bool(doc_path(node->body, "spec.unschedulable"), false);
    struct str status = node_condition(node, taint_rules[i].condition);
    return taint_rules[i].status ? str_is(status, taint_rules[i].status) : !status.n;
}

/* The rule that speaks of this taint; prefers one that applies. -1: somebody else's taint. */
static int rule_of(struct mp taint, const struct object *node)
{
    int found = -1;
    for (unsigned i = 0; i < TAINT_RULES; i++) {
        if (!mp_is(mp_get(taint, "key"), taint_rules[i].key) ||
            !mp_is(mp_get(taint, "effect"), taint_rules[i].effect))
            continue;
        if (found < 0 || rule_applies(i, node)) found = (int)i;
    }
    return found;
}

bool node_taint_is_ours(struct mp taint)
{
    return mp_is(mp_get(taint, "key"), TAINT("not-ready")) ||
           mp_is(mp_get(taint, "key"), TAINT("unreachable"));
}

static void put_taint(struct buf *b, unsigned rule, const char *now)
{
    mp_put_map(b, 3);
    mp_put_z(b, "key");
    mp_put_z(b, taint_rules[rule].key);
    mp_put_z(b, "effect");
    mp_put_z(b, taint_rules[rule].effect);
    mp_put_z(b, "timeAdded");
    mp_put_z(b, now);
}

static bool has_taint(struct mp taints, unsigned rule)
{
    for (struct mp_iter it = mp_items(taints); mp_iter_next(&it);)
        if (mp_is(mp_get(it.value, "key"), taint_rules[rule].key) &&
            mp_is(mp_get(it.value, "effect"), taint_rules[rule].effect))
            return true;
    return false;
}

struct doc *node_tainted_body(const struct object *node, int64_t now_s)
{
    char now[TIME_TEXT];
    time_format_s(now_s, now);
    struct mp taints = doc_path(node->body, "spec.taints");
    buf_auto struct buf list = BUF_INIT;
    uint32_t count = 0;
    bool changed = false;
    size_t mark = mp_begin(&list);
    for (struct mp_iter it = mp_items(taints); mp_iter_next(&it);) {
        int rule = rule_of(it.value, node);
        if (rule >= 0 && !rule_applies((unsigned)rule, node)) {
            changed = true;
            continue;
        }
        mp_put(&list, it.value);
        count++;
    }
    for (unsigned i = 0; i < TAINT_RULES; i++) {
        if (!rule_applies(i, node) || has_taint(taints, i)) continue;
        put_taint(&list, i, now);
        count++;
        changed = true;
    }
    mp_end_array(&list, mark, count);
    if (!changed) return NULL;
    return edit_doc(node->body, "spec.taints", count ? edit_value(&list) : (struct str){0});
}

struct doc *node_silent_status(const struct object *node, int64_t now_s)
{
    static const char *const types[] = {"Ready", "MemoryPressure", "DiskPressure", "PIDPressure"};
    struct doc *status = doc_ref(node->status);
    bool changed = false;
    for (unsigned i = 0; i < sizeof types / sizeof *types; i++) {
        struct str old = node_condition(node, types[i]);
        if (str_is(old, "Unknown")) continue;
        struct doc *next =
            status_with_condition(status, types[i], STR("Unknown"),
                                  old.n ? STR("NodeStatusUnknown") : STR("NodeStatusNeverUpdated"),
                                  old.n ? STR("Kubelet stopped posting node status.")
                                        : STR("Kubelet never posted node status."),
                                  now_s, false);
        doc_unref(status);
        status = next;
        changed = true;
    }
    if (changed) return status;
    doc_unref(status);
    return NULL;
}

bool node_has_no_execute(const struct object *node)
{
    struct mp taints = doc_path(node->body, "spec.taints");
    for (struct mp_iter it = mp_items(taints); mp_iter_next(&it);)
        if (mp_is(mp_get(it.value, "effect"), "NoExecute")) return true;
    return false;
}

static bool tolerates(struct mp toleration, struct mp taint)
{
    struct str effect = mp_str(mp_get(toleration, "effect")),
               key = mp_str(mp_get(toleration, "key"));
    struct str operator= mp_str(mp_get(toleration, "operator"));
    if (effect.n && !str_eq(effect, mp_str(mp_get(taint, "effect")))) return false;
    if (key.n && !str_eq(key, mp_str(mp_get(taint, "key")))) return false;
    if (str_is(operator, "Exists")) return true;
    return key.n && str_eq(mp_str(mp_get(toleration, "value")), mp_str(mp_get(taint, "value")));
}

/* Seconds; -1: without end; -2: not at all. The first toleration that fits counts. */
static int64_t patience_with(struct mp tolerations, struct mp taint)
{
    for (struct mp_iter it = mp_items(tolerations); mp_iter_next(&it);) {
        if (!tolerates(it.value, taint)) continue;
        struct mp seconds = mp_get(it.value, "tolerationSeconds");
        if (seconds.type == MP_END) return -1;
        int64_t s = mp_i64(seconds, 0);
        return s < 0 ? 0 : s;
    }
    return -2;
}

int64_t node_pod_patience(const struct object *node, const struct object *pod)
{
    int64_t least = -1;
    struct mp taints = doc_path(node->body, "spec.taints");
    struct mp tolerations = doc_path(pod->body, "spec.tolerations");
    for (struct mp_iter it = mp_items(taints); mp_iter_next(&it);) {
        if (!mp_is(mp_get(it.value, "effect"), "NoExecute")) continue;
        int64_t s = patience_with(tolerations, it.value);
        if (s == -2) return 0;
        if (s >= 0 && (least < 0 || s < least)) least = s;
    }
    return least;
}
