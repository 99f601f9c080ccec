/* Any bytes as a protobuf body: an error or a valid document, nothing else. */
#include "proto/protobuf.h"

#include "proto/mp.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    schema_init();
    const struct type *types[] = {NULL, type_by_name("core.v1.Pod")};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        struct buf out buf_auto = BUF_INIT;
        struct error err;
        if (!protobuf_decode((struct str){(const char *)data, n}, types[i], &out, &err))
            assert(mp_valid(out.data, out.len));
        else
            assert(out.len == 0);
    }
    return 0;
}
