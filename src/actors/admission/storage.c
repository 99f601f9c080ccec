/* Claims and volumes: the default class, growing, and that nothing in use disappears. */
#include "actors/admission/plugin.h"

#include "proto/quantity.h"

static bool is_default_class(const struct object *class)
{
    static const char *const marks[] = {"storageclass.kubernetes.io/is-default-class",
                                        "storageclass.beta.kubernetes.io/is-default-class"};
    struct mp annotations = doc_path(class->body, "metadata.annotations");
    return mp_is(mp_get(annotations, marks[0]), "true") ||
           mp_is(mp_get(annotations, marks[1]), "true");
}

static bool names_class(struct mp claim)
{
    return mp_path(claim, "spec.storageClassName").type != MP_END ||
           mp_get(mp_path(claim, "metadata.annotations"), "volume.beta.kubernetes.io/storage-class")
                   .type != MP_END;
}

bool admit_storage_class(struct admission_request *r)
{
    if (names_class(r->body)) return true;
    struct str name = {0};
    unsigned found = 0;
    for (struct actor *a = world_first(r->world, kind_storageclass, NULL); a;
         a = world_next(a, NULL)) {
        if (!is_default_class(a->object)) continue;
        name = actor_name(a);
        found++;
    }
    if (found > 1)
        return admission_forbid(r, "Internal error occurred: %u default StorageClasses were found",
                                found);
    if (!found) return true;
    buf_auto struct buf value = BUF_INIT;
    mp_put_str(&value, name);
    admission_set(r, "spec.storageClassName", &value);
    return true;
}

bool admit_protection(struct admission_request *r)
{
    struct str mine = r->actor->kind == kind_pvc ? STR("kubernetes.io/pvc-protection")
                                                 : STR("kubernetes.io/pv-protection");
    struct mp given = mp_path(r->body, "metadata.finalizers");
    buf_auto struct buf list = BUF_INIT;
    uint32_t count = 1;
    size_t mark = mp_begin(&list);
    for (struct mp_iter it = mp_items(given); mp_iter_next(&it); count++) {
        if (str_eq(mp_str(it.value), mine)) return true;
        mp_put(&list, it.value);
    }
    mp_put_str(&list, mine);
    mp_end_array(&list, mark, count);
    admission_set(r, "metadata.finalizers", &list);
    return true;
}

static int64_t claim_size(struct mp claim)
{
    int64_t milli = 0;
    quantity_milli(mp_str(mp_path(claim, "spec.resources.requests.storage")), &milli);
    return milli;
}

bool admit_resize(struct admission_request *r)
{
    if (claim_size(r->body) <= claim_size(r->old)) return true;
    if (!mp_is(doc_path(r->actor->object->status, "phase"), "Bound"))
        return admission_forbid(r, "Only bound persistent volume claims can be expanded");
    struct str class = mp_str(mp_path(r->old, "spec.storageClassName"));
    const struct object *o = class.n ? world_get(r->world, kind_storageclass, NULL, class) : NULL;
    if (o && mp_bool(doc_path(o->body, "allowVolumeExpansion"), false)) return true;
    return admission_forbid(r, "only dynamically provisioned pvc can be resized and the "
                               "storageclass that provisions the pvc must support resize");
}
