/* Commands and results on their way between masters: refused, or the same when they are written
 * and read again. */
#include "actors/command.h"

#include "base/buf.h"
#include "base/mem.h"

#include <assert.h>

static void fuzz_command(struct str bytes)
{
    struct buf first buf_auto = BUF_INIT, second buf_auto = BUF_INIT;
    struct command *c, *again;
    struct error err;
    if (command_decode(bytes, &c, &err)) return;
    command_encode(c, &first);
    int rc = command_decode((struct str){first.data, first.len}, &again, &err);
    assert(rc == 0);
    command_encode(again, &second);
    assert(str_eq((struct str){first.data, first.len}, (struct str){second.data, second.len}));
    command_free(c);
    command_free(again);
}

static void fuzz_result(struct str bytes)
{
    struct buf text buf_auto = BUF_INIT;
    struct result r = {0}, again = {0};
    struct error err;
    if (result_decode(bytes, &r, &err)) return;
    result_encode(&r, &text);
    int rc = result_decode((struct str){text.data, text.len}, &again, &err);
    assert(rc == 0 && again.http == r.http && again.revision == r.revision);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    schema_init();
    fuzz_command((struct str){(const char *)data, n});
    fuzz_result((struct str){(const char *)data, n});
    return 0;
}
