#include "actors/controllers/namespace_conditions.h"

#include "actors/behavior.h"
#include "base/mem.h"

#include <stdlib.h>

/* Finalizers are named up to here: a message is no list of everything. */
enum { FINALIZERS_MAX = 32 };

struct held { /* by one finalizer */
    struct str finalizer;
    unsigned count;
};
struct leftovers {
    struct held held[FINALIZERS_MAX];
    unsigned held_count;
    struct buf resources; /* "pods. has 1 resource instances", with commas */
};

static void leftovers_held_by(struct leftovers *l, struct str finalizer)
{
    unsigned i = 0;
    while (i < l->held_count && !str_eq(l->held[i].finalizer, finalizer)) i++;
    if (i == FINALIZERS_MAX) return;
    if (i == l->held_count) l->held[l->held_count++] = (struct held){finalizer, 0};
    l->held[i].count++;
}

static unsigned leftovers_of_kind(struct leftovers *l, struct world *w, const struct kind *kind,
                                  istr ns)
{
    unsigned count = 0;
    for (struct actor *a = world_first(w, kind, ns); a; a = world_next(a, ns), count++) {
        struct mp list = doc_path(a->object->body, "metadata.finalizers");
        for (struct mp_iter it = mp_items(list); mp_iter_next(&it);)
            leftovers_held_by(l, mp_str(it.value));
    }
    return count;
}

static int kind_order(const void *x, const void *y)
{
    const struct kind *a = *(const struct kind *const *)x, *b = *(const struct kind *const *)y;
    return strcmp(a->key, b->key);
}

static int held_order(const void *x, const void *y)
{
    const struct held *a = x, *b = y;
    return str_cmp(a->finalizer, b->finalizer);
}

static void leftovers_find(struct leftovers *l, struct world *w, istr ns)
{
    const struct kind **kinds = mem_alloc(kind_count() * sizeof(const struct kind *));
    unsigned count = 0;
    for (unsigned i = 0; i < kind_count(); i++)
        if (kind_at(i)->namespaced && world_first(w, kind_at(i), ns)) kinds[count++] = kind_at(i);
    qsort(kinds, count, sizeof(const struct kind *), kind_order);
    for (unsigned i = 0; i < count; i++)
        buf_printf(&l->resources, "%s%s.%s has %u resource instances", i ? ", " : "",
                   kinds[i]->resource, kinds[i]->group, leftovers_of_kind(l, w, kinds[i], ns));
    qsort(l->held, l->held_count, sizeof *l->held, held_order);
    mem_free(kinds);
}

/* A condition that is bad when it has a message. */
struct telling {
    const char *type, *bad_reason, *good_reason, *good_message;
};

static bool telling_is_news(const struct telling *t, const struct doc *status, struct str value,
                            struct str reason, struct str message)
{
    struct mp old = status_condition(status, t->type);
    return !str_eq(mp_str(mp_get(old, "status")), value) ||
           !str_eq(mp_str(mp_get(old, "reason")), reason) ||
           !str_eq(mp_str(mp_get(old, "message")), message);
}

/* Takes the reference, and gives one of the status as it is then. */
static struct doc *tell(const struct telling *t, const struct buf *bad, struct doc *status,
                        int64_t now_s, bool *news)
{
    bool is_bad = bad->len > 0;
    struct str value = is_bad ? STR("True") : STR("False");
    struct str reason = str_of(is_bad ? t->bad_reason : t->good_reason);
    struct str message = is_bad ? (struct str){bad->data, bad->len} : str_of(t->good_message);
    if (!telling_is_news(t, status, value, reason, message)) return status;
    struct doc *next = status_with_condition(status, t->type, value, reason, message, now_s, false);
    doc_unref(status);
    *news = true;
    return next;
}

static void say_held(const struct leftovers *l, struct buf *out)
{
    if (!l->held_count) return;
    buf_puts(out, "Some content in the namespace has finalizers remaining: ");
    for (unsigned i = 0; i < l->held_count; i++)
        buf_printf(out, "%s%.*s in %u resource instances", i ? ", " : "",
                   (int)l->held[i].finalizer.n, l->held[i].finalizer.p, l->held[i].count);
}

struct doc *namespace_conditions(struct world *w, const struct object *ns, const char *refused,
                                 int64_t now_s)
{
    static const struct telling discovery = {"NamespaceDeletionDiscoveryFailure", "DiscoveryFailed",
                                             "ResourcesDiscovered",
                                             "All resources successfully discovered"};
    static const struct telling versions = {"NamespaceDeletionGroupVersionParsingFailure",
                                            "GroupVersionParsingFailed", "ParsedGroupVersions",
                                            "All legacy kube types successfully parsed"};
    static const struct telling content = {
        "NamespaceDeletionContentFailure", "ContentDeletionFailed", "ContentDeleted",
        "All content successfully deleted, may be waiting on finalization"};
    static const struct telling remaining = {"NamespaceContentRemaining", "SomeResourcesRemain",
                                             "ContentRemoved", "All content successfully removed"};
    static const struct telling finalizers = {"NamespaceFinalizersRemaining",
                                              "SomeFinalizersRemain", "ContentHasNoFinalizers",
                                              "All content-preserving finalizers finished"};
    struct leftovers l = {.held_count = 0};
    buf_auto struct buf failed = BUF_INIT, left = BUF_INIT, held = BUF_INIT;
    const struct buf none = BUF_INIT;
    bool news = false;
    leftovers_find(&l, w, istr_get(object_name(ns)));
    if (refused)
        buf_printf(&failed, "Failed to delete all resource types, 1 remaining: %s", refused);
    if (l.resources.len) buf_printf(&left, "Some resources are remaining: %s", l.resources.data);
    say_held(&l, &held);
    struct doc *status = doc_ref(ns->status);
    status = tell(&discovery, &none, status, now_s, &news);
    status = tell(&versions, &none, status, now_s, &news);
    status = tell(&content, &failed, status, now_s, &news);
    status = tell(&remaining, &left, status, now_s, &news);
    status = tell(&finalizers, &held, status, now_s, &news);
    buf_free(&l.resources);
    if (news) return status;
    doc_unref(status);
    return NULL;
}
