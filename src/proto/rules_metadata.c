/* What holds for the metadata of every object. */
#include "proto/checker.h"

#include "base/mem.h"

enum { ANNOTATIONS_MAX = 256 * 1024 };

/* A generated name is checked as it would become: the final dash gets company. */
static void metadata_generate_name(struct checker *c, struct str prefix)
{
    if (!prefix.n) return;
    mem_auto char *masked = mem_strndup(prefix.p, prefix.n);
    if (masked[prefix.n - 1] == '-' && prefix.n > 1) masked[prefix.n - 1] = 'a';
    const char *wrong = c->kind->name_check((struct str){masked, prefix.n});
    if (wrong) check_invalid_str(c, "generateName", prefix, wrong);
}

static void metadata_names(struct checker *c, struct mp meta)
{
    struct str name = mp_str(mp_get(meta, "name")), ns = mp_str(mp_get(meta, "namespace"));
    struct str prefix = mp_str(mp_get(meta, "generateName"));
    metadata_generate_name(c, prefix);
    const char *wrong = name.n ? c->kind->name_check(name) : NULL;
    if (wrong) check_invalid_str(c, "name", name, wrong);
    if (!name.n && !prefix.n) check_required(c, "name", "name or generateName is required");
    if (!c->kind->namespaced) {
        if (ns.n) check_forbidden(c, "namespace", "not allowed on this type");
        return;
    }
    wrong = ns.n ? name_check_dns_label(ns) : NULL;
    if (wrong) check_invalid_str(c, "namespace", ns, wrong);
}

static void metadata_annotations(struct checker *c, struct mp annotations)
{
    size_t total = 0;
    for (struct mp_iter it = mp_items(annotations); mp_iter_next(&it);) {
        /* Keys may have upper case in the prefix, for old annotations. */
        mem_auto char *lower = mem_strndup(it.key.n ? it.key.p : "", it.key.n);
        for (char *p = lower; *p; p++)
            if (*p >= 'A' && *p <= 'Z') *p = (char)(*p - 'A' + 'a');
        const char *wrong = name_check_qualified((struct str){lower, it.key.n});
        if (wrong) check_invalid_str(c, "annotations", it.key, wrong);
        total += it.key.n + mp_str(it.value).n;
    }
    if (total > ANNOTATIONS_MAX)
        check_add(c, "FieldValueTooLong", "annotations", "Too long: must have at most %d bytes",
                  ANNOTATIONS_MAX);
}

static void metadata_owners(struct checker *c, struct mp owners)
{
    static const char *const needed[][2] = {{"apiVersion", "version must not be empty"},
                                            {"kind", "kind must not be empty"},
                                            {"name", "name must not be empty"},
                                            {"uid", "uid must not be empty"}};
    struct str controller = {0};
    unsigned i = 0;
    for (struct mp_iter it = mp_items(owners); mp_iter_next(&it); i++) {
        for (size_t k = 0; k < sizeof needed / sizeof *needed; k++) {
            if (mp_str(mp_get(it.value, needed[k][0])).n) continue;
            mem_auto char *at = mem_printf("ownerReferences[%u].%s", i, needed[k][0]);
            check_invalid_str(c, at, STR(""), needed[k][1]);
        }
        if (!mp_bool(mp_get(it.value, "controller"), false)) continue;
        struct str name = mp_str(mp_get(it.value, "name"));
        if (controller.p)
            check_add(c, "FieldValueInvalid", "ownerReferences",
                      "Invalid value: %s: Only one reference can have Controller set to true. "
                      "Found \"true\" in references for %.*s and %.*s",
                      check_go(c, owners), (int)controller.n, controller.p, (int)name.n,
                      name.n ? name.p : "");
        controller = name.p ? name : STR("");
    }
}

static bool metadata_list_has(struct mp list, struct str text)
{
    for (struct mp_iter it = mp_items(list); mp_iter_next(&it);)
        if (str_eq(mp_str(it.value), text)) return true;
    return false;
}

static void metadata_finalizers(struct checker *c, struct mp finalizers, struct mp old_meta)
{
    static const char *const standard[] = {"kubernetes", "orphan", "foregroundDeletion"};
    bool deleted = mp_get(old_meta, "deletionTimestamp").type == MP_STR;
    unsigned i = 0;
    for (struct mp_iter it = mp_items(finalizers); mp_iter_next(&it); i++) {
        struct str name = mp_str(it.value);
        mem_auto char *at = mem_printf("finalizers[%u]", i);
        const char *wrong = name_check_qualified(name);
        bool known = false;
        for (size_t k = 0; k < sizeof standard / sizeof *standard; k++)
            known |= str_is(name, standard[k]);
        if (wrong)
            check_invalid_str(c, at, name, wrong);
        else if (!known && !memchr(name.p, '/', name.n))
            check_invalid_str(
                c, at, name, "name is neither a standard finalizer name nor is it fully qualified");
        if (deleted && !metadata_list_has(mp_get(old_meta, "finalizers"), name))
            check_add(c, "FieldValueForbidden", "finalizers",
                      "Forbidden: no new finalizers can be added if the object is being deleted, "
                      "found new finalizers []string{%s}",
                      check_quote(c, name));
    }
}

static void metadata_unchanged(struct checker *c, struct mp meta, struct mp old)
{
    static const char *const fields[] = {"name", "namespace", "uid", "creationTimestamp"};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        struct mp before = mp_get(old, fields[i]), now = mp_get(meta, fields[i]);
        /* Left out means as it was: the object is put together again from its identity. */
        if (check_empty(now) || check_empty(before) || mp_same(before, now)) continue;
        check_invalid(c, fields[i], now, "field is immutable");
    }
}

void check_metadata(struct checker *c)
{
    struct mp meta = mp_get(c->root, "metadata"), old = mp_get(c->old_root, "metadata");
    size_t mark = path_field(&c->path, STR("metadata"));
    metadata_names(c, meta);
    check_labels(c, "labels", mp_get(meta, "labels"));
    metadata_annotations(c, mp_get(meta, "annotations"));
    metadata_owners(c, mp_get(meta, "ownerReferences"));
    metadata_finalizers(c, mp_get(meta, "finalizers"), old);
    if (check_is_update(c)) metadata_unchanged(c, meta, old);
    path_cut(&c->path, mark);
}

check_fn check_template_metadata;
void check_template_metadata(struct checker *c, const struct check_scope *at)
{
    size_t mark = path_field(&c->path, STR("metadata"));
    check_labels(c, "labels", mp_get(at->value, "labels"));
    metadata_annotations(c, mp_get(at->value, "annotations"));
    path_cut(&c->path, mark);
}

check_fn check_label_selector;
void check_label_selector(struct checker *c, const struct check_scope *at)
{
    static const char *const operators[] = {"DoesNotExist", "Exists", "In", "NotIn", NULL};
    check_labels(c, "matchLabels", check_get(at, "matchLabels"));
    unsigned i = 0;
    struct mp_iter it = mp_items(check_get(at, "matchExpressions"));
    for (; mp_iter_next(&it); i++) {
        size_t mark = c->path.len;
        path_field(&c->path, STR("matchExpressions"));
        path_index(&c->path, i);
        struct mp op = mp_get(it.value, "operator"), values = mp_get(it.value, "values");
        const char *wrong = name_check_qualified(mp_str(mp_get(it.value, "key")));
        if (wrong) check_invalid(c, "key", mp_get(it.value, "key"), wrong);
        bool in = mp_is(op, "In") || mp_is(op, "NotIn");
        if (in && check_empty(values))
            check_required(c, "values", "must be specified when `operator` is 'In' or 'NotIn'");
        else if (!in && (mp_is(op, "Exists") || mp_is(op, "DoesNotExist")) && !check_empty(values))
            check_forbidden(c, "values",
                            "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
        else if (!in && !mp_is(op, "Exists") && !mp_is(op, "DoesNotExist"))
            check_unsupported(c, "operator", mp_str(op), operators);
        path_cut(&c->path, mark);
    }
}
