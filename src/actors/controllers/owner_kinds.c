/* What kinds say of owners that nobody finds.
 *
 * As in Kubernetes, only who can be looked up can be missed: a reference to a kind that is not
 * there (yet), or from an object of the cluster into a namespace, is no reason to delete. */
#include "actors/controllers/owners.h"

enum scope { SCOPE_UNKNOWN, SCOPE_CLUSTER, SCOPE_NAMESPACE };

static enum scope scope_of_custom(struct world *w, struct str group, struct str kind)
{
    for (struct actor *a = world_first(w, kind_crd, NULL); a; a = world_next(a, NULL)) {
        struct mp spec = doc_path(a->object->body, "spec");
        if (!str_eq(mp_str(mp_get(spec, "group")), group) ||
            !str_eq(mp_str(mp_path(spec, "names.kind")), kind))
            continue;
        return mp_is(mp_get(spec, "scope"), "Namespaced") ? SCOPE_NAMESPACE : SCOPE_CLUSTER;
    }
    return SCOPE_UNKNOWN;
}

static enum scope scope_of(struct world *w, struct mp reference)
{
    struct str version = mp_str(mp_get(reference, "apiVersion")), group = {0};
    struct str kind = mp_str(mp_get(reference, "kind"));
    const struct kind *builtin = kind_by_gvk(version, kind, NULL);
    if (builtin) return builtin->namespaced ? SCOPE_NAMESPACE : SCOPE_CLUSTER;
    return str_split(&version, '/', &group) && version.n ? scope_of_custom(w, group, kind)
                                                         : SCOPE_UNKNOWN;
}

bool owner_is_gone(const struct collector *c, const struct object *dependent, struct mp reference)
{
    struct uid uid;
    enum scope scope = scope_of(c->world, reference);
    if (!dependent->id->ns && scope == SCOPE_NAMESPACE) return false;
    if (scope != SCOPE_UNKNOWN) return true;
    struct owner *o =
        uid_parse(mp_str(mp_get(reference, "uid")), &uid) ? owners_find(c, &uid) : NULL;
    return o && o->gone;
}
