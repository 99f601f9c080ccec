#include "proto/apply_client.h"

#include "proto/json.h"
#include "proto/managed_versions.h"

#define LAST_APPLIED "kubectl.kubernetes.io/last-applied-configuration"

static bool client_is_kubectl(const struct apply *in)
{
    return str_is(in->writer.manager, "kubectl") && !in->writer.subresource.n;
}

static struct mp client_annotation(struct mp doc)
{
    return mp_get(mp_path(doc, "metadata.annotations"), LAST_APPLIED);
}

struct fieldset apply_client_owned(struct arena *a, const struct apply *in)
{
    struct fieldset owned = {0};
    buf_auto struct buf packed = BUF_INIT;
    struct mp text = client_annotation(in->live);
    if (!client_is_kubectl(in) || text.type != MP_STR) return owned;
    if (json_parse(text.s.p, text.s.n, &packed, NULL)) return owned;
    struct mp config = mp_read(packed.data, packed.len);
    const struct writer *w = &in->writer;
    const struct kind_version *v = version_of_writer(w, mp_str(mp_get(config, "apiVersion")));
    if (w->served && !v) return owned;
    const struct type *type = v ? v->type : w->type;
    struct mp live = version_document(a, w->served, v, in->live);
    struct fieldset set = {0};
    if (typed_fields(a, type, config, &set, NULL)) return owned;
    struct fieldset change = typed_compare(a, type, config, live);
    change = fieldset_select(a, &change, CHANGE_ADDED | CHANGE_MODIFIED | CHANGE_REMOVED);
    set = fieldset_combine(a, FIELDSET_DIFFERENCE, &set, &change);
    /* The texts of its steps are in `packed`: a copy that lives as long as the arena. */
    buf_auto struct buf form = BUF_INIT;
    fieldset_write(&set, &form);
    struct str kept = {arena_text(a, (struct str){form.data, form.len}), form.len};
    if (fieldset_read(a, mp_read(kept.p, kept.n), &owned, NULL)) return (struct fieldset){0};
    return owned;
}

/* A copy of `map` in which `key` has this value. */
static void client_replace(struct mp map, const char *key, struct str value, struct buf *out)
{
    mp_put_map(out, map.count);
    for (struct mp_iter it = mp_items(map); mp_iter_next(&it);) {
        mp_put_str(out, it.key);
        mp_put_raw(out, str_is(it.key, key) ? value : it.value.raw);
    }
}

static struct str client_bytes(const struct buf *b)
{
    return (struct str){b->data, b->len};
}

void apply_client_follow(const struct apply *in, struct mp next, struct buf *out)
{
    buf_auto struct buf json = BUF_INIT, text = BUF_INIT, annotations = BUF_INIT;
    buf_auto struct buf metadata = BUF_INIT;
    struct mp old = client_annotation(next);
    bool says_itself = client_annotation(in->config).type != MP_END;
    if (!client_is_kubectl(in) || old.type == MP_END || says_itself) {
        mp_put(out, next);
        return;
    }
    json_write(in->config, &json);
    buf_putc(&json, '\n');
    mp_put_str(&text, client_bytes(&json));
    struct mp meta = mp_get(next, "metadata");
    client_replace(mp_get(meta, "annotations"), LAST_APPLIED, client_bytes(&text), &annotations);
    client_replace(meta, "annotations", client_bytes(&annotations), &metadata);
    client_replace(next, "metadata", client_bytes(&metadata), out);
}
