#include "actors/controllers/crd_names.h"

#include "actors/behavior.h"
#include "actors/edit.h"

#include <stdio.h>

struct naming {
    struct world *world;
    const struct object *crd;
    struct mp wanted, had;
    const char *reason; /* of the last conflict, as in Kubernetes, or NULL */
    char message[320];
};

static bool among(struct mp list, struct str name)
{
    for (struct mp_iter it = mp_items(list); mp_iter_next(&it);)
        if (str_eq(mp_str(it.value), name)) return true;
    return false;
}

static bool is_resource_of(struct mp names, struct str name)
{
    return str_eq(mp_str(mp_get(names, "plural")), name) ||
           str_eq(mp_str(mp_get(names, "singular")), name) ||
           among(mp_get(names, "shortNames"), name);
}

static bool is_kind_of(struct mp names, struct str name)
{
    return str_eq(mp_str(mp_get(names, "kind")), name) ||
           str_eq(mp_str(mp_get(names, "listKind")), name);
}

/* Built-in kinds keep their names. */
static bool taken_by_builtin(struct str group, struct str name, bool kind)
{
    for (unsigned i = 0; i < kind_builtin_count(); i++) {
        const struct kind *k = kind_at(i);
        if (!str_is(group, k->group)) continue;
        if (kind ? str_is(name, k->kind) : str_is(name, k->resource) || str_is(name, k->singular))
            return true;
    }
    return false;
}

static bool taken(const struct naming *n, struct str name, bool kind)
{
    struct str group = mp_str(doc_path(n->crd->body, "spec.group"));
    for (struct actor *a = world_first(n->world, kind_crd, NULL); a; a = world_next(a, NULL)) {
        const struct object *o = a->object;
        if (o == n->crd || !str_eq(mp_str(doc_path(o->body, "spec.group")), group)) continue;
        struct mp names = doc_path(o->status, "acceptedNames");
        if (kind ? is_kind_of(names, name) : is_resource_of(names, name)) return true;
    }
    return taken_by_builtin(group, name, kind);
}

static void conflict(struct naming *n, const char *reason, struct str name)
{
    snprintf(n->message, sizeof n->message, "\"%.*s\" is already in use", (int)name.n, name.p);
    n->reason = reason;
}

/* The wanted name, or the one it had when another has the wanted one. */
static struct mp name_of(struct naming *n, const char *key, const char *reason, bool kind)
{
    struct mp wanted = mp_get(n->wanted, key), had = mp_get(n->had, key);
    struct str name = mp_str(wanted);
    if (!name.n || str_eq(name, mp_str(had)) || !taken(n, name, kind)) return wanted;
    conflict(n, reason, name);
    return had;
}

static struct mp short_names_of(struct naming *n)
{
    struct mp wanted = mp_get(n->wanted, "shortNames"), had = mp_get(n->had, "shortNames");
    for (struct mp_iter it = mp_items(wanted); mp_iter_next(&it);) {
        struct str name = mp_str(it.value);
        if (among(had, name) || !taken(n, name, false)) continue;
        conflict(n, "ShortNamesConflict", name);
        return had;
    }
    return wanted;
}

static void put_name(struct buf *out, uint32_t *pairs, const char *key, struct mp value)
{
    if (value.type == MP_END) return;
    mp_put_z(out, key);
    mp_put(out, value);
    ++*pairs;
}

static void put_names(struct naming *n, struct buf *out)
{
    uint32_t pairs = 0;
    size_t mark = mp_begin(out);
    put_name(out, &pairs, "plural", name_of(n, "plural", "PluralConflict", false));
    put_name(out, &pairs, "singular", name_of(n, "singular", "SingularConflict", false));
    put_name(out, &pairs, "shortNames", short_names_of(n));
    put_name(out, &pairs, "kind", name_of(n, "kind", "KindConflict", true));
    put_name(out, &pairs, "listKind", name_of(n, "listKind", "ListKindConflict", true));
    put_name(out, &pairs, "categories", mp_get(n->wanted, "categories"));
    mp_end_map(out, mark, pairs);
}

/* The same document when the condition says this already, whatever its time. */
static struct doc *with_condition(struct doc *status, const char *type, const char *value,
                                  const char *reason, const char *message, int64_t now_s)
{
    struct mp old = status_condition(status, type);
    if (mp_is(mp_get(old, "status"), value) && mp_is(mp_get(old, "reason"), reason) &&
        mp_is(mp_get(old, "message"), message))
        return status;
    struct doc *next = status_with_condition(status, type, str_of(value), str_of(reason),
                                             str_of(message), now_s, false);
    doc_unref(status);
    return next;
}

struct doc *crd_names_status(struct world *w, const struct object *crd, int64_t now_s)
{
    struct naming n = {.world = w,
                       .crd = crd,
                       .wanted = doc_path(crd->body, "spec.names"),
                       .had = doc_path(crd->status, "acceptedNames")};
    buf_auto struct buf names = BUF_INIT;
    put_names(&n, &names);
    struct doc *status = doc_ref(crd->status);
    if (!mp_same(n.had, mp_read(names.data, names.len))) {
        doc_unref(status);
        status = edit_doc(crd->status, "acceptedNames", edit_value(&names));
    }
    status = with_condition(status, "NamesAccepted", n.reason ? "False" : "True",
                            n.reason ? n.reason : "NoConflicts",
                            n.reason ? n.message : "no conflicts found", now_s);
    /* Once established, it stays so. */
    if (mp_is(mp_get(status_condition(status, "Established"), "status"), "True")) return status;
    return with_condition(
        status, "Established", n.reason ? "False" : "True",
        n.reason ? "NotAccepted" : "InitialNamesAccepted",
        n.reason ? "not all names are accepted" : "the initial names have been accepted", now_s);
}
