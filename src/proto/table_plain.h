/* Rows told as lists of cells: where a cell's value is, and how it is written. */
#ifndef LOGSHIP_PROTO_TABLE_PLAIN_H
#define LOGSHIP_PROTO_TABLE_PLAIN_H

#include "proto/table_row.h"

enum cell_how {
    CELL_END,
    CELL_NAME,
    CELL_AGE,
    CELL_TEXT,
    CELL_INT,
    CELL_BOOL,
    CELL_WORD,  /* True or False, as text */
    CELL_COUNT, /* how many items */
    CELL_ITEMS, /* texts of a list, with commas */
    CELL_LABELS,
    CELL_SELECTOR,
    CELL_SINCE,
    CELL_NAMES, /* of the containers of the pod spec at the path */
    CELL_IMAGES,
    CELL_CODE, /* written by `put`; one cell or more */
};

struct cell {
    enum cell_how how;
    const char *path;      /* below the body, or below the status where it begins with "status." */
    const char *otherwise; /* when there is nothing; NULL is "" */
    table_cells_fn *put;
};

/* The cells of this kind, up to CELL_END, or NULL. */
const struct cell *table_plain_cells(const struct kind *kind);
void table_put_plain(struct table_row *r, const struct cell *cells);

table_cells_fn cell_controller, cell_ready, cell_completions, cell_duration, cell_hosts,
    cell_addresses, cell_ingress_ports, cell_parameters, cell_volume_modes, cell_volume_class,
    cell_volume_status, cell_volume_claim, cell_claim, cell_scaled, cell_targets, cell_subjects,
    cell_condition, cell_class_name, cell_quota, cell_slice_ports, cell_slice_endpoints, cell_role,
    cell_api_server, cell_available, cell_dangling, cell_storage_versions, cell_component;

#endif
