#include "actors/scheduler/fit.h"

#include "actors/scheduler/affinity.h"
#include "actors/scheduler/taints.h"

bool fit_room(const struct node_table *t, const struct node_row *row, const struct pod_view *p)
{
    if (row->pods >= row->pods_max || p->unplaced.p) return false;
    for (unsigned i = 0; i < t->names.count; i++)
        if (fit_short_of(row, p, i)) return false;
    return !p->ports.count || !host_ports_collide(&row->ports, &p->ports);
}

bool fit_allowed(const struct node_row *row, const struct pod_view *p)
{
    if (!row->object || !row->ready) return false;
    if (row->unschedulable && !taints_bear_cordon(p->tolerations)) return false;
    if (!affinity_selects(p->selector, row->object)) return false;
    if (!affinity_allows(p->affinity, row->object)) return false;
    if (!row->tainted) return true;
    struct mp taints = doc_path(row->object->body, "spec.taints");
    return taints_repelling(taints, p->tolerations).type == MP_END;
}

/* A taint weighs more than all that was wished for. */
uint32_t fit_dislike(const struct node_row *row, const struct pod_view *p)
{
    enum { WISH_MAX = 0xfff, TAINTS_MAX = 14 };
    if (!row->object) return FIT_DISLIKE_MAX;
    unsigned taints = 0;
    if (row->tainted)
        taints = taints_disliking(doc_path(row->object->body, "spec.taints"), p->tolerations);
    if (taints > TAINTS_MAX) taints = TAINTS_MAX;
    int64_t wish = affinity_weight(p->affinity, row->object);
    if (wish > WISH_MAX) wish = WISH_MAX;
    return taints * (WISH_MAX + 1) + (uint32_t)(WISH_MAX - wish);
}
