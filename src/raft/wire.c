#include "raft/wire.h"

#include "base/mem.h"
#include "raft/fields.h"

#include <raft.h>

struct wire_entry {
    uint64_t term, type;
    struct str bytes;
};

static bool wire_entry_read(struct mp item, struct wire_entry *out)
{
    if (item.type != MP_ARRAY || item.count != 3) return false;
    struct fields f = {mp_items(item), true};
    out->term = fields_number(&f);
    out->type = fields_number(&f);
    out->bytes = fields_bin(&f, WIRE_ENTRY_MAX);
    return f.ok;
}

bool wire_is_seat(struct str command)
{
    uint64_t revision = SEAT_REVISION;
    return command.n >= ENTRY_HEADER && memcmp(command.p, &revision, sizeof revision) == 0;
}

/* What every kind of entry holds: libraft decodes a change without looking at its length. */
static int wire_entry_check(const struct wire_entry *e, struct error *err)
{
    struct raft_configuration conf;
    switch (e->type) {
    case RAFT_COMMAND:
        if (e->bytes.n < ENTRY_HEADER) return error_set(err, E_INVALID, "command without header");
        if (wire_is_seat(e->bytes) && e->bytes.n != ENTRY_HEADER + SEAT_BYTES)
            return error_set(err, E_INVALID, "a seat for nobody");
        return 0;
    case RAFT_BARRIER:
        return e->bytes.n == 0 ? 0 : error_set(err, E_INVALID, "barrier with content");
    case RAFT_CHANGE:
        if (e->bytes.n > WIRE_CONFIGURATION_MAX)
            return error_set(err, E_INVALID, "configuration too long");
        if (configuration_read(e->bytes, &conf, err)) return E_INVALID;
        raft_configuration_close(&conf);
        return 0;
    default:
        return error_set(err, E_INVALID, "entry of unknown type");
    }
}

static int wire_check_append(struct fields *f, struct wire *w, struct error *err)
{
    w->append.prev_index = fields_number(f);
    w->append.prev_term = fields_number(f);
    w->append.commit = fields_number(f);
    struct mp entries = fields_next(f);
    if (!f->ok || entries.type != MP_ARRAY || entries.count > WIRE_ENTRIES_MAX)
        return error_set(err, E_INVALID, "append: fields");
    if ((w->append.prev_index == 0) != (w->append.prev_term == 0) || w->append.prev_term > w->term)
        return error_set(err, E_INVALID, "append: previous entry");
    uint64_t term = w->append.prev_term ? w->append.prev_term : 1;
    struct mp_iter it = mp_items(entries);
    while (mp_iter_next(&it)) {
        struct wire_entry e;
        if (!wire_entry_read(it.value, &e)) return error_set(err, E_INVALID, "append: entry");
        if (e.term < term || e.term > w->term)
            return error_set(err, E_INVALID, "append: terms of entries out of order");
        term = e.term;
        int rc = wire_entry_check(&e, err);
        if (rc) return error_wrap(err, rc, "append");
    }
    w->append.entries = entries;
    w->append.count = entries.count;
    return 0;
}

bool wire_record_next(struct mp_iter *it, struct record *out)
{
    if (!mp_iter_next(it) || it->value.type != MP_ARRAY || it->value.count != 5) return false;
    struct fields f = {mp_items(it->value), true};
    *out = (struct record){.term = fields_number(&f)};
    uint64_t type = fields_number(&f);
    out->first_revision = fields_number(&f);
    out->time_ms = fields_signed(&f);
    out->payload = fields_bin(&f, WIRE_ENTRY_MAX);
    out->type = (uint8_t)type;
    return f.ok && type <= UINT8_MAX;
}

/* A record is what an entry becomes on disk: the header of a command stands in fields of its own.
 */
static int wire_check_record(const struct record *r, struct error *err)
{
    if (r->type == RAFT_COMMAND) return 0;
    if (r->first_revision || r->time_ms)
        return error_set(err, E_INVALID, "records: a revision for what is no command");
    if (r->type == RECORD_SEAT)
        return r->payload.n == SEAT_BYTES ? 0 : error_set(err, E_INVALID, "a seat for nobody");
    const struct wire_entry e = {r->term, r->type, r->payload};
    return wire_entry_check(&e, err);
}

static int wire_check_records(struct fields *f, struct wire *w, struct error *err)
{
    w->log.verdict = fields_number(f);
    struct mp records = fields_next(f);
    if (!f->ok || records.type != MP_ARRAY || records.count > WIRE_ENTRIES_MAX ||
        w->log.verdict > RECORDS_GONE || (w->log.verdict != RECORDS_FOLLOW && records.count))
        return error_set(err, E_INVALID, "records: fields");
    uint64_t term = 1;
    struct mp_iter it = mp_items(records);
    for (uint32_t i = 0; i < records.count; i++) {
        struct record r;
        if (!wire_record_next(&it, &r) || r.term < term)
            return error_set(err, E_INVALID, "records: record");
        int rc = wire_check_record(&r, err);
        if (rc) return rc;
        term = r.term;
    }
    w->log.records = records;
    w->log.count = records.count;
    return 0;
}

static int wire_check_offer(struct fields *f, struct wire *w, struct error *err)
{
    w->offer.stream = fields_nonce(f);
    w->offer.revision = fields_number(f);
    w->offer.index = fields_number(f);
    w->offer.index_term = fields_number(f);
    w->offer.size = fields_number(f);
    w->offer.conf_index = fields_number(f);
    w->offer.conf = fields_bin(f, WIRE_CONFIGURATION_MAX);
    w->offer.seats = fields_bin(f, WIRE_SEATS_MAX);
    if (!f->ok || w->offer.index == 0 || w->offer.index_term == 0 ||
        w->offer.index_term > w->term || w->offer.size == 0 || w->offer.conf_index == 0 ||
        w->offer.conf_index > w->offer.index)
        return error_set(err, E_INVALID, "offer: fields");
    struct raft_configuration conf;
    if (configuration_read(w->offer.conf, &conf, err)) return E_INVALID;
    raft_configuration_close(&conf);
    return 0;
}

static int wire_fields(struct fields *f, struct wire *w, struct error *err)
{
    bool has_term = w->type <= WIRE_OFFER;
    if (has_term) {
        w->term = fields_number(f);
        if (!f->ok || w->term == 0) return error_set(err, E_INVALID, "message without term");
    }
    switch (w->type) {
    case WIRE_APPEND:
        return wire_check_append(f, w, err);
    case WIRE_OFFER:
        return wire_check_offer(f, w, err);
    case WIRE_APPENDED:
        w->appended.rejected = fields_number(f);
        w->appended.last_index = fields_number(f);
        return 0;
    case WIRE_VOTE:
        w->vote.last_index = fields_number(f);
        w->vote.last_term = fields_number(f);
        w->vote.pre = fields_bool(f);
        if (w->vote.last_term > w->term || (w->vote.last_index == 0) != (w->vote.last_term == 0))
            f->ok = false;
        return 0;
    case WIRE_VOTED:
        w->voted.granted = fields_bool(f);
        w->voted.pre = fields_bool(f);
        return 0;
    case WIRE_PULL:
    case WIRE_CHUNK:
        w->chunk.stream = fields_nonce(f);
        w->chunk.offset = fields_number(f);
        if (w->type == WIRE_CHUNK) w->chunk.bytes = fields_bin(f, WIRE_FRAME_MAX);
        return 0;
    case WIRE_PING:
    case WIRE_PONG:
    case WIRE_ASK:
    case WIRE_ANSWER:
        w->read.boot = fields_nonce(f);
        w->read.nonce = fields_nonce(f);
        if (w->type == WIRE_PING || w->type == WIRE_PONG) w->term = fields_number(f);
        if (w->type == WIRE_ANSWER) {
            w->read.status = fields_signed(f);
            w->read.index = fields_number(f);
        }
        return 0;
    case WIRE_TELL:
        w->tell = fields_bin(f, WIRE_FRAME_MAX);
        return 0;
    case WIRE_FETCH:
        w->log.stream = fields_nonce(f);
        w->log.after = fields_number(f);
        w->log.last = fields_number(f);
        w->log.limit = fields_number(f);
        w->log.chain = fields_bin(f, sizeof(struct digest));
        if (w->log.chain.n != sizeof(struct digest) || w->log.after > w->log.last) f->ok = false;
        return 0;
    case WIRE_RECORDS:
        w->log.stream = fields_nonce(f);
        w->log.after = fields_number(f);
        return wire_check_records(f, w, err);
    }
    return error_set(err, E_INVALID, "unknown message type %d", (int)w->type);
}

int wire_read(struct str frame, struct wire *out, struct error *err)
{
    if (frame.n > WIRE_FRAME_MAX) return error_set(err, E_INVALID, "frame too long");
    struct mp root = mp_read(frame.p, frame.n);
    if (root.type != MP_ARRAY || root.raw.n != frame.n)
        return error_set(err, E_INVALID, "not one msgpack array");
    struct fields f = {mp_items(root), true};
    struct wire w = {0};
    uint64_t type = fields_number(&f);
    if (!f.ok || type < WIRE_APPEND || type > WIRE_RECORDS)
        return error_set(err, E_INVALID, "unknown message type");
    w.type = (enum wire_type)type;
    int rc = wire_fields(&f, &w, err);
    if (rc) return rc;
    if (!f.ok || mp_iter_next(&f.it))
        return error_set(err, E_INVALID, "wrong fields in message of type %d", (int)w.type);
    *out = w;
    return 0;
}

struct raft_entry *wire_entries(const struct wire *append)
{
    if (append->append.count == 0) return NULL;
    static const char zeros[8]; /* what a barrier holds in memory */
    size_t total = 1;           /* the batch must exist even when it is empty */
    struct wire_entry e;
    for (struct mp_iter it = mp_items(append->append.entries); mp_iter_next(&it);)
        if (wire_entry_read(it.value, &e))
            total += e.type == RAFT_BARRIER ? sizeof zeros : e.bytes.n;
    struct raft_entry *entries = raft_calloc(append->append.count, sizeof *entries);
    char *batch = raft_malloc(total), *p = batch;
    unsigned n = 0;
    for (struct mp_iter it = mp_items(append->append.entries); mp_iter_next(&it); n++) {
        if (!wire_entry_read(it.value, &e)) break;
        if (e.type == RAFT_BARRIER) e.bytes = (struct str){zeros, sizeof zeros};
        memcpy(p, e.bytes.p, e.bytes.n);
        entries[n] = (struct raft_entry){.term = e.term,
                                         .type = (unsigned short)e.type,
                                         .buf = {.base = p, .len = e.bytes.n},
                                         .batch = batch};
        p += e.bytes.n;
    }
    return entries;
}
