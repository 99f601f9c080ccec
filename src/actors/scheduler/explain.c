#include "actors/scheduler/explain.h"

#include "actors/scheduler/affinity.h"
#include "actors/scheduler/taints.h"
#include "base/mem.h"

#include <stdio.h>

enum { REASONS_MAX = 32, REASON_TEXT = 400 };

/* Reasons are counted over all nodes; those beyond the last slot are left out. */
struct reasons {
    char text[REASONS_MAX][REASON_TEXT];
    uint32_t count[REASONS_MAX];
    unsigned n;
};

__attribute__((format(printf, 2, 3))) static void reasons_add(struct reasons *r, const char *format,
                                                              ...)
{
    char text[REASON_TEXT];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    unsigned i = 0;
    while (i < r->n && strcmp(r->text[i], text) != 0) i++;
    if (i == REASONS_MAX) return;
    if (i == r->n) {
        memcpy(r->text[i], text, sizeof text);
        r->count[i] = 0;
        r->n++;
    }
    r->count[i]++;
}

/* A node can be short of several things, and says so. */
static bool reasons_resources(struct reasons *r, const struct node_table *t,
                              const struct node_row *row, const struct pod_view *p)
{
    bool full = row->pods >= row->pods_max, shorts = full || p->unplaced.p;
    if (full) reasons_add(r, "Too many pods");
    for (unsigned i = 0; i < t->names.count; i++) {
        if (!fit_short_of(row, p, i)) continue;
        reasons_add(r, "Insufficient %s", t->names.name[i]);
        shorts = true;
    }
    if (p->unplaced.p) reasons_add(r, "Insufficient %.*s", (int)p->unplaced.n, p->unplaced.p);
    return shorts;
}

static void reason_taint(struct reasons *r, struct str key, struct str value)
{
    reasons_add(r, "node(s) had taint {%.*s: %.*s}, that the pod didn't tolerate", (int)key.n,
                key.p ? key.p : "", (int)value.n, value.p ? value.p : "");
}

/* The first filter that says no, in the order in which Kubernetes asks them. */
static void reasons_of_node(struct reasons *r, const struct node_table *t,
                            const struct node_row *row, const struct pod_view *p)
{
    if (row->unschedulable && !taints_bear_cordon(p->tolerations)) {
        reasons_add(r, "node(s) were unschedulable");
        return;
    }
    if (reasons_resources(r, t, row, p)) return;
    if (host_ports_collide(&row->ports, &p->ports)) {
        reasons_add(r, "node(s) didn't have free ports for the requested pod ports");
        return;
    }
    if (!affinity_selects(p->selector, row->object) || !affinity_allows(p->affinity, row->object)) {
        reasons_add(r, "node(s) didn't match Pod's node affinity");
        return;
    }
    struct mp taint = taints_repelling(doc_path(row->object->body, "spec.taints"), p->tolerations);
    if (taint.type != MP_END)
        reason_taint(r, mp_str(mp_get(taint, "key")), mp_str(mp_get(taint, "value")));
    else if (!row->ready) /* soon it will have this taint */
        reason_taint(r, STR("node.kubernetes.io/not-ready"), STR(""));
}

static int line_order(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void explain(const struct node_table *t, const struct pod_view *p, struct buf *out)
{
    if (!t->present) {
        buf_puts(out, "no nodes available to schedule pods");
        return;
    }
    struct reasons *r = mem_new(struct reasons);
    for (uint32_t i = 0; i < t->count; i++)
        if (t->rows[i].object) reasons_of_node(r, t, &t->rows[i], p);
    char *lines[REASONS_MAX];
    for (unsigned i = 0; i < r->n; i++) lines[i] = mem_printf("%u %s", r->count[i], r->text[i]);
    qsort(lines, r->n, sizeof lines[0], line_order);
    buf_printf(out, "0/%u nodes are available: ", t->present);
    for (unsigned i = 0; i < r->n; i++) {
        buf_printf(out, "%s%s", i ? ", " : "", lines[i]);
        mem_free(lines[i]);
    }
    buf_putc(out, '.');
    mem_free(r);
}
