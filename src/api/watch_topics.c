/* Topics: live watches by what they watch. */
#include "api/watch.h"

#include "base/mem.h"

struct topic {
    struct list watches;
    size_t key_len;
    char key[];
};

/* kind, namespace and name, each ended by a NUL, which no name can hold; "*" stands for any. */
static void topic_key(struct buf *out, const struct kind *kind, const char *ns, const char *name)
{
    buf_clear(out);
    buf_append(out, &kind->index, sizeof kind->index);
    buf_append(out, ns, strlen(ns) + 1);
    buf_append(out, name, strlen(name) + 1);
}

void topic_join(struct watch *w)
{
    buf_auto struct buf key = BUF_INIT;
    topic_key(&key, w->encoder.version->kind, w->ns ? w->ns : "*", w->name ? w->name : "*");
    struct topic *t = map_get(&w->hub->topics, key.data, key.len);
    if (!t) {
        t = mem_alloc(sizeof *t + key.len);
        list_init(&t->watches);
        t->key_len = key.len;
        memcpy(t->key, key.data, key.len);
        map_put(&w->hub->topics, t->key, t->key_len, t);
    }
    list_push(&t->watches, &w->by_topic);
    w->topic = t;
}

void topic_leave(struct watch *w)
{
    struct topic *t = w->topic;
    if (!t) return;
    w->topic = NULL;
    list_remove(&w->by_topic);
    if (!list_empty(&t->watches)) return;
    map_del(&w->hub->topics, t->key, t->key_len);
    mem_free(t);
}

void topic_each(struct watch_hub *h, const struct feed_change *c,
                void (*visit)(struct watch *w, const struct feed_change *c, void *ctx), void *ctx)
{
    const struct ident *id = (c->after ? c->after : c->before)->id;
    const char *places[2][2] = {{id->ns ? id->ns : "*", "*"}, {id->name, "*"}};
    buf_auto struct buf key = BUF_INIT;
    /* An object without a namespace has one place, not two. */
    for (unsigned p = id->ns ? 0 : 1; p < 2; p++)
        for (unsigned n = 0; n < 2; n++) {
            topic_key(&key, id->kind, places[0][p], places[1][n]);
            struct topic *t = map_get(&h->topics, key.data, key.len);
            if (!t) continue;
            list_each(it, &t->watches) visit(container_of(it, struct watch, by_topic), c, ctx);
        }
}
