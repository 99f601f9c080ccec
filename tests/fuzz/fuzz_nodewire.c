/* Frames as a hostile node or master may send them: never out of bounds, and what is read can be
 * written and read again. */
#include "proto/nodewire.h"

#include <assert.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct nodewire m, again;
    struct error err = {0};
    if (nodewire_read(data, size, &m, &err) < 0) {
        assert(err.text[0]);
        return 0;
    }
    struct buf buf_auto frame = BUF_INIT;
    nodewire_write(&m, &frame);
    assert(nodewire_read(frame.data, frame.len, &again, &err) == 0);
    assert(again.type == m.type);
    struct nodewire_need need;
    for (struct mp_iter it = mp_items(mp_read(m.needs.p, m.needs.n));
         nodewire_need_next(&it, &need);) {
        assert(need.name.p);
    }
    return 0;
}
