/* RuntimeClass: what running under a class costs, and where it can be done. */
#include "actors/admission/plugin.h"

static bool overhead_agrees(struct admission_request *r, const struct object *class)
{
    struct mp wanted = class ? doc_path(class->body, "overhead.podFixed") : (struct mp){0};
    struct mp given = mp_path(r->body, "spec.overhead");
    if (given.type == MP_MAP && given.count && !wanted.count)
        return admission_forbid(
            r,
            "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead");
    if (!wanted.count || mp_same(given, wanted)) return true;
    if (given.count)
        return admission_forbid(
            r, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");
    buf_auto struct buf value = BUF_INIT;
    mp_put(&value, wanted);
    admission_set(r, "spec.overhead", &value);
    return true;
}

static bool selector_merged(struct admission_request *r, struct mp wanted)
{
    struct mp given = mp_path(r->body, "spec.nodeSelector");
    buf_auto struct buf value = BUF_INIT;
    uint32_t pairs = 0;
    size_t mark = mp_begin(&value);
    for (struct mp_iter it = mp_items(given); mp_iter_next(&it); pairs++) {
        mp_put_str(&value, it.key);
        mp_put(&value, it.value);
    }
    for (struct mp_iter it = mp_items(wanted); mp_iter_next(&it);) {
        struct mp same = mp_get_str(given, it.key);
        struct str mine = mp_str(it.value), theirs = mp_str(same);
        if (same.type != MP_END && !str_eq(mine, theirs))
            return admission_forbid(r,
                                    "conflict: runtimeClass.scheduling.nodeSelector[%.*s] = %.*s; "
                                    "pod.spec.nodeSelector[%.*s] = %.*s",
                                    (int)it.key.n, it.key.p, (int)mine.n, mine.p, (int)it.key.n,
                                    it.key.p, (int)theirs.n, theirs.p);
        if (same.type != MP_END) continue;
        mp_put_str(&value, it.key);
        mp_put(&value, it.value);
        pairs++;
    }
    mp_end_map(&value, mark, pairs);
    if (wanted.count) admission_set(r, "spec.nodeSelector", &value);
    return true;
}

static void tolerations_merged(struct admission_request *r, struct mp wanted)
{
    struct mp given = mp_path(r->body, "spec.tolerations");
    buf_auto struct buf list = BUF_INIT;
    uint32_t count = 0;
    size_t mark = mp_begin(&list);
    for (struct mp_iter it = mp_items(given); mp_iter_next(&it); count++) mp_put(&list, it.value);
    for (struct mp_iter it = mp_items(wanted); mp_iter_next(&it); count++) mp_put(&list, it.value);
    mp_end_array(&list, mark, count);
    if (wanted.count) admission_set(r, "spec.tolerations", &list);
}

bool admit_runtime_class(struct admission_request *r)
{
    struct str name = mp_str(mp_path(r->body, "spec.runtimeClassName"));
    const struct object *class = name.n ? world_get(r->world, kind_runtimeclass, NULL, name) : NULL;
    if (name.n && !class)
        return admission_forbid(r, "pod rejected: RuntimeClass \"%.*s\" not found", (int)name.n,
                                name.p);
    if (!overhead_agrees(r, class)) return false;
    if (!class) return true;
    if (!selector_merged(r, doc_path(class->body, "scheduling.nodeSelector"))) return false;
    tolerations_merged(r, doc_path(class->body, "scheduling.tolerations"));
    return true;
}
