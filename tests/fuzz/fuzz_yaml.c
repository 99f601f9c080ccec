/* Any text: what is read is a valid document of bounded size, and says the same as JSON. */
#include "proto/json.h"
#include "proto/yaml.h"

#include <assert.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    buf_auto struct buf out = BUF_INIT, json = BUF_INIT, again = BUF_INIT;
    struct error err = {0};
    int rc = yaml_parse((const char *)data, size, &out, &err);
    assert(rc ? out.len == 0 && err.text[0] != '\0' : mp_valid(out.data, out.len));
    assert(out.len <= 2 * (size_t)JSON_BODY_MAX);
    if (rc) return 0;
    struct mp v = mp_read(out.data, out.len);
    json_write(v, &json);
    if (v.type == MP_MAP && json_parse(json.data, json.len, &again, NULL) == 0)
        assert(yaml_parse(json.data, json.len, &again, NULL) == 0);
    return 0;
}
