/* Gnostic's messages follow the JSON document, with some twists: maps are lists of named values,
 * what may be one of several things is wrapped in a message that says which, and extensions (x-...)
 * and free values are YAML text. The tables below say where a key goes; the twists are few. */
#include "proto/openapi_protobuf.h"

#include "proto/json.h"

#include <stdint.h>

enum slot_form {
    FORM_TEXT,       /* one string */
    FORM_TEXTS,      /* a list of them, or one */
    FORM_BOOL,       /* true or nothing */
    FORM_INT,        /* int64 */
    FORM_DOUBLE,     /* double */
    FORM_ANY,        /* YAML text */
    FORM_ANYS,       /* a list of it */
    FORM_MESSAGE,    /* of the table `of` */
    FORM_MESSAGES,   /* a list of them */
    FORM_NAMED,      /* a map: {name 1, value 2} each */
    FORM_SCHEMA_BOOL /* a schema or true: {schema 1, boolean 2} */
};

struct table;
struct slot {
    const char *key;
    uint8_t number, form;
    uint8_t wrap; /* the value is this field of one more message; 0: of none */
    const struct table *of;
    uint8_t inner; /* FORM_NAMED: each value is wrapped likewise */
};
struct table {
    const struct slot *slots;
    uint8_t count;
    uint8_t extensions; /* the field of x-... keys; 0: there is none */
    /* Of what may be several messages: which, and the fields that lead there, outermost first. */
    const struct table *(*choose)(struct mp value, const char **path);
};
#define TABLE(name, number)                                                                        \
    static const struct table name = {name##_slots, sizeof name##_slots / sizeof *name##_slots,    \
                                      number, NULL}

/* ---- the wire */

static void wire_put_varint(struct buf *out, uint64_t value)
{
    while (value >= 0x80) {
        buf_putc(out, (char)(value | 0x80));
        value >>= 7;
    }
    buf_putc(out, (char)value);
}

static void wire_put_tag(struct buf *out, unsigned number, unsigned kind)
{
    wire_put_varint(out, number << 3 | kind);
}

static void wire_put_text(struct buf *out, unsigned number, struct str text)
{
    wire_put_tag(out, number, 2);
    wire_put_varint(out, text.n);
    buf_append(out, text.p, text.n);
}

/* A message whose length is not known yet; marks nest. */
static size_t wire_begin(struct buf *out, unsigned number)
{
    wire_put_tag(out, number, 2);
    return out->len;
}

static void wire_end(struct buf *out, size_t mark)
{
    char space[16];
    struct buf length = {.data = space, .cap = sizeof space};
    size_t n = out->len - mark;
    wire_put_varint(&length, n);
    buf_reserve(out, length.len);
    memmove(out->data + mark + length.len, out->data + mark, n);
    memcpy(out->data + mark, space, length.len);
    out->len += length.len;
}

static void wire_put_double(struct buf *out, unsigned number, struct mp v)
{
    double d = v.type == MP_DOUBLE ? v.d : v.type == MP_UINT ? (double)v.u : (double)mp_i64(v, 0);
    char bytes[sizeof d];
    memcpy(bytes, &d, sizeof d); /* little-endian, as the wire wants it */
    wire_put_tag(out, number, 1);
    buf_append(out, bytes, sizeof bytes);
}

/* ---- the messages */

extern const struct table openapi_schema_table;

static const struct slot docs_slots[] = {{"description", 1, FORM_TEXT, 0, NULL, 0},
                                         {"url", 2, FORM_TEXT, 0, NULL, 0}};
TABLE(docs, 3);

static const struct slot schema_slots[] = {
    {"$ref", 1, FORM_TEXT, 0, NULL, 0},
    {"format", 2, FORM_TEXT, 0, NULL, 0},
    {"title", 3, FORM_TEXT, 0, NULL, 0},
    {"description", 4, FORM_TEXT, 0, NULL, 0},
    {"default", 5, FORM_ANY, 0, NULL, 0},
    {"multipleOf", 6, FORM_DOUBLE, 0, NULL, 0},
    {"maximum", 7, FORM_DOUBLE, 0, NULL, 0},
    {"exclusiveMaximum", 8, FORM_BOOL, 0, NULL, 0},
    {"minimum", 9, FORM_DOUBLE, 0, NULL, 0},
    {"exclusiveMinimum", 10, FORM_BOOL, 0, NULL, 0},
    {"maxLength", 11, FORM_INT, 0, NULL, 0},
    {"minLength", 12, FORM_INT, 0, NULL, 0},
    {"pattern", 13, FORM_TEXT, 0, NULL, 0},
    {"maxItems", 14, FORM_INT, 0, NULL, 0},
    {"minItems", 15, FORM_INT, 0, NULL, 0},
    {"uniqueItems", 16, FORM_BOOL, 0, NULL, 0},
    {"maxProperties", 17, FORM_INT, 0, NULL, 0},
    {"minProperties", 18, FORM_INT, 0, NULL, 0},
    {"required", 19, FORM_TEXTS, 0, NULL, 0},
    {"enum", 20, FORM_ANYS, 0, NULL, 0},
    {"additionalProperties", 21, FORM_SCHEMA_BOOL, 0, &openapi_schema_table, 0},
    {"type", 22, FORM_TEXTS, 1, NULL, 0},
    {"items", 23, FORM_MESSAGE, 1, &openapi_schema_table, 0},
    {"properties", 25, FORM_NAMED, 0, &openapi_schema_table, 0},
    {"externalDocs", 29, FORM_MESSAGE, 0, &docs, 0},
    {"example", 30, FORM_ANY, 0, NULL, 0},
};
const struct table openapi_schema_table = {schema_slots, sizeof schema_slots / sizeof *schema_slots,
                                           31, NULL};

static const struct slot reference_slots[] = {{"$ref", 1, FORM_TEXT, 0, NULL, 0}};
TABLE(reference, 0);

static const struct slot body_slots[] = {
    {"description", 1, FORM_TEXT, 0, NULL, 0},
    {"name", 2, FORM_TEXT, 0, NULL, 0},
    {"in", 3, FORM_TEXT, 0, NULL, 0},
    {"required", 4, FORM_BOOL, 0, NULL, 0},
    {"schema", 5, FORM_MESSAGE, 0, &openapi_schema_table, 0},
};
TABLE(body, 6);

static const struct slot query_slots[] = {
    {"required", 1, FORM_BOOL, 0, NULL, 0},     {"in", 2, FORM_TEXT, 0, NULL, 0},
    {"description", 3, FORM_TEXT, 0, NULL, 0},  {"name", 4, FORM_TEXT, 0, NULL, 0},
    {"type", 6, FORM_TEXT, 0, NULL, 0},         {"format", 7, FORM_TEXT, 0, NULL, 0},
    {"uniqueItems", 20, FORM_BOOL, 0, NULL, 0},
};
TABLE(query, 23);

static const struct slot inpath_slots[] = {
    {"required", 1, FORM_BOOL, 0, NULL, 0},     {"in", 2, FORM_TEXT, 0, NULL, 0},
    {"description", 3, FORM_TEXT, 0, NULL, 0},  {"name", 4, FORM_TEXT, 0, NULL, 0},
    {"type", 5, FORM_TEXT, 0, NULL, 0},         {"format", 6, FORM_TEXT, 0, NULL, 0},
    {"uniqueItems", 19, FORM_BOOL, 0, NULL, 0},
};
TABLE(inpath, 22);

/* Parameter: body 1, or others 2, of which query is 3 and path 4. */
static const struct table *parameter_choose(struct mp value, const char **path)
{
    bool is_body = mp_is(mp_get(value, "in"), "body"), is_path = mp_is(mp_get(value, "in"), "path");
    *path = is_body ? "\1" : is_path ? "\2\4" : "\2\3";
    return is_body ? &body : is_path ? &inpath : &query;
}
static const struct table parameter = {NULL, 0, 0, parameter_choose};

/* In an operation's list: a parameter 1, or a reference to one 2. */
static const struct table *item_choose(struct mp value, const char **path)
{
    bool refers = mp_get(value, "$ref").type == MP_STR;
    *path = refers ? "\2" : "\1";
    return refers ? &reference : &parameter;
}
static const struct table item = {NULL, 0, 0, item_choose};

static const struct slot response_slots[] = {
    {"description", 1, FORM_TEXT, 0, NULL, 0},
    {"schema", 2, FORM_MESSAGE, 1, &openapi_schema_table, 0},
};
TABLE(response, 5);

static const struct slot operation_slots[] = {
    {"tags", 1, FORM_TEXTS, 0, NULL, 0},           {"summary", 2, FORM_TEXT, 0, NULL, 0},
    {"description", 3, FORM_TEXT, 0, NULL, 0},     {"operationId", 5, FORM_TEXT, 0, NULL, 0},
    {"produces", 6, FORM_TEXTS, 0, NULL, 0},       {"consumes", 7, FORM_TEXTS, 0, NULL, 0},
    {"parameters", 8, FORM_MESSAGES, 0, &item, 0}, {"responses", 9, FORM_NAMED, 0, &response, 1},
    {"schemes", 10, FORM_TEXTS, 0, NULL, 0},
};
TABLE(operation, 13);

static const struct slot path_slots[] = {
    {"get", 2, FORM_MESSAGE, 0, &operation, 0},   {"put", 3, FORM_MESSAGE, 0, &operation, 0},
    {"post", 4, FORM_MESSAGE, 0, &operation, 0},  {"delete", 5, FORM_MESSAGE, 0, &operation, 0},
    {"patch", 8, FORM_MESSAGE, 0, &operation, 0}, {"parameters", 9, FORM_MESSAGES, 0, &item, 0},
};
TABLE(path, 10);

static const struct slot info_slots[] = {{"title", 1, FORM_TEXT, 0, NULL, 0},
                                         {"version", 2, FORM_TEXT, 0, NULL, 0}};
TABLE(info, 7);

static const struct slot api_key_slots[] = {
    {"type", 1, FORM_TEXT, 0, NULL, 0},
    {"name", 2, FORM_TEXT, 0, NULL, 0},
    {"in", 3, FORM_TEXT, 0, NULL, 0},
    {"description", 4, FORM_TEXT, 0, NULL, 0},
};
TABLE(api_key, 5);

static const struct slot document_slots[] = {
    {"swagger", 1, FORM_TEXT, 0, NULL, 0},
    {"info", 2, FORM_MESSAGE, 0, &info, 0},
    {"paths", 8, FORM_NAMED, 0, &path, 0},
    {"definitions", 9, FORM_NAMED, 0, &openapi_schema_table, 0},
    {"parameters", 10, FORM_NAMED, 0, &parameter, 0},
    {"securityDefinitions", 13, FORM_NAMED, 0, &api_key, 2},
};
TABLE(document, 16);

/* ---- writing them */

static void message_put(const struct table *t, struct mp value, struct buf *out);

static void any_put(unsigned number, struct mp value, struct buf *out)
{
    buf_auto struct buf yaml = BUF_INIT;
    json_write(value, &yaml);
    size_t mark = wire_begin(out, number);
    wire_put_text(out, 2, (struct str){yaml.data, yaml.len});
    wire_end(out, mark);
}

static void message_put_in(unsigned number, unsigned wrap, const struct table *t, struct mp value,
                           struct buf *out)
{
    size_t outer = wire_begin(out, number);
    size_t inner = wrap ? wire_begin(out, wrap) : 0;
    message_put(t, value, out);
    if (wrap) wire_end(out, inner);
    wire_end(out, outer);
}

/* The list of named values is itself in a message; paths are its field 2, all others 1. */
static void named_put(const struct slot *slot, struct mp map, struct buf *out)
{
    unsigned entry = slot->of == &path ? 2 : 1;
    size_t whole = wire_begin(out, slot->number);
    for (struct mp_iter it = mp_items(map); mp_iter_next(&it);) {
        size_t pair = wire_begin(out, entry);
        wire_put_text(out, 1, it.key);
        message_put_in(2, slot->inner, slot->of, it.value, out);
        wire_end(out, pair);
    }
    wire_end(out, whole);
}

static void texts_put(unsigned number, struct mp value, struct buf *out)
{
    if (value.type == MP_STR) wire_put_text(out, number, value.s);
    if (value.type != MP_ARRAY) return;
    for (struct mp_iter it = mp_items(value); mp_iter_next(&it);)
        wire_put_text(out, number, mp_str(it.value));
}

static void slot_put_texts(const struct slot *slot, struct mp value, struct buf *out)
{
    if (!slot->wrap) {
        texts_put(slot->number, value, out);
        return;
    }
    size_t mark = wire_begin(out, slot->number);
    texts_put(slot->wrap, value, out);
    wire_end(out, mark);
}

static void slot_put_schema_or_bool(const struct slot *slot, struct mp value, struct buf *out)
{
    if (value.type == MP_MAP) {
        message_put_in(slot->number, 1, slot->of, value, out);
        return;
    }
    size_t mark = wire_begin(out, slot->number);
    wire_put_tag(out, 2, 0);
    wire_put_varint(out, mp_bool(value, false));
    wire_end(out, mark);
}

static void slot_put_number(const struct slot *slot, struct mp value, struct buf *out)
{
    if (slot->form == FORM_DOUBLE) {
        wire_put_double(out, slot->number, value);
        return;
    }
    wire_put_tag(out, slot->number, 0);
    wire_put_varint(out,
                    slot->form == FORM_BOOL ? mp_bool(value, false) : (uint64_t)mp_i64(value, 0));
}

static void slot_put(const struct slot *slot, struct mp value, struct buf *out)
{
    switch ((enum slot_form)slot->form) {
    case FORM_TEXT:
        wire_put_text(out, slot->number, mp_str(value));
        break;
    case FORM_TEXTS:
        slot_put_texts(slot, value, out);
        break;
    case FORM_BOOL:
    case FORM_INT:
    case FORM_DOUBLE:
        slot_put_number(slot, value, out);
        break;
    case FORM_ANY:
        any_put(slot->number, value, out);
        break;
    case FORM_ANYS:
        for (struct mp_iter it = mp_items(value); mp_iter_next(&it);)
            any_put(slot->number, it.value, out);
        break;
    case FORM_MESSAGE:
        message_put_in(slot->number, slot->wrap, slot->of, value, out);
        break;
    case FORM_MESSAGES:
        for (struct mp_iter it = mp_items(value); mp_iter_next(&it);)
            message_put_in(slot->number, slot->wrap, slot->of, it.value, out);
        break;
    case FORM_NAMED:
        named_put(slot, value, out);
        break;
    case FORM_SCHEMA_BOOL:
        slot_put_schema_or_bool(slot, value, out);
        break;
    }
}

static const struct slot *table_slot(const struct table *t, struct str key)
{
    for (unsigned i = 0; i < t->count; i++)
        if (str_is(key, t->slots[i].key)) return &t->slots[i];
    return NULL;
}

static void extension_put(unsigned number, struct str name, struct mp value, struct buf *out)
{
    size_t mark = wire_begin(out, number);
    wire_put_text(out, 1, name);
    any_put(2, value, out);
    wire_end(out, mark);
}

static void message_put_chosen(const struct table *t, struct mp value, struct buf *out)
{
    const char *way;
    size_t marks[4];
    unsigned depth = 0;
    t = t->choose(value, &way);
    for (; way[depth]; depth++) marks[depth] = wire_begin(out, (unsigned char)way[depth]);
    message_put(t, value, out);
    while (depth) wire_end(out, marks[--depth]);
}

static void message_put(const struct table *t, struct mp value, struct buf *out)
{
    if (t->choose) {
        message_put_chosen(t, value, out);
        return;
    }
    for (struct mp_iter it = mp_items(value); mp_iter_next(&it);) {
        const struct slot *slot = table_slot(t, it.key);
        if (slot)
            slot_put(slot, it.value, out);
        else if (t->extensions && str_starts(it.key, "x-"))
            extension_put(t->extensions, it.key, it.value, out);
    }
}

void openapi_put_protobuf(struct mp root, struct buf *out)
{
    message_put(&document, root, out);
}
