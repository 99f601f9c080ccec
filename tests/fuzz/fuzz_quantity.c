/* The canonical text of a quantity is its own canonical text and says the same number. */
#include "proto/quantity.h"
#include "proto/timefmt.h"

#include <assert.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_time(struct str text)
{
    char formatted[TIME_TEXT];
    int64_t us, again;
    if (!time_parse(text, &us)) return;
    time_format_us(us, formatted);
    assert(time_parse(str_of(formatted), &again));
    /* An offset can lead out of the years that have a text. */
    if (us >= -62167219200000000 && us < 253402300800000000) assert(us == again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size};
    buf_auto struct buf once = BUF_INIT, twice = BUF_INIT;
    int64_t milli, again;
    fuzz_time(text);
    if (!quantity_canonical(text, &once)) {
        assert(!quantity_milli(text, &milli));
        return 0;
    }
    struct str canonical = {once.data, once.len};
    assert(quantity_canonical(canonical, &twice));
    assert(once.len == twice.len && memcmp(once.data, twice.data, once.len) == 0);
    assert(quantity_milli(text, &milli) && quantity_milli(canonical, &again));
    assert(milli == again);
    return 0;
}
