#include "proto/event_code.h"

enum {
    BODY = PAYLOAD_BODY,
    STATUS = PAYLOAD_STATUS,
    NODE = PAYLOAD_NODE,
    MAY = PAYLOAD_MAY,
};

/* The order is the encoding: items are only ever added at the end, as optional ones. */
static const struct event_form event_forms[] = {
    [EVENT_CREATED] = {2,
                       {BODY, MAY | STATUS, MAY | NODE, MAY | PAYLOAD_CREATED_S,
                        MAY | PAYLOAD_BEARS_UID}},
    [EVENT_UPDATED] = {1, {BODY, PAYLOAD_BUMPS}},
    [EVENT_STATUS] = {2, {STATUS, MAY | BODY}},
    [EVENT_BOUND] = {1, {NODE}},
    [EVENT_DELETING] = {1, {PAYLOAD_DELETED_S, PAYLOAD_GRACE_S, MAY | BODY}},
    [EVENT_REMOVED] = {1, {0}},
    [EVENT_UNSCHEDULABLE] = {1, {PAYLOAD_TEXT_3}},
    [EVENT_CONDITION] = {1,
                         {PAYLOAD_TEXT_0, PAYLOAD_TEXT_1, MAY | PAYLOAD_TEXT_2,
                          MAY | PAYLOAD_TEXT_3}},
    [EVENT_SCALED] = {1, {STATUS}},
};

const struct event_form *event_form(unsigned type)
{
    bool known = type < sizeof event_forms / sizeof *event_forms && event_forms[type].version;
    return known ? &event_forms[type] : NULL;
}

const char *event_type_name(enum event_type type)
{
    switch (type) {
#define X(name, number, text)                                                                      \
    case name:                                                                                     \
        return text;
        EVENT_TYPES(X)
#undef X
    }
    return "Unknown";
}
