/* Entries on the way out. Events are encoded at once; documents are only gathered, and written when
 * the entry is finished. */
#include "base/mem.h"
#include "proto/event_code.h"

#include <assert.h>

void entry_begin(struct entry_writer *w)
{
    *w = (struct entry_writer){0};
}

static void entry_reset(struct entry_writer *w)
{
    struct doc **docs = (struct doc **)w->docs.data;
    for (uint32_t i = 0; i < w->doc_count; i++) doc_unref(docs[i]);
    map_free(&w->doc_index);
    buf_clear(&w->docs);
    buf_clear(&w->events);
    w->doc_count = w->txn_count = w->event_count = 0;
    w->doc_bytes = w->txn_mark = w->txn_events = 0;
}

void entry_free(struct entry_writer *w)
{
    entry_reset(w);
    buf_free(&w->docs);
    buf_free(&w->events);
}

static void entry_end_txn(struct entry_writer *w)
{
    if (w->txn_count) mp_end_array(&w->events, w->txn_mark, (uint32_t)w->txn_events);
}

void entry_txn(struct entry_writer *w, const struct txn *txn)
{
    static const struct request_id none;
    entry_end_txn(w);
    mp_put_array(&w->events, TXN_FIELDS);
    mp_put_str(&w->events, txn->who);
    if (memcmp(&txn->request, &none, sizeof none) == 0)
        mp_put_nil(&w->events);
    else
        mp_put_bin(&w->events, txn->request.bytes, sizeof txn->request.bytes);
    mp_put_uint(&w->events, txn->cause);
    w->txn_mark = mp_begin(&w->events);
    w->txn_events = 0;
    w->txn_count++;
}

/* Values in the index are one more than the number: a map cannot hold NULL. */
static uint32_t entry_doc(struct entry_writer *w, struct doc *d)
{
    void *known = map_get(&w->doc_index, &d->digest, sizeof d->digest);
    if (known) return (uint32_t)((uintptr_t)known - 1);
    doc_ref(d);
    buf_append(&w->docs, &d, sizeof(struct doc *));
    w->doc_bytes += d->len + sizeof(uint32_t) + 1;
    uintptr_t number = ++w->doc_count;
    map_put(&w->doc_index, &d->digest, sizeof d->digest, (void *)number); // NOLINT(*-int-to-ptr)
    return w->doc_count - 1;
}

static void entry_put_doc(struct entry_writer *w, struct doc *d, bool optional)
{
    assert(d || optional);
    if (d)
        mp_put_uint(&w->events, entry_doc(w, d));
    else
        mp_put_nil(&w->events);
}

static void entry_put_text(struct entry_writer *w, struct str s, bool optional)
{
    if (s.p || !optional)
        mp_put_str(&w->events, s);
    else
        mp_put_nil(&w->events);
}

static void entry_put_payload(struct entry_writer *w, const struct event *e, uint8_t item)
{
    bool optional = item & PAYLOAD_MAY;
    unsigned what = item & ~PAYLOAD_MAY;
    switch (what) {
    case PAYLOAD_BODY:
        entry_put_doc(w, e->body, optional);
        break;
    case PAYLOAD_STATUS:
        entry_put_doc(w, e->status, optional);
        break;
    case PAYLOAD_NODE:
        assert(e->node.p || optional);
        entry_put_text(w, e->node, optional);
        break;
    case PAYLOAD_CREATED_S:
        if (e->deleted_s)
            mp_put_int(&w->events, e->deleted_s);
        else
            mp_put_nil(&w->events);
        break;
    case PAYLOAD_DELETED_S:
        mp_put_int(&w->events, e->deleted_s);
        break;
    case PAYLOAD_GRACE_S:
        mp_put_int(&w->events, e->grace_s);
        break;
    case PAYLOAD_BUMPS:
        mp_put_bool(&w->events, e->bumps_generation);
        break;
    case PAYLOAD_BEARS_UID:
        if (e->bears_uid)
            mp_put_bool(&w->events, true);
        else
            mp_put_nil(&w->events);
        break;
    default:
        entry_put_text(w, e->text[what - PAYLOAD_TEXT_0], optional);
    }
}

void entry_event(struct entry_writer *w, const struct event *e)
{
    const struct event_form *form = event_form(e->type);
    assert(form && w->txn_count);
    uint32_t payload = 0;
    while (payload < PAYLOAD_MAX && form->items[payload] != PAYLOAD_END) payload++;
    /* Most objects do not need the last element: older builds can read of them, too. */
    uint32_t older = e->type == EVENT_CREATED && !e->bears_uid;
    payload -= older;
    mp_put_array(&w->events, EVENT_FIELDS + payload);
    mp_put_uint(&w->events, e->type);
    mp_put_uint(&w->events, form->version - older);
    mp_put_z(&w->events, e->kind->key);
    entry_put_text(w, e->ns, true);
    mp_put_str(&w->events, e->name);
    for (uint32_t i = 0; i < payload; i++) entry_put_payload(w, e, form->items[i]);
    w->txn_events++;
    w->event_count++;
}

size_t entry_size(const struct entry_writer *w)
{
    return w->events.len + w->doc_bytes;
}

void entry_finish(struct entry_writer *w, int64_t time_ms, uint64_t first_revision, struct buf *out)
{
    struct doc **docs = (struct doc **)w->docs.data;
    entry_end_txn(w);
    buf_reserve(out, entry_size(w) + 64);
    mp_put_array(out, ENTRY_FIELDS);
    mp_put_int(out, ENTRY_VERSION);
    mp_put_int(out, time_ms);
    mp_put_uint(out, first_revision);
    mp_put_array(out, w->doc_count);
    for (uint32_t i = 0; i < w->doc_count; i++) mp_put_bin(out, docs[i]->bytes, docs[i]->len);
    mp_put_array(out, w->txn_count);
    buf_append(out, w->events.data, w->events.len);
    entry_reset(w);
}
