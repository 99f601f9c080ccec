/* For tests of admission: documents are written as JSON with ' for ". */
#ifndef TESTS_PROTO_ADMIT_HELPER_H
#define TESTS_PROTO_ADMIT_HELPER_H

#include "base/mem.h"
#include "proto/admit.h"
#include "proto/json.h"
#include "proto/mp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

/* The document, in memory that the caller frees. */
static inline struct buf doc_of(const char *quoted)
{
    struct buf out = BUF_INIT;
    struct error err;
    mem_auto char *json = mem_strdup(quoted);
    for (char *p = json; *p; p++)
        if (*p == '\'') *p = '"';
    if (json_parse(json, strlen(json), &out, &err)) fail_msg("%s: %s", quoted, err.text);
    return out;
}

static inline struct mp doc_mp(const struct buf *b)
{
    return b->len ? mp_read(b->data, b->len) : (struct mp){0};
}

static inline void assert_doc(struct mp got, const char *expected)
{
    struct buf want buf_auto = doc_of(expected), shown buf_auto = BUF_INIT;
    if (mp_same(got, doc_mp(&want))) return;
    json_write(got, &shown);
    fail_msg("\n got  %s\n want %s", shown.data, expected);
}

/* "field|reason|message" of each cause, a line each. */
static inline void causes_print(const struct causes *c, struct buf *out)
{
    buf_puts(out, "");
    for (size_t i = 0; i < c->count; i++)
        buf_printf(out, "%s|%s|%s\n", c->items[i].field, c->items[i].reason, c->items[i].message);
}

#endif
