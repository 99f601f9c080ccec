/* An ingress that names no class gets the default one. */
#include "actors/admission/plugin.h"

static bool names_class(struct mp ingress)
{
    struct mp annotations = mp_path(ingress, "metadata.annotations");
    return mp_path(ingress, "spec.ingressClassName").type != MP_END ||
           mp_get(annotations, "kubernetes.io/ingress.class").type != MP_END;
}

static bool is_default_class(const struct object *class)
{
    struct mp annotations = doc_path(class->body, "metadata.annotations");
    return mp_is(mp_get(annotations, "ingressclass.kubernetes.io/is-default-class"), "true");
}

bool admit_ingress_class(struct admission_request *r)
{
    if (names_class(r->body)) return true;
    struct str name = {0};
    unsigned found = 0;
    for (struct actor *a = world_first(r->world, kind_ingressclass, NULL); a;
         a = world_next(a, NULL)) {
        if (!is_default_class(a->object)) continue;
        name = actor_name(a);
        found++;
    }
    if (found > 1)
        return admission_forbid(r,
                                "Internal error occurred: %u default IngressClasses were found, "
                                "only 1 allowed",
                                found);
    if (!found) return true;
    buf_auto struct buf value = BUF_INIT;
    mp_put_str(&value, name);
    admission_set(r, "spec.ingressClassName", &value);
    return true;
}
