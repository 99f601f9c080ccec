#include "proto/nodewire.h"

#include <assert.h>

enum shape {
    FIELD_END,
    FIELD_UINT,
    FIELD_INT,
    FIELD_TEXT,
    FIELD_UID,
    FIELD_MAP,
    FIELD_MAYBE,
    FIELD_ARRAY
};

struct part {
    enum shape shape;
    size_t offset;
    const char *name;
};

#define PART(shape, member)                                                                        \
    {                                                                                              \
        FIELD_##shape, offsetof(struct nodewire, member), #member                                  \
    }
#define POD_KEY PART(TEXT, ns), PART(TEXT, name), PART(UID, uid), PART(UINT, revision)

enum { PARTS_MAX = 12 };
static const struct message {
    enum nodewire_type type;
    const char *name;
    struct part parts[PARTS_MAX]; /* ended by FIELD_END */
} messages[] = {
    {NODEWIRE_HELLO,
     "hello",
     {PART(UINT, version), PART(TEXT, token), PART(TEXT, name), PART(TEXT, boot), PART(MAP, body),
      PART(MAYBE, status)}},
    {NODEWIRE_BEAT, "beat", {{0}}},
    {NODEWIRE_NODE_STATUS, "node status", {PART(MAP, status)}},
    {NODEWIRE_POD_STATUS, "pod status", {POD_KEY, PART(MAP, status)}},
    {NODEWIRE_POD_GONE, "pod gone", {POD_KEY}},
    {NODEWIRE_EVENT, "event", {PART(TEXT, ns), PART(TEXT, name), PART(MAP, body)}},
    {NODEWIRE_WELCOME, "welcome", {PART(UINT, heartbeat_ms)}},
    {NODEWIRE_REDIRECT, "redirect", {PART(TEXT, address), PART(TEXT, text)}},
    {NODEWIRE_REFUSE, "refuse", {PART(TEXT, text)}},
    {NODEWIRE_POD,
     "pod",
     {POD_KEY, PART(INT, created_s), PART(INT, deleted_s), PART(INT, grace_s), PART(MAP, body),
      PART(MAYBE, status), PART(ARRAY, needs)}},
    {NODEWIRE_GONE, "gone", {PART(UID, uid)}},
    {NODEWIRE_SYNCED, "synced", {{0}}},
    {NODEWIRE_AGAIN, "again", {PART(UID, uid)}},
};

static const struct message *message_of(int64_t type)
{
    for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
        if ((int64_t)messages[i].type == type) return &messages[i];
    }
    return NULL;
}

const char *nodewire_name(enum nodewire_type type)
{
    const struct message *m = message_of(type);
    return m ? m->name : "unknown";
}

static unsigned message_parts(const struct message *m)
{
    unsigned n = 0;
    while (n < PARTS_MAX && m->parts[n].shape != FIELD_END) n++;
    return n;
}

static void part_write(const struct part *part, const void *at, struct buf *out)
{
    const struct str *text = at;
    switch (part->shape) {
    case FIELD_UINT:
        mp_put_uint(out, *(const uint64_t *)at);
        break;
    case FIELD_INT:
        mp_put_int(out, *(const int64_t *)at);
        break;
    case FIELD_TEXT:
        mp_put_str(out, *text);
        break;
    case FIELD_UID:
        mp_put_bin(out, ((const struct uid *)at)->bytes, sizeof(struct uid));
        break;
    case FIELD_MAP:
    case FIELD_MAYBE:
        if (text->n != 0) {
            mp_put_raw(out, *text);
        } else if (part->shape == FIELD_MAYBE) {
            mp_put_nil(out);
        } else {
            mp_put_map(out, 0);
        }
        break;
    case FIELD_ARRAY:
        if (text->n != 0) {
            mp_put_raw(out, *text);
        } else {
            mp_put_array(out, 0);
        }
        break;
    case FIELD_END:
        break;
    }
}

void nodewire_write(const struct nodewire *m, struct buf *out)
{
    const struct message *message = message_of(m->type);
    assert(message != NULL);
    unsigned count = message_parts(message);
    mp_put_array(out, count + 1);
    mp_put_uint(out, m->type);
    for (unsigned i = 0; i < count; i++) {
        part_write(&message->parts[i], (const char *)m + message->parts[i].offset, out);
    }
}

static bool part_read(const struct part *part, struct mp v, void *at)
{
    switch (part->shape) {
    case FIELD_UINT:
        if (v.type != MP_UINT && (v.type != MP_INT || v.i < 0)) return false;
        *(uint64_t *)at = v.u;
        return true;
    case FIELD_INT:
        if (v.type != MP_INT) return false;
        *(int64_t *)at = v.i;
        return true;
    case FIELD_TEXT:
        if (v.type != MP_STR) return false;
        *(struct str *)at = v.s;
        return true;
    case FIELD_UID:
        if (v.type != MP_BIN || v.s.n != sizeof(struct uid)) return false;
        memcpy(at, v.s.p, sizeof(struct uid));
        return true;
    case FIELD_MAP:
    case FIELD_MAYBE:
        if (part->shape == FIELD_MAYBE && v.type == MP_NIL) return true;
        if (v.type != MP_MAP) return false;
        *(struct str *)at = v.raw;
        return true;
    case FIELD_ARRAY:
        if (v.type != MP_ARRAY) return false;
        *(struct str *)at = v.raw;
        return true;
    case FIELD_END:
        break;
    }
    return false;
}

int nodewire_read(const void *bytes, size_t n, struct nodewire *out, struct error *err)
{
    if (!mp_valid(bytes, n)) return error_set(err, E_INVALID, "frame is not one msgpack value");
    struct mp frame = mp_read(bytes, n);
    if (frame.type != MP_ARRAY) return error_set(err, E_INVALID, "frame is not an array");
    struct mp_iter it = mp_items(frame);
    if (!mp_iter_next(&it)) return error_set(err, E_INVALID, "frame is empty");
    const struct message *message = message_of(mp_i64(it.value, 0));
    if (message == NULL) return error_set(err, E_INVALID, "unknown message type");
    struct nodewire m = {.type = message->type};
    unsigned count = message_parts(message);
    for (unsigned i = 0; i < count; i++) {
        const struct part *part = &message->parts[i];
        if (!mp_iter_next(&it)) {
            return error_set(err, E_INVALID, "%s: %s is missing", message->name, part->name);
        }
        if (!part_read(part, it.value, (char *)&m + part->offset)) {
            return error_set(err, E_INVALID, "%s: %s has the wrong type", message->name,
                             part->name);
        }
    }
    *out = m;
    return 0;
}

bool nodewire_need_next(struct mp_iter *it, struct nodewire_need *out)
{
    while (mp_iter_next(it)) {
        struct mp kind = mp_at(it->value, 0), name = mp_at(it->value, 1),
                  body = mp_at(it->value, 2);
        if (kind.type != MP_STR || name.type != MP_STR) continue;
        if (body.type != MP_MAP && body.type != MP_NIL) continue;
        *out = (struct nodewire_need){.kind = kind.s, .name = name.s, .body = body};
        return true;
    }
    return false;
}
