/* A selector that parses has a text form that parses to the same text; field selectors on any text.
 */
#include "proto/selector.h"

#include <assert.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_labels(struct str text)
{
    buf_auto struct buf once = BUF_INIT, twice = BUF_INIT;
    struct selector *s, *again;
    struct error err = {0};
    if (selector_parse(text, &s, &err)) {
        assert(err.text[0]);
        return;
    }
    selector_format(s, &once);
    assert(selector_parse((struct str){once.data ? once.data : "", once.len}, &again, NULL) == 0);
    selector_format(again, &twice);
    assert(once.len == twice.len);
    if (once.data && twice.data) assert(memcmp(once.data, twice.data, once.len) == 0);
    static const char label[] = {(char)0x81, (char)0xa1, 'a', (char)0xa1, 'b'}; /* {"a": "b"} */
    (void)selector_matches(s, mp_read(label, sizeof label));
    selector_free(s);
    selector_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size};
    struct field_selector *fields;
    struct selector *s;
    schema_init();
    fuzz_labels(text);
    if (field_selector_parse(kind_pod, text, &fields, NULL) == 0) field_selector_free(fields);
    struct mp doc = mp_read(data, size);
    if (!mp_valid(data, size)) return 0;
    if (selector_from_doc(doc, &s, NULL) == 0) selector_free(s);
    if (selector_from_map(doc, &s, NULL) == 0) selector_free(s);
    return 0;
}
