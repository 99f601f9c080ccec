/* Documents of OpenAPI as a test reads them. */
#ifndef LOGSHIP_TESTS_PROTO_OPENAPI_HELPER_H
#define LOGSHIP_TESTS_PROTO_OPENAPI_HELPER_H

#include "base/map.h"
#include "base/mem.h"
#include "proto/json.h"
#include "proto/openapi.h"

#include <stdio.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* JSON as msgpack; the bytes live in `doc`. */
static inline struct mp parse(const struct buf *json, struct buf *doc)
{
    struct error err = {0};
    int rc = json_parse(json->data, json->len, doc, &err);
    if (rc) fprintf(stderr, "%s\n", err.text);
    assert_int_equal(rc, 0);
    return mp_read(doc->data, doc->len);
}

static inline struct mp v2(const struct openapi_kind *more, size_t count, struct buf *doc)
{
    buf_auto struct buf json = BUF_INIT;
    openapi_v2_put(OPENAPI_JSON, more, count, &json);
    return parse(&json, doc);
}

static inline struct mp v3(const char *group, const char *version, const struct openapi_kind *more,
                           size_t count, struct buf *doc)
{
    buf_auto struct buf json = BUF_INIT;
    openapi_v3_put(str_of(group), str_of(version), more, count, &json);
    return parse(&json, doc);
}

/* Names of definitions have dots: mp_path would cut them. */
static inline struct mp get2(struct mp root, const char *one, const char *two)
{
    return mp_get(mp_get(root, one), two);
}

static inline void assert_json(struct mp value, const char *text)
{
    buf_auto struct buf json = BUF_INIT;
    if (value.type != MP_END) json_write(value, &json);
    assert_string_equal(json.data ? json.data : "nothing", text);
}

/* A list of maps: the one whose `key` is `text`. */
static inline struct mp find_by(struct mp list, const char *key, const char *text)
{
    for (struct mp_iter it = mp_items(list); mp_iter_next(&it);)
        if (mp_is(mp_get(it.value, key), text)) return it.value;
    return (struct mp){0};
}

#endif
