/* An interpreter of the tables in openapi_gnostic.c: JSON's values, as msgpack, to messages. */
#include "proto/openapi_protobuf.h"

#include "proto/json.h"
#include "proto/openapi_gnostic.h"

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

/* The list of named values is itself in a message. */
static void named_put(const struct slot *slot, struct mp map, struct buf *out)
{
    size_t whole = wire_begin(out, slot->number);
    for (struct mp_iter it = mp_items(map); mp_iter_next(&it);) {
        size_t pair = wire_begin(out, slot->entry);
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
    message_put(&openapi_document_table, root, out);
}
