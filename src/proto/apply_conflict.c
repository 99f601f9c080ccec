/* Conflicts in kubectl's words. */
#include "proto/apply.h"

#include "base/mem.h"

#include <stdlib.h>

static int cause_order(const void *x, const void *y)
{
    const struct cause *a = *(const struct cause *const *)x, *b = *(const struct cause *const *)y;
    int order = strcmp(a->message, b->message);
    return order ? order : a < b ? -1 : a > b;
}

/* "conflict with X" of a cause, as "conflicts with X:" above its fields. */
static void conflict_head(const char *message, struct buf *out)
{
    static const char one[] = "conflict with ";
    buf_printf(out, "conflicts with %s:", message + sizeof one - 1);
}

static void conflict_groups(const struct causes *conflicts, struct buf *out)
{
    const struct cause **sorted = mem_alloc(conflicts->count * sizeof(struct cause *));
    for (size_t i = 0; i < conflicts->count; i++) sorted[i] = &conflicts->items[i];
    qsort(sorted, conflicts->count, sizeof(struct cause *), cause_order);
    for (size_t i = 0; i < conflicts->count; i++) {
        bool head = i == 0 || strcmp(sorted[i]->message, sorted[i - 1]->message) != 0;
        if (head && i) buf_putc(out, '\n');
        if (head) conflict_head(sorted[i]->message, out);
        buf_printf(out, "\n- %s", sorted[i]->field);
    }
    mem_free(sorted);
}

void apply_conflict_message(const struct causes *conflicts, struct buf *out)
{
    if (conflicts->count == 1) {
        buf_printf(out, "Apply failed with 1 conflict: %s: %s", conflicts->items[0].message,
                   conflicts->items[0].field);
        return;
    }
    buf_printf(out, "Apply failed with %zu conflicts: ", conflicts->count);
    conflict_groups(conflicts, out);
}
