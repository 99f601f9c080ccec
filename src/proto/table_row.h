/* Writing the cells of one row. Private to the table files. */
#ifndef LOGSHIP_PROTO_TABLE_ROW_H
#define LOGSHIP_PROTO_TABLE_ROW_H

#include "proto/table.h"

struct table_row {
    struct table *table;
    const struct object *o;
    struct buf *json;
    bool begun; /* a cell was written: the next one needs a comma */
};

typedef void table_cells_fn(struct table_row *r);

void table_cell(struct table_row *r, struct str text);
void table_cell_z(struct table_row *r, const char *text);
void table_cell_int(struct table_row *r, int64_t n);
void table_cell_of(struct table_row *r, uint64_t n, uint64_t whole); /* "1/2" */
void table_cell_bool(struct table_row *r, bool yes);
void table_cell_or(struct table_row *r, struct mp text, const char *otherwise); /* when empty */
void table_cell_buf(struct table_row *r, const struct buf *text, const char *otherwise);
void table_cell_age(struct table_row *r); /* of the object */
void table_put_since(struct table_row *r, struct mp time,
                     struct buf *out); /* "<unknown>" if absent */
/* "a,b": the member `key` of each item, or the items themselves (key NULL). */
void table_join(struct buf *out, struct mp list, const char *key);
void table_put_labels(struct mp map, struct buf *out); /* "a=b,c=d" sorted; nothing when empty */
void table_put_text(struct buf *out, struct mp text);  /* nothing when it is no text */

static inline struct mp table_body(const struct table_row *r, const char *path)
{
    return doc_path(r->o->body, path);
}
static inline struct mp table_status(const struct table_row *r, const char *path)
{
    return doc_path(r->o->status, path);
}

table_cells_fn table_cells_pod, table_cells_node, table_cells_replicas, table_cells_service,
    table_cells_endpoints, table_cells_event;

#endif
