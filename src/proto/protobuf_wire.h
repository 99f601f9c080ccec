/* Reading the protobuf wire format in place. Private to the proto room. */
#ifndef LOGSHIP_PROTO_PROTOBUF_WIRE_H
#define LOGSHIP_PROTO_PROTOBUF_WIRE_H

#include "base/str.h"

enum wire_kind { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

struct wire {
    uint64_t number; /* of the field */
    enum wire_kind kind;
    uint64_t value;   /* of a varint or a fixed number */
    struct str bytes; /* of WIRE_BYTES */
};

/* Cuts one field off *rest; false at the end or at damage. */
bool wire_next(struct str *rest, struct wire *out);
bool wire_valid(struct str message); /* every field of it can be read */
/* The last field of that number and kind; false: there is none. */
bool wire_find(struct str message, unsigned number, enum wire_kind kind, struct wire *out);
struct str wire_text(struct str message, unsigned number); /* empty when there is none */

#endif
