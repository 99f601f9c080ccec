/* Nodes and the pods on them, and commands about them that are on their way. */
#include "actors/controllers/acting.h"
#include "actors/controllers/node_health.h"
#include "base/mem.h"

enum { RETRY_MS = 500 };

struct watched_node *watched_of(struct lifecycle *l, istr name)
{
    struct watched_node *n = map_get(&l->nodes, name, strlen(name));
    if (n) return n;
    n = mem_new(struct watched_node);
    n->lifecycle = l;
    n->name = name;
    list_init(&n->by_beat);
    agenda_item_init(&n->agenda);
    map_put(&l->nodes, name, strlen(name), n);
    return n;
}

static void watched_free(struct watched_node *n)
{
    list_remove(&n->by_beat);
    agenda_drop(&n->agenda);
    map_free(&n->pods);
    mem_free(n);
}

void watched_release(struct watched_node *n)
{
    if (n->object || n->pods.count || n->flying) return;
    map_del(&n->lifecycle->nodes, n->name, strlen(n->name));
    watched_free(n);
}

void watched_look(struct watched_node *n, uint64_t revision)
{
    if (revision) n->cause = revision;
    agenda_soon(&n->lifecycle->agenda, &n->agenda);
}

static void watched_done(struct command *command, const struct result *r)
{
    struct watched_node *n = command->data;
    struct lifecycle *l = n->lifecycle;
    n->flying--;
    if (r->http >= 400 && command->op == COMMAND_CONDITION) n->marks = true;
    /* Always: a refusal may come at once, while look() holds the node. */
    agenda_at(&l->agenda, &n->agenda, l->now_ms + (r->http < 400 ? 1 : RETRY_MS));
    watched_release(n);
}

void watched_send(struct watched_node *n, struct command *command)
{
    command->done = watched_done;
    command->data = n;
    n->flying++;
    system_send(n->lifecycle->system, command);
}

static int by_creation(const void *left, const void *right)
{
    const struct object *a = *(struct object *const *)left, *b = *(struct object *const *)right;
    return a->id->created_revision < b->id->created_revision ? -1 : a != b;
}

struct object **watched_pods(const struct watched_node *n, size_t *count)
{
    struct object **pods = mem_alloc((n->pods.count + 1) * sizeof(struct object *)), *pod;
    *count = 0;
    for (size_t i = 0; (pod = map_next(&n->pods, &i));) pods[(*count)++] = pod;
    qsort(pods, *count, sizeof(struct object *), by_creation);
    return pods;
}

void watched_heard(struct watched_node *n, uint64_t now_ms)
{
    bool was_silent = watched_stale(n);
    n->beat_ms = now_ms;
    list_remove(&n->by_beat);
    list_push(&n->lifecycle->fresh, &n->by_beat);
    if (was_silent) watched_look(n, 0);
}

void watched_pod(struct lifecycle *l, const struct object *before, struct object *after,
                 uint64_t revision)
{
    if (after && after->node) {
        struct watched_node *n = watched_of(l, after->node);
        bool came = map_put(&n->pods, &after->id->uid, sizeof after->id->uid, after) == NULL;
        if (came && !n->object && !n->since_ms) n->since_ms = acting_now_ms(l->system);
        if (came && (!n->object || n->since_ms)) watched_look(n, revision);
    } else if (!after && before->node) {
        struct watched_node *n = watched_of(l, before->node);
        map_del(&n->pods, &before->id->uid, sizeof before->id->uid);
        watched_release(n);
    }
}

static void count_ready(struct watched_node *n)
{
    bool ready = n->object && str_is(node_condition(n->object, "Ready"), "True");
    if (n->ready && !ready) n->marks = true;
    n->lifecycle->ready += (uint32_t)ready - (uint32_t)n->ready;
    n->ready = ready;
}

void watched_object(struct lifecycle *l, struct watched_node *n, bool was_there,
                    struct object *after, uint64_t revision)
{
    n->object = after;
    count_ready(n);
    bool counts = after ? node_has_no_execute(after) : n->pods.count > 0;
    if (!counts)
        n->since_ms = 0;
    else if (!n->since_ms || was_there != (after != NULL))
        n->since_ms = acting_now_ms(l->system);
    if (!after) list_remove(&n->by_beat);
    watched_look(n, revision);
}

void watched_forget(struct lifecycle *l)
{
    struct watched_node *n;
    for (size_t i = 0; (n = map_next(&l->nodes, &i));) {
        n->object = NULL;
        n->since_ms = 0;
        count_ready(n);
        map_free(&n->pods);
        list_remove(&n->by_beat);
        agenda_drop(&n->agenda);
        watched_release(n);
    }
}
