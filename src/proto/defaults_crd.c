/* Defaults of CustomResourceDefinitions: the names that follow from the kind. */
#include "proto/schema_tables.h"

#include <ctype.h>

default_fn default_singular;
bool default_singular(const struct default_scope *at, struct mp given, struct buf *out)
{
    (void)given;
    struct str kind = mp_str(mp_get(at->object, "kind"));
    buf_auto struct buf lower = BUF_INIT;
    for (size_t i = 0; i < kind.n; i++) buf_putc(&lower, (char)tolower((unsigned char)kind.p[i]));
    if (kind.n) mp_put_str(out, (struct str){lower.data, lower.len});
    return kind.n > 0;
}

default_fn default_list_kind;
bool default_list_kind(const struct default_scope *at, struct mp given, struct buf *out)
{
    (void)given;
    struct str kind = mp_str(mp_get(at->object, "kind"));
    buf_auto struct buf list = BUF_INIT;
    buf_printf(&list, "%.*sList", (int)kind.n, kind.n ? kind.p : "");
    if (kind.n) mp_put_str(out, (struct str){list.data, list.len});
    return kind.n > 0;
}
