/* Two lines of JSON, each a FieldsV1: what is read is written back as an equal set, and sets
 * combine as sets do. */
#include "proto/fieldset.h"
#include "proto/json.h"

#include <assert.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool read_line(struct arena *a, struct str line, struct buf *keep, struct fieldset *out)
{
    struct error err = {0};
    if (json_parse(line.p, line.n, keep, NULL)) return false;
    int rc = fieldset_read(a, mp_read(keep->data, keep->len), out, &err);
    assert(!rc || err.text[0] != '\0');
    return rc == 0;
}

static void check_form(struct arena *a, const struct fieldset *s)
{
    buf_auto struct buf form = BUF_INIT;
    struct fieldset again;
    fieldset_write(s, &form);
    assert(mp_valid(form.data, form.len));
    assert(fieldset_read(a, mp_read(form.data, form.len), &again, NULL) == 0);
    assert(fieldset_equal(s, &again));
}

static void see(void *ctx, struct str path)
{
    *(size_t *)ctx += path.n;
}

static void check_sets(struct arena *a, const struct fieldset *x, const struct fieldset *y)
{
    struct fieldset all = fieldset_combine(a, FIELDSET_UNION, x, y);
    struct fieldset left = fieldset_combine(a, FIELDSET_DIFFERENCE, x, y);
    struct fieldset both = fieldset_combine(a, FIELDSET_INTERSECTION, x, y);
    struct fieldset whole = fieldset_combine(a, FIELDSET_UNION, &left, &both);
    struct fieldset none = fieldset_combine(a, FIELDSET_INTERSECTION, &left, y);
    struct fieldset rest = fieldset_combine(a, FIELDSET_DIFFERENCE, x, &all);
    size_t length = 0;
    assert(fieldset_equal(&whole, x) && fieldset_empty(&none) && fieldset_empty(&rest));
    fieldset_without(a, x, y);
    fieldset_each(&all, see, &length);
    check_form(a, &all);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str second = {(const char *)data, size}, first;
    buf_auto struct buf a = BUF_INIT, b = BUF_INIT;
    struct fieldset x = {0}, y = {0};
    struct arena *arena = arena_new();
    if (str_split(&second, '\n', &first) && second.p && read_line(arena, first, &a, &x) &&
        read_line(arena, second, &b, &y)) {
        check_form(arena, &x);
        check_sets(arena, &x, &y);
    }
    arena_free(arena);
    return 0;
}
