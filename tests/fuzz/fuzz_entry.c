/* Bytes that claim to be an entry or an object's version: read without harm, whatever they are. */
#include "proto/event.h"

#include <assert.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int fuzz_event(void *ctx, const struct entry_head *head, const struct txn *txn,
                      uint64_t revision, const struct event *e)
{
    uint32_t *seen = ctx;
    (void)txn;
    assert(e->kind && revision == head->first_revision + *seen);
    if (e->type == EVENT_CREATED) assert(doc_root(e->body).type == MP_MAP);
    ++*seen;
    return 0;
}

static struct doc *fuzz_find(void *ctx, const struct digest *d)
{
    (void)ctx, (void)d;
    return doc_empty();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str bytes = {(const char *)data, size};
    struct entry_head head = {0};
    uint32_t seen = 0;
    struct error err = {0};
    struct object *o;
    schema_init();
    int peeked = entry_peek(bytes, &head, &err);
    int rc = entry_read(bytes, fuzz_event, &seen, &err);
    assert(rc == 0 || err.text[0]);
    assert(seen <= head.event_count || peeked);
    if (rc == 0) assert(peeked == 0 && seen == head.event_count);
    if (object_decode(bytes, fuzz_find, NULL, &o, NULL)) return 0;
    buf_auto struct buf form = BUF_INIT;
    if (!o->id->kind->custom) { /* its form is a matter of its definition */
        object_put_doc(o, NULL, &form);
        assert(mp_valid(form.data, form.len));
    }
    object_unref(o);
    return 0;
}
