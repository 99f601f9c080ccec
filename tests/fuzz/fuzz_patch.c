/* A line with the kind of patch (j, m or s), a line with the target, and the patch: the result of
 * any patch is a valid document or an error. */
#include "proto/json.h"
#include "proto/patch.h"

#include <assert.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    buf_auto struct buf a = BUF_INIT, b = BUF_INIT, out = BUF_INIT;
    struct str rest = {(const char *)data, size}, how, target_text;
    struct error err = {0};
    schema_init();
    if (!str_split(&rest, '\n', &how) || !str_split(&rest, '\n', &target_text) || !rest.p) return 0;
    if (json_parse(target_text.p, target_text.n, &a, NULL) || json_parse(rest.p, rest.n, &b, NULL))
        return 0;
    struct mp target = mp_read(a.data, a.len), patch = mp_read(b.data, b.len);
    int rc;
    if (str_is(how, "j"))
        rc = patch_json(target, patch, &out, &err);
    else if (str_is(how, "m"))
        rc = patch_merge(target, patch, &out, &err);
    else
        rc = patch_strategic(kind_pod->versions[0].type, target, patch, &out, &err);
    assert(rc ? out.len == 0 && err.text[0] != '\0' : mp_valid(out.data, out.len));
    return 0;
}
