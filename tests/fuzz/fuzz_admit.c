/* Any JSON as an object of the kind that its first byte picks: structure, defaults and validation
 * either refuse it or leave a valid document, and defaults given twice are defaults given once. */
#include "proto/admit.h"
#include "proto/json.h"

#include <assert.h>

static void fuzz_document(const struct kind *kind, struct mp doc)
{
    struct buf pruned buf_auto = BUF_INIT, filled buf_auto = BUF_INIT, again buf_auto = BUF_INIT;
    struct causes unknown = {0}, causes = {0};
    struct error err;
    if (!admit_structure(kind->versions[0].type, doc, &pruned, &unknown, &err)) {
        assert(mp_valid(pruned.data, pruned.len));
        admit_defaults(kind, mp_read(pruned.data, pruned.len), &filled);
        assert(mp_valid(filled.data, filled.len));
        struct mp now = mp_read(filled.data, filled.len);
        admit_defaults(kind, now, &again);
        assert(mp_same(now, mp_read(again.data, again.len)));
        admit_validate(kind, now, (struct mp){0}, NULL, &causes);
        admit_validate(kind, now, mp_read(pruned.data, pruned.len), "status", &causes);
    }
    causes_free(&unknown);
    causes_free(&causes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct buf doc buf_auto = BUF_INIT;
    struct error err;
    schema_init();
    if (!n) return 0;
    if (json_parse((const char *)data + 1, n - 1, &doc, &err)) return 0;
    fuzz_document(kind_at(data[0] % kind_builtin_count()), mp_read(doc.data, doc.len));
    return 0;
}
