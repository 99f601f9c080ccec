#include "proto/apply_prune.h"

#include "proto/managed_versions.h"

/* An object in the form of one version. */
struct shown {
    const struct kind_version *version; /* NULL: the writer's, the only one */
    struct mp doc;
};

static const struct type *prune_type(const struct prune *p, const struct kind_version *v)
{
    return v ? v->type : p->apply->writer.type;
}

/* What anybody owns in this version; *elsewhere: somebody has another one. */
static struct fieldset prune_owned(const struct prune *p, struct str api_version, bool *elsewhere)
{
    struct fieldset owned = {0};
    for (uint32_t i = 0; i < p->managers->count; i++) {
        const struct manager *m = &p->managers->items[i];
        bool same = !p->apply->writer.served || str_eq(m->api_version, api_version);
        if (same)
            owned = fieldset_combine(p->arena, FIELDSET_UNION, &owned, &m->fields);
        else
            *elsewhere = true;
    }
    return owned;
}

static struct mp prune_kept(struct arena *a, const struct buf *doc)
{
    return mp_whole(arena_text(a, (struct str){doc->data, doc->len}), doc->len);
}

/* Without what goes in this version, but for what somebody owns in it. */
static struct mp prune_from(const struct prune *p, struct shown from, const struct fieldset *set,
                            const struct fieldset *owned)
{
    buf_auto struct buf left = BUF_INIT;
    typed_remove(prune_type(p, from.version), from.doc, set, owned, &left);
    return prune_kept(p->arena, &left);
}

/* What this version's managers own of what is gone comes back. */
static struct shown prune_return(const struct prune *p, const struct shown *merged,
                                 struct shown left, struct str api_version)
{
    bool others = false;
    const struct kind_version *v = version_of_writer(&p->apply->writer, api_version);
    if (!v) return left;
    struct fieldset owned = prune_owned(p, api_version, &others);
    struct shown whole = {v, version_document(p->arena, merged->version, v, merged->doc)};
    struct mp rest = version_document(p->arena, left.version, v, left.doc);
    struct fieldset change = typed_compare(p->arena, v->type, whole.doc, rest);
    struct fieldset gone = fieldset_select(p->arena, &change, CHANGE_REMOVED);
    struct fieldset goes = fieldset_combine(p->arena, FIELDSET_DIFFERENCE, &gone, &owned);
    if (fieldset_equal(&gone, &goes)) return left;
    return (struct shown){v, prune_from(p, whole, &goes, &owned)};
}

/* An object goes with its last field, but not, as in Kubernetes, with fields of no owner: here they
 * are the controllers'. */
void apply_prune(const struct prune *p, struct mp merged, struct buf *out)
{
    const struct writer *w = &p->apply->writer;
    struct shown whole = {w->served, merged}, left = whole;
    bool elsewhere = false;
    struct str version = p->last->count ? p->last_version : w->api_version;
    left.version = version_of_writer(w, version);
    struct fieldset owned = prune_owned(p, version, &elsewhere);
    struct fieldset goes = fieldset_combine(p->arena, FIELDSET_DIFFERENCE, p->last, &owned);
    bool known = left.version || !w->served;
    if (fieldset_empty(&goes) || !known) {
        mp_put(out, merged);
        return;
    }
    left.doc = version_document(p->arena, whole.version, left.version, merged);
    left.doc = prune_from(p, left, &goes, &owned);
    for (uint32_t i = 0; elsewhere && i < p->managers->count; i++) {
        struct str other = p->managers->items[i].api_version;
        if (!str_eq(other, version)) left = prune_return(p, &whole, left, other);
    }
    mp_put(out, version_document(p->arena, left.version, whole.version, left.doc));
}
