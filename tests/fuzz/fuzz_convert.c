/* Any JSON as an object of a version that is not the stored one; the first byte picks it. What the
 * version's structure lets in becomes a valid stored document and is shown again as one, and what
 * was shown once is shown the same the next time. */
#include "proto/admit.h"
#include "proto/convert.h"
#include "proto/json.h"

#include <assert.h>

enum { VERSIONS_MAX = 256 };

static const struct kind_version *fuzz_versions[VERSIONS_MAX];
static unsigned fuzz_version_count;

static void fuzz_find_versions(void)
{
    for (unsigned i = 0; i < kind_builtin_count(); i++) {
        const struct kind *kind = kind_at(i);
        for (unsigned k = 1; k < kind->version_count && fuzz_version_count < VERSIONS_MAX; k++)
            if (convert_needed(&kind->versions[k]))
                fuzz_versions[fuzz_version_count++] = &kind->versions[k];
    }
    assert(fuzz_version_count);
}

static struct mp fuzz_read(const struct buf *b)
{
    assert(mp_valid(b->data, b->len));
    return mp_read(b->data, b->len);
}

static void fuzz_convert(const struct kind_version *v, struct mp doc)
{
    struct buf stored buf_auto = BUF_INIT, shown buf_auto = BUF_INIT, again buf_auto = BUF_INIT,
                      twice buf_auto = BUF_INIT;
    convert_to_stored(v, doc, &stored);
    convert_from_stored(v, fuzz_read(&stored), &shown);
    convert_to_stored(v, fuzz_read(&shown), &again);
    convert_from_stored(v, fuzz_read(&again), &twice);
    assert(mp_same(fuzz_read(&shown), fuzz_read(&twice)));
}

/* The same bytes as a stored object, which clients may have written in another version. */
static void fuzz_show(const struct kind_version *v, struct mp doc)
{
    struct buf pruned buf_auto = BUF_INIT, shown buf_auto = BUF_INIT;
    struct causes unknown = {0};
    struct error err;
    if (!admit_structure(v->kind->versions[0].type, doc, &pruned, &unknown, &err)) {
        convert_from_stored(v, fuzz_read(&pruned), &shown);
        fuzz_read(&shown);
    }
    causes_free(&unknown);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct buf doc buf_auto = BUF_INIT, pruned buf_auto = BUF_INIT, filled buf_auto = BUF_INIT;
    struct causes unknown = {0};
    struct error err;
    schema_init();
    if (!fuzz_version_count) fuzz_find_versions();
    if (!n || json_parse((const char *)data + 1, n - 1, &doc, &err)) return 0;
    const struct kind_version *v = fuzz_versions[data[0] % fuzz_version_count];
    if (!admit_structure(v->type, mp_read(doc.data, doc.len), &pruned, &unknown, &err)) {
        admit_version_defaults(v, fuzz_read(&pruned), &filled);
        fuzz_convert(v, fuzz_read(&filled));
    }
    fuzz_show(v, mp_read(doc.data, doc.len));
    causes_free(&unknown);
    return 0;
}
