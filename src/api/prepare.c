#include "api/prepare.h"

#include "api/edit.h"
#include "proto/base64.h"

/* data with stringData laid over it. */
static void prepare_secret_data(struct mp doc, struct buf *out)
{
    buf_auto struct buf text = BUF_INIT;
    struct mp data = mp_get(doc, "data"), clear = mp_get(doc, "stringData");
    size_t mark = mp_begin(out);
    uint32_t pairs = 0;
    for (struct mp_iter it = mp_items(data); mp_iter_next(&it);) {
        if (mp_get_str(clear, it.key).type == MP_STR) continue;
        mp_put_str(out, it.key);
        mp_put(out, it.value);
        pairs++;
    }
    for (struct mp_iter it = mp_items(clear); mp_iter_next(&it);) {
        mp_put_str(out, it.key);
        buf_clear(&text);
        base64_encode(mp_str(it.value), &text);
        mp_put_str(out, edit_bytes(&text));
        pairs++;
    }
    mp_end_map(out, mark, pairs);
}

void prepare_place(const struct kind *kind, struct mp doc, struct str name, struct str ns,
                   struct buf *out)
{
    buf_auto struct buf n = BUF_INIT, s = BUF_INIT, metadata = BUF_INIT, data = BUF_INIT;
    if (name.p) mp_put_str(&n, name);
    if (ns.p) mp_put_str(&s, ns);
    struct edit in_metadata[] = {{"managedFields", {0}},
                                 {"selfLink", {0}},
                                 {"namespace", edit_bytes(&s)},
                                 {"name", edit_bytes(&n)}};
    edit_map(mp_get(doc, "metadata"), in_metadata, name.p ? 4 : 3, &metadata);
    struct edit edits[] = {{"metadata", edit_bytes(&metadata)}, {"stringData", {0}}, {"data", {0}}};
    size_t count = 1;
    if (kind == kind_secret && mp_get(doc, "stringData").type == MP_MAP) {
        prepare_secret_data(doc, &data);
        edits[2].value = edit_bytes(&data);
        count = 3;
    }
    edit_map(doc, edits, count, out);
}

/* Nobody asks in another's name. */
static void prepare_requester(struct mp spec, struct str user, struct buf *out)
{
    buf_auto struct buf name = BUF_INIT;
    mp_put_str(&name, user);
    struct edit who[] = {
        {"username", edit_bytes(&name)}, {"uid", {0}}, {"groups", {0}}, {"extra", {0}}};
    edit_map(spec, who, sizeof who / sizeof *who, out);
}

void prepare_new(const struct kind *kind, struct mp doc, struct str user, struct buf *out)
{
    buf_auto struct buf status = BUF_INIT, spec = BUF_INIT;
    struct edit edits[] = {{"status", {0}}, {"spec", {0}}};
    struct mp given = mp_get(doc, "spec");
    bool asks = !strcmp(kind->key, "certificatesigningrequests.certificates.k8s.io");
    if (asks && given.type == MP_MAP) {
        prepare_requester(given, user, &spec);
        edits[1].value = edit_bytes(&spec);
    }
    if (kind == kind_service) {
        mp_put_map(&status, 1);
        mp_put_z(&status, "loadBalancer");
        mp_put_map(&status, 0);
        edits[0].value = edit_bytes(&status);
    }
    /* A node comes with its status; others begin with the one that their actor gives them. */
    bool begins = kind->has_status && kind != kind_node;
    edit_map(doc, edits, begins ? 1 + (size_t)(spec.len > 0) : 0, out);
}

void prepare_again(struct mp doc, struct mp old, struct buf *out)
{
    buf_auto struct buf metadata = BUF_INIT;
    struct edit name = {"generateName", mp_path(old, "metadata.generateName").raw};
    edit_map(mp_get(doc, "metadata"), &name, 1, &metadata);
    struct edit edit = {"metadata", edit_bytes(&metadata)};
    edit_map(doc, &edit, 1, out);
}
