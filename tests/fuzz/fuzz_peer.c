/* A frame from another master, whatever its bytes: refused, or a message that means the same when
 * it is written again. */
#include "base/mem.h"
#include "raft/peers_internal.h"
#include "raft/wire.h"

#include <assert.h>
#include <raft.h>

static void fuzz_append(const struct wire *w)
{
    struct raft_entry *entries = wire_entries(w);
    struct buf buf_auto frame = BUF_INIT;
    struct wire again;
    wire_write_append(&frame, w, entries, w->append.count);
    assert(wire_read((struct str){frame.data, frame.len}, &again, NULL) == 0);
    assert(again.append.count == w->append.count && again.append.commit == w->append.commit);
    if (!entries) return;
    raft_free(entries[0].batch);
    raft_free(entries);
}

static void fuzz_other(const struct wire *w)
{
    struct buf buf_auto frame = BUF_INIT, twice = BUF_INIT;
    struct wire again;
    wire_write(&frame, w);
    assert(wire_read((struct str){frame.data, frame.len}, &again, NULL) == 0);
    wire_write(&twice, &again);
    assert(frame.len == twice.len && memcmp(frame.data, twice.data, frame.len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error err;
    struct wire w;
    struct hello hello;
    char *exact = mem_copy(data, size); /* a sanitizer sees every step beyond */
    if (wire_read((struct str){exact, size}, &w, &err) == 0) {
        if (w.type == WIRE_APPEND)
            fuzz_append(&w);
        else
            fuzz_other(&w);
    }
    (void)hello_read(&hello, exact, size, &err);
    mem_free(exact);
    return 0;
}
