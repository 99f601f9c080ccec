/* Shelves, actors and reading: what a world is when nothing happens to it. */
#include "actors/world_internal.h"

#include "actors/command.h"
#include "base/mem.h"

#include <assert.h>
#include <stdio.h>
#include <xxhash.h>

static int actor_order(const void *key, const struct tree_node *node)
{
    const struct actor_key *k = key;
    const struct actor *a = container_of(node, struct actor, node);
    if (k->ns != a->ns) {
        int order = strcmp(k->ns ? k->ns : "", a->ns ? a->ns : "");
        if (order) return order;
    }
    return str_cmp(k->name, actor_name(a));
}

static void shelves_grow(struct world *w, unsigned count)
{
    w->shelves = mem_resize(w->shelves, count * sizeof *w->shelves);
    for (; w->shelf_count < count; w->shelf_count++)
        w->shelves[w->shelf_count] = (struct shelf){.by_name.compare = actor_order};
}

/* NULL: no actor of this kind was ever there. */
static struct shelf *shelf_of(const struct world *w, const struct kind *kind)
{
    return kind->index < w->shelf_count ? &w->shelves[kind->index] : NULL;
}

struct world *world_new(const char *cluster)
{
    struct world *w = mem_new(struct world);
    snprintf(w->cluster, sizeof w->cluster, "%s", cluster);
    shelves_grow(w, kind_builtin_count());
    list_init(&w->subscribers);
    w->requests = requests_new();
    return w;
}

static void actor_free(struct actor *a)
{
    object_unref(a->object);
    mem_free(a);
}

void world_clear(struct world *w)
{
    for (unsigned i = 0; i < w->shelf_count; i++) {
        struct tree *t = &w->shelves[i].by_name;
        while (t->root) {
            struct actor *a = container_of(t->root, struct actor, node);
            tree_remove(t, &a->node);
            actor_free(a);
        }
        map_free(&w->shelves[i].by_key);
        w->shelves[i].objects = 0;
    }
    map_free(&w->by_uid);
    docs_free(&w->docs);
    w->digest = (struct digest){0};
}

void world_free(struct world *w)
{
    if (!w) return;
    world_clear(w);
    requests_free(w->requests);
    mem_free(w->shelves);
    mem_free(w);
}

void world_subscribe(struct world *w, struct subscriber *s)
{
    list_push(&w->subscribers, &s->link);
}

static_assert(offsetof(struct actor, name) == offsetof(struct actor, ns) + sizeof(istr),
              "namespace and name of an actor are one key");
enum { ACTOR_NAME_MAX = 512 };

static size_t actor_key_len(const struct actor *a)
{
    return sizeof a->ns + a->name_len;
}

struct actor *world_actor(struct world *w, const struct kind *kind, istr ns, struct str name)
{
    char key[sizeof ns + ACTOR_NAME_MAX];
    const struct shelf *shelf = shelf_of(w, kind);
    if (!shelf || name.n > ACTOR_NAME_MAX) return NULL;
    memcpy(key, &ns, sizeof ns);
    if (name.n) memcpy(key + sizeof ns, name.p, name.n);
    return map_get(&shelf->by_key, key, sizeof ns + name.n);
}

struct object *world_get(struct world *w, const struct kind *kind, istr ns, struct str name)
{
    struct actor *a = world_actor(w, kind, ns, name);
    return a ? a->object : NULL;
}

struct actor *world_by_uid(struct world *w, const struct uid *uid)
{
    return map_get(&w->by_uid, uid, sizeof *uid);
}

size_t world_count(const struct world *w, const struct kind *kind)
{
    const struct shelf *shelf = shelf_of(w, kind);
    return shelf ? shelf->objects : 0;
}

static struct actor *actor_skip_nascent(struct tree_node *node, istr ns)
{
    for (; node; node = tree_next(node)) {
        struct actor *a = container_of(node, struct actor, node);
        if (ns && a->ns != ns) return NULL;
        if (a->object) return a;
    }
    return NULL;
}

struct actor *world_first(struct world *w, const struct kind *kind, istr ns)
{
    const struct shelf *shelf = shelf_of(w, kind);
    if (!shelf) return NULL;
    if (!ns) return actor_skip_nascent(tree_first(&shelf->by_name), NULL);
    struct actor_key from = {ns, STR("")};
    return actor_skip_nascent(tree_ceiling(&shelf->by_name, &from), ns);
}

struct actor *world_next(struct actor *a, istr ns)
{
    return actor_skip_nascent(tree_next(&a->node), ns);
}

bool world_namespace_empty(struct world *w, istr ns)
{
    struct actor_key from = {ns, STR("")};
    for (unsigned i = 0; i < w->shelf_count; i++) {
        if (!kind_at(i)->namespaced) continue;
        struct tree_node *node = tree_ceiling(&w->shelves[i].by_name, &from);
        if (node && container_of(node, struct actor, node)->ns == ns) return false;
    }
    return true;
}

bool world_kind_empty(const struct world *w, const struct kind *kind)
{
    const struct shelf *shelf = shelf_of(w, kind);
    return !shelf || !shelf->by_name.root;
}

struct actor *world_actor_make(struct world *w, const struct kind *kind, istr ns, struct str name)
{
    struct actor *a = world_actor(w, kind, ns, name);
    if (a) return a;
    assert(name.n <= ACTOR_NAME_MAX);
    if (kind->index >= w->shelf_count) shelves_grow(w, kind->index + 1u);
    struct shelf *shelf = &w->shelves[kind->index];
    a = mem_zalloc(sizeof *a + name.n + 1);
    a->kind = kind;
    a->ns = ns;
    list_init(&a->mailbox);
    a->name_len = (uint32_t)name.n;
    memcpy(a->name, name.p, name.n);
    map_put(&shelf->by_key, &a->ns, actor_key_len(a), a);
    struct actor_key key = {ns, actor_name(a)};
    tree_insert(&shelf->by_name, &key, &a->node, (uint32_t)XXH3_64bits(a->name, a->name_len));
    return a;
}

void world_actor_settle(struct world *w, struct actor *a)
{
    if (a->object || a->persisting || a->waiting) return;
    map_del(&w->shelves[a->kind->index].by_key, &a->ns, actor_key_len(a));
    tree_remove(&w->shelves[a->kind->index].by_name, &a->node);
    actor_free(a);
}
