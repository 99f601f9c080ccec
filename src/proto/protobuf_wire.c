#include "proto/protobuf_wire.h"

static bool wire_varint(struct str *rest, uint64_t *out)
{
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 64 && rest->n; shift += 7) {
        unsigned char byte = (unsigned char)*rest->p++;
        rest->n--;
        v |= (uint64_t)(byte & 0x7f) << shift;
        if (byte & 0x80) continue;
        *out = v;
        return true;
    }
    return false;
}

static bool wire_fixed(struct str *rest, unsigned width, uint64_t *out)
{
    if (rest->n < width) return false;
    *out = 0;
    for (unsigned i = 0; i < width; i++) *out |= (uint64_t)(unsigned char)rest->p[i] << (8 * i);
    rest->p += width;
    rest->n -= width;
    return true;
}

bool wire_next(struct str *rest, struct wire *out)
{
    uint64_t tag;
    if (!wire_varint(rest, &tag) || tag >> 3 == 0) return false;
    *out = (struct wire){.number = tag >> 3, .kind = (enum wire_kind)(tag & 7)};
    switch (tag & 7) {
    case WIRE_VARINT:
        return wire_varint(rest, &out->value);
    case WIRE_FIXED64:
        return wire_fixed(rest, 8, &out->value);
    case WIRE_FIXED32:
        return wire_fixed(rest, 4, &out->value);
    case WIRE_BYTES:
        if (!wire_varint(rest, &out->value) || out->value > rest->n) return false;
        out->bytes = (struct str){rest->p, (size_t)out->value};
        rest->p += out->value;
        rest->n -= out->value;
        return true;
    default:
        return false; /* groups: nobody has sent them for decades */
    }
}

bool wire_valid(struct str message)
{
    struct wire field;
    while (message.n)
        if (!wire_next(&message, &field)) return false;
    return true;
}

bool wire_find(struct str message, unsigned number, enum wire_kind kind, struct wire *out)
{
    struct wire field;
    bool found = false;
    while (message.n && wire_next(&message, &field)) {
        if (field.number != number || field.kind != kind) continue;
        *out = field;
        found = true;
    }
    return found;
}

struct str wire_text(struct str message, unsigned number)
{
    struct wire field;
    return wire_find(message, number, WIRE_BYTES, &field) ? field.bytes : (struct str){0};
}
