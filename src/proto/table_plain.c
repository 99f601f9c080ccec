#include "proto/table_plain.h"

#include "proto/selector.h"

static void plain_selector(struct mp v, struct buf *out)
{
    struct selector *selector;
    if (v.type != MP_MAP || selector_from_doc(v, &selector, NULL)) return;
    selector_format(selector, out);
    selector_free(selector);
}

/* The cells that are text. */
static void plain_text(struct table_row *r, const struct cell *cell, struct mp v)
{
    struct buf text buf_auto = BUF_INIT;
    enum cell_how how = cell->how;
    if (how == CELL_TEXT && v.type == MP_STR)
        buf_append(&text, v.s.p, v.s.n);
    else if (how == CELL_TEXT && v.type != MP_END)
        buf_printf(&text, "%lld", (long long)mp_i64(v, 0));
    else if (how == CELL_WORD && v.type != MP_END)
        buf_puts(&text, mp_bool(v, false) ? "True" : "False");
    else if (how == CELL_ITEMS)
        table_join(&text, v, NULL);
    else if (how == CELL_LABELS)
        table_put_labels(v, &text);
    else if (how == CELL_SELECTOR)
        plain_selector(v, &text);
    else if (how == CELL_SINCE && v.type == MP_STR)
        table_put_since(r, v, &text);
    else if (how == CELL_NAMES || how == CELL_IMAGES)
        table_join(&text, mp_get(v, "containers"), how == CELL_NAMES ? "name" : "image");
    table_cell_buf(r, &text, cell->otherwise ? cell->otherwise : "");
}

void table_put_plain(struct table_row *r, const struct cell *cell)
{
    for (; cell->how != CELL_END; cell++) {
        const char *path = cell->path ? cell->path : "";
        bool status = !strncmp(path, "status.", 7);
        struct mp v = {0};
        if (*path) v = status ? table_status(r, path + 7) : table_body(r, path);
        if (cell->how == CELL_NAME)
            table_cell(r, object_name(r->o));
        else if (cell->how == CELL_AGE)
            table_cell_age(r);
        else if (cell->how == CELL_INT)
            table_cell_int(r, mp_i64(v, 0));
        else if (cell->how == CELL_BOOL)
            table_cell_bool(r, mp_bool(v, false));
        else if (cell->how == CELL_COUNT)
            table_cell_int(r, v.type == MP_ARRAY ? (int64_t)v.count : 0);
        else if (cell->how == CELL_CODE)
            cell->put(r);
        else
            plain_text(r, cell, v);
    }
}
