/* Whatever is accepted as JSON is a valid document that reads back the same after it was written.
 */
#include "proto/json.h"

#include <assert.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    buf_auto struct buf first = BUF_INIT, text = BUF_INIT, second = BUF_INIT, again = BUF_INIT;
    struct error err;
    if (json_parse((const char *)data, size, &first, &err)) {
        assert(first.len == 0 && err.text[0]);
        json_write(mp_read(data, size), &text); /* as msgpack it must do no harm either */
        return 0;
    }
    assert(mp_valid(first.data, first.len));
    json_write(mp_read(first.data, first.len), &text);
    /* Integral doubles become integers on the way, and -0 becomes 0: from then on it is stable. */
    assert(json_parse(text.data, text.len, &second, &err) == 0);
    buf_clear(&text);
    json_write(mp_read(second.data, second.len), &text);
    buf_clear(&second);
    assert(json_parse(text.data, text.len, &second, &err) == 0);
    json_write(mp_read(second.data, second.len), &again);
    assert(text.len == again.len && memcmp(text.data, again.data, text.len) == 0);
    return 0;
}
