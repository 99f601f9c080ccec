/* Log records and segment heads from arbitrary bytes. The checksum is put right first, else hardly
 * an input would get past it. */
#include "store/record.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void fuzz_base(const uint8_t *data, size_t n)
{
    struct record_base base, again;
    if (n != sizeof base) return;
    memcpy(&base, data, sizeof base);
    int rc = record_base_decode(&base, sizeof base, &again);
    record_base_seal(&base);
    assert(record_base_decode(&base, sizeof base, &again) == 0);
    assert(rc == E_CORRUPT || memcmp(data, &base, sizeof base) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct record r;
    struct digest previous;
    const char *what = NULL;
    uint64_t index = 0;
    fuzz_base(data, n);
    if (n >= 16) memcpy(&index, data + 8, sizeof index);
    if (record_decode(data, n, index, &r, &previous, &what)) assert(what != NULL);
    if (n < sizeof(struct record_header)) return 0;
    unsigned char *copy = malloc(n);
    memcpy(copy, data, n);
    uint32_t crc = crc32c(0, copy + 4, n - 4);
    memcpy(copy, &crc, sizeof crc);
    if (record_decode(copy, n, index, &r, &previous, &what) == 0) {
        assert(r.payload.n == n - sizeof(struct record_header));
        unsigned char *again = malloc(n);
        record_encode(&r, &previous, again);
        struct record_header a, b;
        memcpy(&a, copy, sizeof a);
        memcpy(&b, again, sizeof b);
        assert(a.flags != 0 || memcmp(copy, again, n) == 0);
        record_chain(&previous, &r);
        free(again);
    }
    free(copy);
    return 0;
}
