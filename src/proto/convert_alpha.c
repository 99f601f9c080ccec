/* What differs by more than names in the alpha versions of roles' subjects and runtime classes. */
#include "proto/schema_tables.h"

#define RBAC "rbac.authorization.k8s.io"

static uint32_t put_all_but(struct mp object, const char *left_out, struct buf *out)
{
    uint32_t count = 0;
    for (struct mp_iter it = mp_items(object); mp_iter_next(&it);) {
        if (str_is(it.key, left_out)) continue;
        mp_put_str(out, it.key);
        mp_put(out, it.value);
        count++;
    }
    return count;
}

/* ---- subjects: the alpha version tells group and version, stored is the group */

static struct str group_of(struct str api_version)
{
    const char *slash = memrchr(api_version.p ? api_version.p : "", '/', api_version.n);
    size_t n = slash ? (size_t)(slash - api_version.p) : 0;
    return (struct str){api_version.p, n};
}

static void put_api_version(struct mp subject, struct buf *out)
{
    buf_auto struct buf text = BUF_INIT;
    struct str group = mp_str(mp_get(subject, "apiGroup"));
    if (group.n) buf_printf(&text, "%.*s/v1alpha1", (int)group.n, group.p);
    mp_put_str(out, group.n ? (struct str){text.data, text.len} : STR("v1"));
}

convert_fn convert_rbac_subject;
void convert_rbac_subject(enum conversion how, struct mp object, struct buf *out)
{
    bool in = how == TO_STORED;
    size_t mark = mp_begin(out);
    uint32_t count = put_all_but(object, in ? "apiVersion" : "apiGroup", out);
    struct mp version = mp_get(object, "apiVersion");
    bool told = in && version.type == MP_STR && !mp_is(mp_get(object, "kind"), "ServiceAccount");
    if (told) {
        mp_put_z(out, "apiGroup");
        mp_put_str(out, group_of(mp_str(version)));
    } else if (!in) {
        mp_put_z(out, "apiVersion");
        put_api_version(object, out);
    }
    mp_end_map(out, mark, count + (uint32_t)(told || !in));
}

/* ---- runtime classes: what stands in the alpha version's spec is stored at the top */

static const struct {
    const char *alpha, *stored;
} class_fields[] = {
    {"runtimeHandler", "handler"}, {"overhead", "overhead"}, {"scheduling", "scheduling"}};
enum { CLASS_FIELDS = sizeof class_fields / sizeof *class_fields };

static uint32_t class_put(struct mp from, bool in, struct buf *out)
{
    uint32_t count = 0;
    for (size_t i = 0; i < CLASS_FIELDS; i++) {
        struct mp value = mp_get(from, in ? class_fields[i].alpha : class_fields[i].stored);
        if (value.type == MP_END) continue;
        mp_put_z(out, in ? class_fields[i].stored : class_fields[i].alpha);
        mp_put(out, value);
        count++;
    }
    return count;
}

static bool class_is_own(struct str key)
{
    for (size_t i = 0; i < CLASS_FIELDS; i++)
        if (str_is(key, class_fields[i].stored)) return true;
    return false;
}

convert_fn convert_runtime_class;
void convert_runtime_class(enum conversion how, struct mp object, struct buf *out)
{
    size_t mark = mp_begin(out), inner;
    uint32_t count = 0;
    if (how == TO_STORED) {
        count = put_all_but(object, "spec", out);
        mp_end_map(out, mark, count + class_put(mp_get(object, "spec"), true, out));
        return;
    }
    for (struct mp_iter it = mp_items(object); mp_iter_next(&it);) {
        if (class_is_own(it.key)) continue;
        mp_put_str(out, it.key);
        mp_put(out, it.value);
        count++;
    }
    mp_put_z(out, "spec");
    inner = mp_begin(out);
    mp_end_map(out, inner, class_put(object, false, out));
    mp_end_map(out, mark, count + 1);
}
