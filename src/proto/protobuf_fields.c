/* One message to one document, by the numbers of its type's fields. */
#include "proto/protobuf_fields.h"

#include "base/map.h"
#include "proto/base64.h"
#include "proto/mp.h"
#include "proto/protobuf_wire.h"
#include "proto/timefmt.h"

enum { PROTOBUF_DEPTH_MAX = MP_DEPTH_MAX };

static int64_t protobuf_int(struct str message, unsigned number)
{
    struct wire field;
    return wire_find(message, number, WIRE_VARINT, &field) ? (int64_t)field.value : 0;
}

static void protobuf_time(struct protobuf *d, struct str message, bool micro)
{
    enum { NANOS = 1000 };
    char text[TIME_TEXT];
    int64_t s = protobuf_int(message, 1), ns = (int32_t)protobuf_int(message, 2);
    const int64_t far = 253402300799; /* the end of the year 9999 */
    s = s > far ? far : s < -far ? -far : s;
    if (micro)
        time_format_us(s * 1000000 + ns / NANOS, text);
    else
        time_format_s(s, text);
    mp_put_z(d->out, text);
}

static void protobuf_bytes(struct protobuf *d, struct str bytes)
{
    struct buf text buf_auto = BUF_INIT;
    base64_encode(bytes, &text);
    mp_put_str(d->out, (struct str){text.data, text.len});
}

/* Scalars that travel as messages of their own. */
static int protobuf_wrapped(struct protobuf *d, const struct field *f, struct str message)
{
    struct str text;
    if (!wire_valid(message))
        return error_set(d->err, E_INVALID, "protobuf: field %s is damaged", f->name);
    switch (f->scalar) {
    case SCALAR_TIME:
    case SCALAR_MICROTIME:
        protobuf_time(d, message, f->scalar == SCALAR_MICROTIME);
        return 0;
    case SCALAR_QUANTITY:
        text = wire_text(message, 1);
        mp_put_str(d->out, text.n ? text : STR("0"));
        return 0;
    case SCALAR_INT_OR_STRING:
        if (protobuf_int(message, 1) == 1)
            mp_put_str(d->out, wire_text(message, 3));
        else
            mp_put_int(d->out, (int32_t)protobuf_int(message, 2));
        return 0;
    default:
        return protobuf_put_any(d, f, message);
    }
}

static enum wire_kind protobuf_kind(const struct field *f)
{
    switch ((enum scalar)f->scalar) {
    case SCALAR_INT32:
    case SCALAR_INT64:
    case SCALAR_BOOL:
        return WIRE_VARINT;
    case SCALAR_DOUBLE:
        return WIRE_FIXED64;
    default:
        return WIRE_BYTES;
    }
}

static int protobuf_value(struct protobuf *d, const struct field *f, const struct wire *w)
{
    double number;
    if (f->type) return protobuf_put_message(d, f->type, w->bytes);
    switch ((enum scalar)f->scalar) {
    case SCALAR_STRING:
        mp_put_str(d->out, w->bytes);
        return 0;
    case SCALAR_BYTES:
        protobuf_bytes(d, w->bytes);
        return 0;
    case SCALAR_INT32:
        mp_put_int(d->out, (int32_t)w->value);
        return 0;
    case SCALAR_INT64:
        mp_put_int(d->out, (int64_t)w->value);
        return 0;
    case SCALAR_BOOL:
        mp_put_bool(d->out, w->value != 0);
        return 0;
    case SCALAR_DOUBLE:
        memcpy(&number, &w->value, sizeof number);
        mp_put_double(d->out, number);
        return 0;
    default:
        return protobuf_wrapped(d, f, w->bytes);
    }
}

/* Go's encoder writes plain fields even when they are zero; in JSON those would be left out. */
static bool protobuf_absent(const struct field *f, const struct wire *w)
{
    if (f->type || f->proto_presence) return false;
    if (f->scalar == SCALAR_INT_OR_STRING || f->scalar == SCALAR_ANY) return false;
    return w->kind == WIRE_BYTES ? w->bytes.n == 0 : w->value == 0;
}

static int protobuf_list(struct protobuf *d, const struct field *f, struct str message)
{
    struct wire item;
    uint32_t count = 0;
    size_t begin = mp_begin(d->out);
    while (message.n && wire_next(&message, &item)) {
        if (item.number != f->proto_number || item.kind != protobuf_kind(f)) continue;
        int rc = protobuf_value(d, f, &item);
        if (rc) return rc;
        count++;
    }
    mp_end_array(d->out, begin, count);
    return 0;
}

static int protobuf_pair(struct protobuf *d, const struct field *f, struct str entry)
{
    struct wire value = {.kind = protobuf_kind(f)};
    mp_put_str(d->out, wire_text(entry, 1));
    wire_find(entry, 2, value.kind, &value);
    return protobuf_value(d, f, &value);
}

/* Entries are messages {key, value}; of equal keys the last one counts. */
static int protobuf_map(struct protobuf *d, const struct field *f, struct str message)
{
    struct map last = {0};
    struct wire entry;
    for (struct str rest = message; rest.n && wire_next(&rest, &entry);) {
        if (entry.number != f->proto_number || entry.kind != WIRE_BYTES || !entry.bytes.n) continue;
        struct str key = wire_text(entry.bytes, 1);
        map_put(&last, key.n ? key.p : "", key.n, (void *)entry.bytes.p);
    }
    int rc = 0;
    uint32_t count = 0;
    size_t begin = mp_begin(d->out);
    for (struct str rest = message; !rc && rest.n && wire_next(&rest, &entry);) {
        if (entry.number != f->proto_number || entry.kind != WIRE_BYTES || !entry.bytes.n) continue;
        struct str key = wire_text(entry.bytes, 1);
        if (map_get(&last, key.n ? key.p : "", key.n) != entry.bytes.p) continue;
        rc = wire_valid(entry.bytes)
                 ? protobuf_pair(d, f, entry.bytes)
                 : error_set(d->err, E_INVALID, "protobuf: field %s is damaged", f->name);
        count++;
    }
    mp_end_map(d->out, begin, count);
    map_free(&last);
    return rc;
}

static int protobuf_field(struct protobuf *d, const struct field *f, struct str message,
                          uint32_t *count)
{
    struct wire w;
    if (f->proto_outer) {
        if (!wire_find(message, f->proto_outer, WIRE_BYTES, &w)) return 0;
        if (!wire_valid(w.bytes))
            return error_set(d->err, E_INVALID, "protobuf: what holds field %s is damaged",
                             f->name);
        message = w.bytes;
    }
    enum wire_kind kind = f->shape == SHAPE_MAP ? WIRE_BYTES : protobuf_kind(f);
    if (!wire_find(message, f->proto_number, kind, &w)) return 0;
    bool single = f->shape == SHAPE_OBJECT || f->shape == SHAPE_SCALAR;
    if (single && protobuf_absent(f, &w)) return 0;
    ++*count;
    mp_put_z(d->out, f->name);
    if (f->shape == SHAPE_LIST) return protobuf_list(d, f, message);
    if (f->shape == SHAPE_MAP) return protobuf_map(d, f, message);
    return protobuf_value(d, f, &w);
}

static int protobuf_fields(struct protobuf *d, const struct type *type, struct str message,
                           uint32_t *count)
{
    if (!wire_valid(message))
        return error_set(d->err, E_INVALID, "protobuf: a %s is damaged", type->name);
    if (d->depth == PROTOBUF_DEPTH_MAX)
        return error_set(d->err, E_INVALID, "protobuf: nested more than %d deep",
                         PROTOBUF_DEPTH_MAX);
    d->depth++;
    int rc = 0;
    for (unsigned i = 0; !rc && i < type->field_count; i++)
        if (type->fields[i].proto_number) rc = protobuf_field(d, &type->fields[i], message, count);
    d->depth--;
    return rc;
}

int protobuf_put_message(struct protobuf *d, const struct type *type, struct str message)
{
    uint32_t count = 0;
    size_t begin = mp_begin(d->out);
    int rc = protobuf_fields(d, type, message, &count);
    mp_end_map(d->out, begin, count);
    return rc;
}

int protobuf_put_fields(const struct type *type, struct str message, struct buf *out,
                        uint32_t *count, struct error *err)
{
    struct protobuf d = {.out = out, .err = err};
    return protobuf_fields(&d, type, message, count);
}
