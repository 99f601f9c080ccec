#include "actors/scheduler/queue.h"

#include "base/mem.h"

#include <assert.h>
#include <xxhash.h>

/* Orders. */

struct line_key {
    int64_t priority;
    uint64_t order;
};

static int compare_u64(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

static int line_order(const void *key, const struct tree_node *node)
{
    const struct line_key *k = key;
    const struct line *line = container_of(node, struct line, node);
    if (k->priority != line->id.priority) return k->priority > line->id.priority ? -1 : 1;
    return compare_u64(k->order, line->order);
}

static int pod_order(const void *key, const struct tree_node *node)
{
    return compare_u64(*(const uint64_t *)key, container_of(node, struct pending, node)->order);
}

static uint32_t tree_priority(uint64_t order)
{
    return (uint32_t)XXH3_64bits(&order, sizeof order);
}

struct pending *line_first(const struct line *line)
{
    return container_of(tree_first(&line->pods), struct pending, node);
}

struct pending *line_after(const struct line *line, uint64_t order)
{
    uint64_t from = order + 1;
    struct tree_node *node = tree_ceiling(&line->pods, &from);
    return node ? container_of(node, struct pending, node) : NULL;
}

/* Lines. */

static struct line *line_make(struct queue *q, const struct line_id *id)
{
    struct line *line = map_get(&q->lines, id, sizeof *id);
    if (line) return line;
    line = mem_new(struct line);
    line->id = *id;
    line->blocked = true; /* nobody is there to be tried */
    line->pods.compare = pod_order;
    list_init(&line->link);
    list_init(&line->telling);
    map_put(&q->lines, &line->id, sizeof line->id, line);
    return line;
}

static void line_unblock(struct queue *q, struct line *line)
{
    list_remove(&line->link);
    line->blocked = false;
    line->order = line_first(line)->order;
    struct line_key key = {line->id.priority, line->order};
    tree_insert(&q->ready, &key, &line->node, tree_priority(line->order));
}

void queue_block(struct queue *q, struct line *line)
{
    assert(!line->blocked);
    tree_remove(&q->ready, &line->node);
    line->blocked = true;
    list_push(&q->blocked, &line->link);
}

/* Ready lines stand by their first pod. */
static void line_reorder(struct queue *q, struct line *line)
{
    if (line->blocked || line_first(line)->order == line->order) return;
    tree_remove(&q->ready, &line->node);
    line_unblock(q, line);
}

static void line_free(struct queue *q, struct line *line)
{
    if (!line->blocked) tree_remove(&q->ready, &line->node);
    map_del(&q->lines, &line->id, sizeof line->id);
    list_remove(&line->link);
    list_remove(&line->telling);
    buf_free(&line->why);
    mem_free(line);
}

void queue_wake(struct queue *q)
{
    while (!list_empty(&q->blocked))
        line_unblock(q, container_of(q->blocked.next, struct line, link));
}

/* Pods. */

void queue_enter(struct queue *q, struct pending *p, const struct pod_view *pod)
{
    assert(!p->line && !p->assumed && list_empty(&p->link));
    struct line_id id = {pod->shape, pod->priority};
    struct line *line = line_make(q, &id);
    bool fresh = line->pods.root == NULL;
    tree_insert(&line->pods, &p->order, &p->node, tree_priority(p->order));
    p->line = line;
    if (fresh)
        line_unblock(q, line);
    else
        line_reorder(q, line);
    if (p->order <= line->told_upto) line->told_upto = p->order - 1;
    if (line->blocked && list_empty(&line->telling)) list_push(&q->telling, &line->telling);
}

void queue_leave(struct queue *q, struct pending *p)
{
    list_remove(&p->link);
    struct line *line = p->line;
    if (!line) return;
    tree_remove(&line->pods, &p->node);
    p->line = NULL;
    if (line->pods.root)
        line_reorder(q, line);
    else
        line_free(q, line);
}

void queue_put_back(struct queue *q, struct pending *p, uint64_t due_ms)
{
    assert(!p->line && !p->assumed);
    p->due_ms = due_ms;
    list_remove(&p->link);
    list_push(&q->later, &p->link);
}

struct pending *queue_due(struct queue *q, uint64_t now_ms)
{
    if (list_empty(&q->later)) return NULL;
    struct pending *p = container_of(q->later.next, struct pending, link);
    if (p->due_ms > now_ms) return NULL;
    list_remove(&p->link);
    return p;
}

struct pending *queue_first(const struct queue *q)
{
    struct tree_node *node = tree_first(&q->ready);
    return node ? line_first(container_of(node, struct line, node)) : NULL;
}

struct pending *queue_find(const struct queue *q, const struct uid *uid)
{
    return map_get(&q->by_uid, uid, sizeof *uid);
}

struct pending *queue_add(struct queue *q, const struct uid *uid, uint64_t order, struct doc *body)
{
    struct pending *p = mem_new(struct pending);
    p->uid = *uid;
    p->order = order;
    p->body = doc_ref(body);
    list_init(&p->link);
    map_put(&q->by_uid, &p->uid, sizeof p->uid, p);
    return p;
}

void queue_remove(struct queue *q, struct pending *p)
{
    queue_leave(q, p);
    map_del(&q->by_uid, &p->uid, sizeof p->uid);
    doc_unref(p->body);
    mem_free(p);
}

void queue_init(struct queue *q)
{
    *q = (struct queue){.ready.compare = line_order};
    list_init(&q->blocked);
    list_init(&q->later);
    list_init(&q->telling);
}

void queue_clear(struct queue *q)
{
    struct pending *p;
    for (size_t i = 0; (p = map_next(&q->by_uid, &i));) queue_remove(q, p);
    map_free(&q->by_uid);
    map_free(&q->lines);
}
