/* FieldsV1: {"f:spec":{"f:containers":{"k:{\"name\":\"a\"}":{".":{},"f:image":{}}}}}. What leads to
 * nothing more is a member; what leads on is one when it has the field ".". */
#include "base/mem.h"
#include "proto/fieldset.h"
#include "proto/json.h"

static int form_refuse(struct str key, struct error *err)
{
    return error_set(err, E_INVALID, "\"%.*s\" is no path element of FieldsV1",
                     (int)(key.n < 100 ? key.n : 100), key.p ? key.p : "");
}

static int form_read_key(struct arena *a, struct mp fields, struct step *out)
{
    struct step_field *list = mem_alloc((fields.count + 1) * sizeof *list);
    uint32_t count = 0;
    for (struct mp_iter it = mp_items(fields); mp_iter_next(&it);)
        list[count++] = (struct step_field){it.key, it.value};
    *out = step_of_key(a, list, count);
    mem_free(list);
    return 0;
}

static int form_read_index(struct arena *a, struct mp v, struct step *out)
{
    int64_t index = mp_i64(v, -1);
    if (index < 0 || index > INT32_MAX) return E_INVALID;
    *out = step_of_index(a, (uint32_t)index);
    return 0;
}

/* Keys and values are written anew: equal ones must have equal texts, whoever wrote them. */
static int form_read_step(struct arena *a, struct str key, struct step *out, struct error *err)
{
    buf_auto struct buf packed = BUF_INIT;
    int rc = E_INVALID;
    if (key.n < 2 || key.p[1] != ':') return form_refuse(key, err);
    struct str text = {key.p + 2, key.n - 2};
    if (key.p[0] == STEP_FIELD) {
        *out = (struct step){STEP_FIELD, text};
        return 0;
    }
    if (json_parse(text.p, text.n, &packed, NULL)) return form_refuse(key, err);
    struct mp v = mp_read(packed.data, packed.len);
    if (key.p[0] == STEP_KEY && v.type == MP_MAP) rc = form_read_key(a, v, out);
    if (key.p[0] == STEP_INDEX) rc = form_read_index(a, v, out);
    if (key.p[0] == STEP_VALUE) {
        *out = step_of_value(a, v);
        rc = 0;
    }
    return rc ? form_refuse(key, err) : 0;
}

static int form_read(struct arena *a, struct mp fields, struct fieldset *out, bool *itself,
                     struct error *err)
{
    if (fields.type != MP_MAP) return error_set(err, E_INVALID, "FieldsV1 must hold objects only");
    *itself = fields.count == 0;
    for (struct mp_iter it = mp_items(fields); mp_iter_next(&it);) {
        struct step step = {0};
        struct fieldset below = {0};
        bool member = false;
        if (str_is(it.key, ".")) {
            *itself = true;
            continue;
        }
        int rc = form_read_step(a, it.key, &step, err);
        if (!rc) rc = form_read(a, it.value, &below, &member, err);
        if (rc) return rc;
        struct fieldset_node *node = fieldset_add(a, out, step);
        node->marks = member ? FIELDSET_MEMBER : 0;
        node->below = below;
    }
    return 0;
}

int fieldset_read(struct arena *a, struct mp fields, struct fieldset *out, struct error *err)
{
    struct fieldset s = {0};
    bool whole;
    int rc = form_read(a, fields, &s, &whole, err);
    if (rc) return rc;
    fieldset_finish(a, &s);
    *out = s;
    return 0;
}

static void form_write(const struct fieldset *s, bool itself, struct buf *out)
{
    mp_put_map(out, s->count + itself);
    if (itself) {
        mp_put_z(out, ".");
        mp_put_map(out, 0);
    }
    for (uint32_t i = 0; i < s->count; i++) {
        const struct fieldset_node *node = &s->nodes[i];
        mp_put_str_head(out, node->step.text.n + 2);
        buf_putc(out, (char)node->step.kind);
        buf_putc(out, ':');
        buf_append(out, node->step.text.p, node->step.text.n);
        form_write(&node->below, node->marks && node->below.count, out);
    }
}

void fieldset_write(const struct fieldset *s, struct buf *out)
{
    form_write(s, false, out);
}

static void form_each(const struct fieldset *s, struct buf *path, fieldset_see *see, void *ctx)
{
    size_t before = path->len;
    for (uint32_t i = 0; i < s->count; i++) {
        const struct fieldset_node *node = &s->nodes[i];
        step_format(node->step, path);
        if (node->marks) see(ctx, (struct str){path->data, path->len});
        form_each(&node->below, path, see, ctx);
        path->len = before;
    }
}

void fieldset_each(const struct fieldset *s, fieldset_see *see, void *ctx)
{
    buf_auto struct buf path = BUF_INIT;
    form_each(s, &path, see, ctx);
}
