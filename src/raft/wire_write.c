#include "raft/wire.h"

#include <assert.h>
#include <raft.h>

static void wire_head(struct buf *out, const struct wire *w, uint32_t fields)
{
    mp_put_array(out, 1 + fields);
    mp_put_uint(out, w->type);
}

void wire_write_append(struct buf *out, const struct wire *w, const struct raft_entry *entries,
                       unsigned count)
{
    size_t total = 64;
    for (unsigned i = 0; i < count; i++) total += entries[i].buf.len + 24;
    buf_reserve(out, total);
    wire_head(out, w, 5);
    mp_put_uint(out, w->term);
    mp_put_uint(out, w->append.prev_index);
    mp_put_uint(out, w->append.prev_term);
    mp_put_uint(out, w->append.commit);
    mp_put_array(out, count);
    for (unsigned i = 0; i < count; i++) {
        mp_put_array(out, 3);
        mp_put_uint(out, entries[i].term);
        mp_put_uint(out, entries[i].type);
        /* libraft fills barriers with 8 bytes that it never initialised. */
        mp_put_bin(out, entries[i].buf.base,
                   entries[i].type == RAFT_BARRIER ? 0 : entries[i].buf.len);
    }
}

static void wire_write_read(struct buf *out, const struct wire *w)
{
    bool term = w->type == WIRE_PING || w->type == WIRE_PONG;
    bool answer = w->type == WIRE_ANSWER;
    wire_head(out, w, answer ? 4 : term ? 3 : 2);
    mp_put_uint(out, w->read.boot);
    mp_put_uint(out, w->read.nonce);
    if (term) mp_put_uint(out, w->term);
    if (answer) {
        mp_put_int(out, w->read.status);
        mp_put_uint(out, w->read.index);
    }
}

static void wire_write_offer(struct buf *out, const struct wire *w)
{
    wire_head(out, w, 9);
    mp_put_uint(out, w->term);
    mp_put_uint(out, w->offer.stream);
    mp_put_uint(out, w->offer.revision);
    mp_put_uint(out, w->offer.index);
    mp_put_uint(out, w->offer.index_term);
    mp_put_uint(out, w->offer.size);
    mp_put_uint(out, w->offer.conf_index);
    mp_put_bin(out, w->offer.conf.p, w->offer.conf.n);
    mp_put_bin(out, w->offer.seats.p, w->offer.seats.n);
}

void wire_put_record(struct buf *out, const struct record *r)
{
    mp_put_array(out, 5);
    mp_put_uint(out, r->term);
    mp_put_uint(out, r->type);
    mp_put_uint(out, r->first_revision);
    mp_put_int(out, r->time_ms);
    mp_put_bin(out, r->payload.p, r->payload.n);
}

static void wire_write_log(struct buf *out, const struct wire *w)
{
    wire_head(out, w, w->type == WIRE_FETCH ? 5 : 4);
    mp_put_uint(out, w->log.stream);
    mp_put_uint(out, w->log.after);
    if (w->type == WIRE_FETCH) {
        mp_put_uint(out, w->log.last);
        mp_put_uint(out, w->log.limit);
        mp_put_bin(out, w->log.chain.p, w->log.chain.n);
    } else {
        mp_put_uint(out, w->log.verdict);
        mp_put(out, w->log.records);
    }
}

void wire_write(struct buf *out, const struct wire *w)
{
    switch (w->type) {
    case WIRE_APPEND:
        wire_write_append(out, w, NULL, 0);
        break;
    case WIRE_APPENDED:
        wire_head(out, w, 3);
        mp_put_uint(out, w->term);
        mp_put_uint(out, w->appended.rejected);
        mp_put_uint(out, w->appended.last_index);
        break;
    case WIRE_VOTE:
        wire_head(out, w, 4);
        mp_put_uint(out, w->term);
        mp_put_uint(out, w->vote.last_index);
        mp_put_uint(out, w->vote.last_term);
        mp_put_bool(out, w->vote.pre);
        break;
    case WIRE_VOTED:
        wire_head(out, w, 3);
        mp_put_uint(out, w->term);
        mp_put_bool(out, w->voted.granted);
        mp_put_bool(out, w->voted.pre);
        break;
    case WIRE_OFFER:
        wire_write_offer(out, w);
        break;
    case WIRE_PULL:
    case WIRE_CHUNK:
        wire_head(out, w, w->type == WIRE_CHUNK ? 3 : 2);
        mp_put_uint(out, w->chunk.stream);
        mp_put_uint(out, w->chunk.offset);
        if (w->type == WIRE_CHUNK) mp_put_bin(out, w->chunk.bytes.p, w->chunk.bytes.n);
        break;
    case WIRE_PING:
    case WIRE_PONG:
    case WIRE_ASK:
    case WIRE_ANSWER:
        wire_write_read(out, w);
        break;
    case WIRE_TELL:
        wire_head(out, w, 1);
        mp_put_bin(out, w->tell.p, w->tell.n);
        break;
    case WIRE_FETCH:
    case WIRE_RECORDS:
        wire_write_log(out, w);
        break;
    }
    assert(out->len > 0);
}
