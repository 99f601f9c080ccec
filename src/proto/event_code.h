/* The payloads of events, as one table that the writer and the reader share. Private to event_*.c.
 */
#ifndef LOGSHIP_PROTO_EVENT_CODE_H
#define LOGSHIP_PROTO_EVENT_CODE_H

#include "proto/event.h"

enum { ENTRY_VERSION = 1, ENTRY_FIELDS = 5, TXN_FIELDS = 4, EVENT_FIELDS = 5, PAYLOAD_MAX = 5 };

/* What an element of a payload holds. */
enum payload_what {
    PAYLOAD_END,
    PAYLOAD_BODY,
    PAYLOAD_STATUS,
    PAYLOAD_NODE,
    PAYLOAD_CREATED_S, /* borne by deleted_s, 0: nil */
    PAYLOAD_DELETED_S,
    PAYLOAD_GRACE_S,
    PAYLOAD_BUMPS,
    PAYLOAD_BEARS_UID, /* true, or nil */
    PAYLOAD_TEXT_0,
    PAYLOAD_TEXT_1,
    PAYLOAD_TEXT_2,
    PAYLOAD_TEXT_3,
};

/* Or'ed to it: the element may be nil, or missing at the end of an older event. */
enum { PAYLOAD_MAY = 0x80 };

/* How one type of event is encoded now. */
struct event_form {
    uint8_t version;
    uint8_t items[PAYLOAD_MAX]; /* payload_what, up to PAYLOAD_END */
};
const struct event_form *event_form(unsigned type); /* NULL: no such type */

#endif
