#include "proto/event_code.h"

/* clang-format off: two one-liners */
#define MUST(what)                                                                                 \
    {                                                                                              \
        PAYLOAD_##what, false                                                                      \
    }
#define MAY(what)                                                                                  \
    {                                                                                              \
        PAYLOAD_##what, true                                                                       \
    }
/* clang-format on */

/* The order is the encoding: items are only ever added at the end, as MAY. */
static const struct event_form event_forms[] = {
    [EVENT_CREATED] = {1, {MUST(BODY), MAY(STATUS), MAY(NODE), MAY(CREATED_S)}},
    [EVENT_UPDATED] = {1, {MUST(BODY), MUST(BUMPS)}},
    [EVENT_STATUS] = {1, {MUST(STATUS)}},
    [EVENT_BOUND] = {1, {MUST(NODE)}},
    [EVENT_DELETING] = {1, {MUST(DELETED_S), MUST(GRACE_S), MAY(BODY)}},
    [EVENT_REMOVED] = {1, {{0}}},
    [EVENT_UNSCHEDULABLE] = {1, {MUST(TEXT_3)}},
    [EVENT_CONDITION] = {1, {MUST(TEXT_0), MUST(TEXT_1), MAY(TEXT_2), MAY(TEXT_3)}},
    [EVENT_SCALED] = {1, {MUST(STATUS)}},
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
