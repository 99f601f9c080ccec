/* Term-and-vote slots from arbitrary bytes: what is accepted is exactly what would be written. */
#include "store/inside.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    unsigned char bytes[SLOT_SIZE] = {0}, again[SLOT_SIZE];
    struct slot_value v;
    memcpy(bytes, data, n < sizeof bytes ? n : sizeof bytes);
    if (slot_decode(bytes, &v) == 0) {
        struct slot_value w;
        slot_encode(&v, again);
        assert(slot_decode(again, &w) == 0);
        assert(v.sequence == w.sequence && v.term == w.term && v.vote == w.vote);
    }
    if (n < sizeof v) return 0;
    memcpy(&v, data, sizeof v);
    slot_encode(&v, again);
    if (n > sizeof v) { /* one flipped bit is always noticed */
        size_t bit = (data[sizeof v] * 257u + data[n - 1]) % (SLOT_SIZE * 8);
        struct slot_value w;
        again[bit / 8] ^= (unsigned char)(1u << bit % 8);
        assert(slot_decode(again, &w) == E_CORRUPT);
    }
    return 0;
}
