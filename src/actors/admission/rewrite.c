/* Changing the body of a request on its way: from page to page, without documents in between. */
#include "actors/admission/plugin.h"

#include "actors/edit.h"

static struct mp page_root(const struct buf *page)
{
    struct mp root = {0};
    struct mp_cursor c = {page->data, page->data + page->len};
    mp_step(&c, &root);
    root.raw = edit_value(page);
    return root;
}

void admission_set(struct admission_request *r, const char *path, const struct buf *value)
{
    bool in_first = r->changed && r->body.raw.p == r->pages[0].data;
    struct buf *page = &r->pages[in_first];
    buf_clear(page);
    edit_put(page, r->body, path, value ? edit_value(value) : (struct str){0});
    r->body = page_root(page);
    r->changed = true;
}

void admission_put_with(struct buf *out, struct mp map, const char *key, const struct buf *value)
{
    uint32_t pairs = 1;
    size_t mark = mp_begin(out);
    for (struct mp_iter it = mp_items(map); mp_iter_next(&it);) {
        if (str_is(it.key, key)) continue;
        mp_put_str(out, it.key);
        mp_put(out, it.value);
        pairs++;
    }
    mp_put_z(out, key);
    mp_put_raw(out, edit_value(value));
    mp_end_map(out, mark, pairs);
}

bool admission_each_container(struct admission_request *r, const char *list, container_fn *one,
                              void *ctx)
{
    struct mp containers = mp_path(r->body, list);
    if (containers.type != MP_ARRAY || !containers.count) return false;
    buf_auto struct buf out = BUF_INIT;
    bool changed = false;
    mp_put_array(&out, containers.count);
    for (struct mp_iter it = mp_items(containers); mp_iter_next(&it);)
        changed |= one(ctx, it.value, &out);
    if (changed) admission_set(r, list, &out);
    return changed;
}
