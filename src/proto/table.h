/* The Table form of objects (meta.k8s.io/v1): the cells of Kubernetes' own printers.
 * Columns come from columns.tsv, cells from table_*.c; kinds that have no lines there show Name and
 * Created At. */
#ifndef LOGSHIP_PROTO_TABLE_H
#define LOGSHIP_PROTO_TABLE_H

#include "proto/object.h"

/* Appends the JSON array of columnDefinitions. */
void table_put_columns(const struct kind *kind, struct buf *json);
/* A table while its rows are written; begins as {.now_s = ...}. Pods of one owner share their body,
 * so what was found in one is kept for the next row: the objects must stay until the table is done.
 */
struct table {
    int64_t now_s; /* for ages */
    const struct doc *pod_body;
    struct mp pod_gates;
    uint32_t pod_containers, pod_inits;
};
/* Appends one row's JSON array of cells. */
void table_put_cells(struct table *t, const struct object *o, struct buf *json);
/* "3d4h", "5m", "17s": as kubectl's HumanDuration. */
void table_put_age(int64_t seconds, struct buf *out);

#endif
