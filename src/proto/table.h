/* The Table form of objects (meta.k8s.io/v1): the cells of Kubernetes' own printers.
 * Columns come from columns.tsv, cells from table_*.c; kinds that have no lines there show Name and
 * Created At. */
#ifndef LOGSHIP_PROTO_TABLE_H
#define LOGSHIP_PROTO_TABLE_H

#include "proto/object.h"

/* Appends the JSON array of columnDefinitions. */
void table_put_columns(const struct kind *kind, struct buf *json);
/* Appends one row's JSON array of cells. now_s: for ages. */
void table_put_cells(const struct object *o, int64_t now_s, struct buf *json);
/* "3d4h", "5m", "17s": as kubectl's HumanDuration. */
void table_put_age(int64_t seconds, struct buf *out);

#endif
