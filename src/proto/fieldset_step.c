/* Steps: their texts, and how people read them. */
#include "proto/fieldset.h"
#include "proto/json.h"

#include <stdio.h>
#include <stdlib.h>

static struct str step_keep(struct arena *a, struct str text)
{
    return (struct str){arena_text(a, text), text.n};
}

static int step_field_order(const void *x, const void *y)
{
    const struct step_field *a = x, *b = y;
    return str_cmp(a->name, b->name);
}

struct step step_of_key(struct arena *a, struct step_field *fields, uint32_t count)
{
    buf_auto struct buf text = BUF_INIT;
    if (count > 1) qsort(fields, count, sizeof *fields, step_field_order);
    buf_putc(&text, '{');
    for (uint32_t i = 0; i < count; i++) {
        if (i) buf_putc(&text, ',');
        json_write_str(fields[i].name, &text);
        buf_putc(&text, ':');
        json_write(fields[i].value, &text);
    }
    buf_putc(&text, '}');
    return (struct step){STEP_KEY, step_keep(a, (struct str){text.data, text.len})};
}

struct step step_of_value(struct arena *a, struct mp value)
{
    buf_auto struct buf text = BUF_INIT;
    json_write(value, &text);
    return (struct step){STEP_VALUE, step_keep(a, (struct str){text.data, text.len})};
}

struct step step_of_index(struct arena *a, uint32_t index)
{
    char text[16];
    int n = snprintf(text, sizeof text, "%u", index);
    return (struct step){STEP_INDEX, step_keep(a, (struct str){text, (size_t)n})};
}

/* [containerPort=80,protocol="TCP"] */
static void step_format_key(struct str json, struct buf *out)
{
    buf_auto struct buf packed = BUF_INIT;
    bool first = true;
    buf_putc(out, '[');
    if (json_parse(json.p, json.n, &packed, NULL) == 0)
        for (struct mp_iter it = mp_items(mp_read(packed.data, packed.len)); mp_iter_next(&it);) {
            buf_printf(out, "%s%.*s=", first ? "" : ",", (int)it.key.n, it.key.p);
            json_write(it.value, out);
            first = false;
        }
    buf_putc(out, ']');
}

void step_format(struct step step, struct buf *out)
{
    switch (step.kind) {
    case STEP_FIELD:
        buf_printf(out, ".%.*s", (int)step.text.n, step.text.p);
        break;
    case STEP_KEY:
        step_format_key(step.text, out);
        break;
    case STEP_VALUE:
        buf_printf(out, "[=%.*s]", (int)step.text.n, step.text.p);
        break;
    case STEP_INDEX:
        buf_printf(out, "[%.*s]", (int)step.text.n, step.text.p);
        break;
    }
}
