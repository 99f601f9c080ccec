/* A schema, a zero byte, an object (both JSON), and perhaps another zero byte and a JSONPath:
 * whatever they say, pruning and defaulting leave valid documents and have no more to do the second
 * time, and a schema that is let in can be served. */
#include "base/arena.h"
#include "proto/definition_type.h"
#include "proto/json.h"
#include "proto/jsonpath.h"
#include "proto/structural.h"
#include "proto/structural_check.h"

#include <assert.h>

static struct str fuzz_part(struct str *rest)
{
    const char *zero = rest->n ? memchr(rest->p, '\0', rest->n) : NULL;
    struct str part = {rest->p, zero ? (size_t)(zero - rest->p) : rest->n};
    size_t used = part.n + (zero != NULL);
    *rest = (struct str){rest->p + used, rest->n - used};
    return part;
}

static void fuzz_object(const struct structural *s, struct mp doc)
{
    struct buf pruned buf_auto = BUF_INIT, filled buf_auto = BUF_INIT, again buf_auto = BUF_INIT;
    struct causes causes = {0};
    structural_prune(s, doc, true, &causes, &pruned);
    assert(mp_valid(pruned.data, pruned.len));
    structural_prune(s, mp_read(pruned.data, pruned.len), true, NULL, &again);
    assert(mp_same(mp_read(pruned.data, pruned.len), mp_read(again.data, again.len)));
    structural_default(s, mp_read(pruned.data, pruned.len), &filled);
    assert(mp_valid(filled.data, filled.len));
    buf_clear(&again);
    structural_default(s, mp_read(filled.data, filled.len), &again);
    assert(mp_same(mp_read(filled.data, filled.len), mp_read(again.data, again.len)));
    structural_validate(s, mp_read(filled.data, filled.len), "", &causes);
    causes_free(&causes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct buf schema buf_auto = BUF_INIT, doc buf_auto = BUF_INIT;
    struct str rest = {(const char *)data, n}, one = fuzz_part(&rest), two = fuzz_part(&rest);
    struct causes causes = {0};
    struct error err = {0};
    schema_init();
    if (json_parse(one.p, one.n, &schema, &err) || json_parse(two.p, two.n, &doc, &err)) return 0;
    struct mp root = mp_read(schema.data, schema.len), object = mp_read(doc.data, doc.len);
    struct arena *memory = arena_new();
    const struct structural *s;
    const struct jsonpath *path;
    structural_check(root, "s", &causes);
    int rc = structural_compile(memory, root, &s, &err);
    assert(rc == 0 || causes.count || err.text[0]);
    if (rc == 0) fuzz_object(s, object);
    if (rc == 0 && s->type == STRUCTURAL_OBJECT) assert(definition_type(memory, s, "x"));
    if (jsonpath_compile(memory, rest, &path, NULL) == 0) jsonpath_first(path, object);
    arena_free(memory);
    causes_free(&causes);
    return 0;
}
