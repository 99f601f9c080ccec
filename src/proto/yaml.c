#include "proto/yaml.h"

#include "base/mem.h"
#include "proto/json.h"
#include "proto/mp.h"
#include "proto/yaml_pairs.h"
#include "proto/yaml_scalar.h"

#include <yaml.h>

enum { ANCHORS_MAX = 1000 };

struct anchor {
    char *name;
    struct buf value;
    int height; /* how deep it nests */
};

struct reading {
    yaml_parser_t parser;
    yaml_event_t event; /* the current one, when there is one */
    bool holds;
    struct anchor anchors[ANCHORS_MAX];
    unsigned anchor_count;
    size_t spent; /* bytes made, copies for aliases included */
    struct error *err;
};

static int reading_value(struct reading *r, int depth, struct buf *out, int *height);

static int reading_fail(struct reading *r, const char *what)
{
    yaml_mark_t at = r->holds ? r->event.start_mark : r->parser.problem_mark;
    return error_set(r->err, E_INVALID, "line %zu, column %zu: %s", at.line + 1, at.column + 1,
                     what);
}

static int reading_next(struct reading *r)
{
    if (r->holds) yaml_event_delete(&r->event);
    r->holds = yaml_parser_parse(&r->parser, &r->event) == 1;
    if (r->holds) return 0;
    return reading_fail(r, r->parser.problem ? r->parser.problem : "damaged");
}

static int reading_spend(struct reading *r, size_t bytes)
{
    r->spent += bytes;
    if (r->spent <= JSON_BODY_MAX) return 0;
    return error_set(r->err, E_TOOBIG, "the document is larger than %d bytes", JSON_BODY_MAX);
}

static struct str reading_text(const struct reading *r)
{
    return (struct str){(const char *)r->event.data.scalar.value, r->event.data.scalar.length};
}

static int reading_scalar(struct reading *r, struct buf *out)
{
    const char *tag = (const char *)r->event.data.scalar.tag;
    bool plain = r->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    bool text = tag && strcmp(tag, YAML_STR_TAG) == 0;
    bool known = !tag || text || strcmp(tag, YAML_INT_TAG) == 0 ||
                 strcmp(tag, YAML_BOOL_TAG) == 0 || strcmp(tag, YAML_FLOAT_TAG) == 0 ||
                 strcmp(tag, YAML_NULL_TAG) == 0;
    if (!known) return reading_fail(r, "a tag that JSON cannot say");
    size_t before = out->len;
    if (text || (!plain && !tag))
        mp_put_str(out, reading_text(r));
    else if (!yaml_put_plain(reading_text(r), out))
        return reading_fail(r, "a number that JSON cannot say");
    return reading_spend(r, out->len - before);
}

static int reading_list(struct reading *r, int depth, struct buf *out, int *height)
{
    size_t mark = mp_begin(out);
    uint32_t count = 0;
    int rc;
    while ((rc = reading_next(r)) == 0 && r->event.type != YAML_SEQUENCE_END_EVENT) {
        rc = reading_value(r, depth + 1, out, height);
        if (rc) return rc;
        count++;
    }
    if (!rc) mp_end_array(out, mark, count);
    return rc;
}

static int reading_pair(struct reading *r, struct pairs *p, int depth, int *height)
{
    if (r->event.type != YAML_SCALAR_EVENT) return reading_fail(r, "a key must be a scalar");
    struct str key = reading_text(r);
    bool merge = str_is(key, "<<") && r->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    struct pair *pair = merge ? NULL : pairs_find(p, key);
    if (pair && !pair->merged) return reading_fail(r, "the key is there already");
    if (!merge && !pair) pair = pairs_add(p, key);
    uint32_t number = pair ? (uint32_t)(pair - p->items) : 0;
    int rc = reading_spend(r, key.n + 1);
    if (!rc) rc = reading_next(r);
    if (rc) return rc;
    if (merge) {
        buf_auto struct buf from = BUF_INIT;
        rc = reading_value(r, depth + 1, &from, height);
        if (!rc) rc = reading_spend(r, from.len);
        if (!rc && !pairs_merge(p, mp_read(from.data, from.len)))
            rc = reading_fail(r, "<< needs maps");
        return rc;
    }
    size_t at = p->values.len;
    rc = reading_value(r, depth + 1, &p->values, height);
    pair = &p->items[number];
    pair->merged = false;
    pair->at = at;
    pair->len = p->values.len - at;
    return rc;
}

static int reading_map(struct reading *r, int depth, struct buf *out, int *height)
{
    struct pairs p = {0};
    int rc;
    while ((rc = reading_next(r)) == 0 && r->event.type != YAML_MAPPING_END_EVENT) {
        rc = reading_pair(r, &p, depth, height);
        if (rc) break;
    }
    if (!rc) pairs_write(&p, out);
    pairs_free(&p);
    return rc;
}

static int reading_alias(struct reading *r, int depth, struct buf *out, int *height)
{
    const char *name = (const char *)r->event.data.alias.anchor;
    for (unsigned i = r->anchor_count; i--;) {
        const struct anchor *a = &r->anchors[i];
        if (strcmp(a->name, name) != 0) continue;
        if (depth + a->height > MP_DEPTH_MAX) return reading_fail(r, "nested too deeply");
        if (depth + a->height > *height) *height = depth + a->height;
        buf_append(out, a->value.data, a->value.len);
        return reading_spend(r, a->value.len);
    }
    return reading_fail(r, "an alias of what is not there");
}

static int reading_keep(struct reading *r, char *name, int height, const struct buf *from,
                        size_t at)
{
    if (r->anchor_count == ANCHORS_MAX) {
        mem_free(name);
        return reading_fail(r, "too many anchors");
    }
    struct anchor *a = &r->anchors[r->anchor_count++];
    *a = (struct anchor){.name = name, .height = height};
    buf_append(&a->value, from->data + at, from->len - at);
    return reading_spend(r, a->value.len);
}

/* The anchor of the current event, or NULL. */
static const yaml_char_t *reading_anchor(const struct reading *r)
{
    if (r->event.type == YAML_SCALAR_EVENT) return r->event.data.scalar.anchor;
    if (r->event.type == YAML_SEQUENCE_START_EVENT) return r->event.data.sequence_start.anchor;
    if (r->event.type == YAML_MAPPING_START_EVENT) return r->event.data.mapping_start.anchor;
    return NULL;
}

static int reading_content(struct reading *r, int depth, struct buf *out, int *height)
{
    switch (r->event.type) {
    case YAML_SCALAR_EVENT:
        return reading_scalar(r, out);
    case YAML_SEQUENCE_START_EVENT:
        return reading_list(r, depth, out, height);
    case YAML_MAPPING_START_EVENT:
        return reading_map(r, depth, out, height);
    case YAML_ALIAS_EVENT:
        return reading_alias(r, depth, out, height);
    default:
        return reading_fail(r, "a value is missing");
    }
}

static int reading_value(struct reading *r, int depth, struct buf *out, int *height)
{
    if (depth > MP_DEPTH_MAX) return reading_fail(r, "nested too deeply");
    const yaml_char_t *anchor = reading_anchor(r);
    char *name = anchor ? mem_strdup((const char *)anchor) : NULL;
    size_t at = out->len;
    int deepest = depth;
    int rc = reading_content(r, depth, out, &deepest);
    if (deepest > *height) *height = deepest;
    if (!rc && name) return reading_keep(r, name, deepest - depth, out, at);
    mem_free(name);
    return rc;
}

static int reading_document(struct reading *r, struct buf *out)
{
    int height = 0, rc = reading_next(r); /* the stream begins */
    if (!rc) rc = reading_next(r);
    if (rc) return rc;
    if (r->event.type == YAML_STREAM_END_EVENT) {
        mp_put_nil(out);
        return 0;
    }
    rc = reading_next(r); /* what the document holds */
    if (!rc) rc = reading_value(r, 0, out, &height);
    if (!rc) rc = reading_next(r); /* its end */
    if (!rc) rc = reading_next(r);
    if (!rc && r->event.type != YAML_STREAM_END_EVENT) rc = reading_fail(r, "a second document");
    return rc;
}

static int reading_all(const char *text, size_t n, struct buf *out, struct error *err)
{
    struct reading *r = mem_new(struct reading);
    r->err = err;
    if (!yaml_parser_initialize(&r->parser)) abort(); /* out of memory, the only reason */
    yaml_parser_set_input_string(&r->parser, (const unsigned char *)text, n);
    int rc = reading_document(r, out);
    if (r->holds) yaml_event_delete(&r->event);
    yaml_parser_delete(&r->parser);
    for (unsigned i = 0; i < r->anchor_count; i++) {
        mem_free(r->anchors[i].name);
        buf_free(&r->anchors[i].value);
    }
    mem_free(r);
    return rc;
}

int yaml_parse(const char *text, size_t n, struct buf *out, struct error *err)
{
    size_t start = 0, before = out->len;
    if (n > JSON_BODY_MAX)
        return error_set(err, E_TOOBIG, "the document is larger than %d bytes", JSON_BODY_MAX);
    while (start < n && strchr(" \t\r\n", text[start]) && text[start]) start++;
    if (start < n && text[start] == '{' && json_parse(text, n, out, NULL) == 0) return 0;
    out->len = before;
    int rc = reading_all(text, n, out, err);
    if (rc) out->len = before;
    return rc;
}
