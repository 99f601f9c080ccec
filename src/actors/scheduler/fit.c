#include "actors/scheduler/fit.h"

#include "base/mem.h"

#include <stdlib.h>

bool fit_resources(const struct node_table *t, const struct node_row *row, const struct pod_view *p)
{
    if (row->pods >= row->pods_max) return false;
    for (unsigned i = 0; i < t->names.count; i++)
        if (p->requests.amount[i] > 0 &&
            p->requests.amount[i] > row->allocatable.amount[i] - row->used.amount[i])
            return false;
    return true;
}

static bool tolerates_one(struct mp toleration, struct mp taint)
{
    struct str effect = mp_str(mp_get(toleration, "effect")),
               key = mp_str(mp_get(toleration, "key"));
    if (effect.n && !str_eq(effect, mp_str(mp_get(taint, "effect")))) return false;
    bool exists = mp_is(mp_get(toleration, "operator"), "Exists");
    if (!key.n) return exists; /* no key with Exists bears everything */
    if (!str_eq(key, mp_str(mp_get(taint, "key")))) return false;
    return exists || str_eq(mp_str(mp_get(toleration, "value")), mp_str(mp_get(taint, "value")));
}

bool fit_tolerates(struct mp tolerations, struct mp taint)
{
    for (struct mp_iter it = mp_items(tolerations); mp_iter_next(&it);)
        if (tolerates_one(it.value, taint)) return true;
    return false;
}

static bool keeps_pods_away(struct mp taint)
{
    return mp_is(mp_get(taint, "effect"), "NoSchedule") ||
           mp_is(mp_get(taint, "effect"), "NoExecute");
}

/* The first taint that the pod does not bear, or MP_END. */
static struct mp untolerated(const struct node_row *row, const struct pod_view *p)
{
    struct mp tolerations = mp_read(p->tolerations.p, p->tolerations.n);
    struct mp taints = doc_path(row->object->body, "spec.taints");
    for (struct mp_iter it = mp_items(taints); mp_iter_next(&it);)
        if (keeps_pods_away(it.value) && !fit_tolerates(tolerations, it.value)) return it.value;
    return (struct mp){0};
}

static bool selected(const struct node_row *row, const struct pod_view *p)
{
    if (!p->selector.p) return true;
    struct mp labels = object_labels(row->object);
    struct mp selector = mp_read(p->selector.p, p->selector.n);
    for (struct mp_iter it = mp_items(selector); mp_iter_next(&it);)
        if (!str_eq(mp_str(mp_get_str(labels, it.key)), mp_str(it.value)) ||
            mp_get_str(labels, it.key).type == MP_END)
            return false;
    return true;
}

bool fit_allowed(const struct node_row *row, const struct pod_view *p)
{
    return row->object && !row->unschedulable && row->ready && selected(row, p) &&
           (!row->tainted || untolerated(row, p).type == MP_END);
}

/* Explaining: reasons are counted over all nodes, then told in the order of their texts. */

enum { REASONS_MAX = 32, REASON_TEXT = 160 };

struct reasons {
    char text[REASONS_MAX][REASON_TEXT];
    uint32_t count[REASONS_MAX];
    unsigned n;
};

static void reasons_add(struct reasons *r, const char *text)
{
    for (unsigned i = 0; i < r->n; i++)
        if (strncmp(r->text[i], text, REASON_TEXT - 1) == 0) {
            r->count[i]++;
            return;
        }
    if (r->n == REASONS_MAX) return;
    strncpy(r->text[r->n], text, REASON_TEXT - 1);
    r->count[r->n++] = 1;
}

static void reasons_resources(struct reasons *r, const struct node_table *t,
                              const struct node_row *row, const struct pod_view *p)
{
    if (row->pods >= row->pods_max) reasons_add(r, "Too many pods");
    for (unsigned i = 0; i < t->names.count; i++) {
        if (p->requests.amount[i] <= 0 ||
            p->requests.amount[i] <= row->allocatable.amount[i] - row->used.amount[i])
            continue;
        mem_auto char *text = mem_printf("Insufficient %s", t->names.name[i]);
        reasons_add(r, text);
    }
}

static void reasons_of_node(struct reasons *r, const struct node_table *t,
                            const struct node_row *row, const struct pod_view *p)
{
    struct mp taint;
    if (row->unschedulable) {
        reasons_add(r, "node(s) were unschedulable");
    } else if (!fit_resources(t, row, p)) {
        reasons_resources(r, t, row, p);
    } else if (!selected(row, p)) {
        reasons_add(r, "node(s) didn't match Pod's node affinity");
    } else if ((taint = untolerated(row, p)).type != MP_END) {
        struct str key = mp_str(mp_get(taint, "key")), value = mp_str(mp_get(taint, "value"));
        mem_auto char *text =
            mem_printf("node(s) had taint {%.*s: %.*s}, that the pod didn't tolerate", (int)key.n,
                       key.p, (int)value.n, value.p ? value.p : "");
        reasons_add(r, text);
    } else {
        reasons_add(r, "node(s) had taint {node.kubernetes.io/not-ready: }, that the pod didn't "
                       "tolerate");
    }
}

static int line_order(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void fit_explain(const struct node_table *t, const struct pod_view *p, struct buf *out)
{
    struct reasons r = {.n = 0};
    if (!t->present) {
        buf_puts(out, "no nodes available to schedule pods");
        return;
    }
    for (uint32_t i = 0; i < t->count; i++)
        if (t->rows[i].object) reasons_of_node(&r, t, &t->rows[i], p);
    char *lines[REASONS_MAX];
    for (unsigned i = 0; i < r.n; i++) lines[i] = mem_printf("%u %s", r.count[i], r.text[i]);
    qsort(lines, r.n, sizeof lines[0], line_order);
    buf_printf(out, "0/%u nodes are available: ", t->present);
    for (unsigned i = 0; i < r.n; i++) {
        buf_printf(out, "%s%s", i ? ", " : "", lines[i]);
        mem_free(lines[i]);
    }
    buf_putc(out, '.');
}
