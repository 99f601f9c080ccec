#include "actors/pod_needs.h"
#include "actors/remotes_internal.h"

static void message_free(struct remote_message *m)
{
    for (size_t i = 0; i < m->need_count; i++) object_unref(m->needs[i].object);
    mem_free(m->needs);
    object_unref(m->pod);
    mem_free(m->address);
    mem_free(m->text);
}

void remote_batch_free(struct remote_batch *b)
{
    if (!b) return;
    for (size_t i = 0; i < b->count; i++) message_free(&b->items[i]);
    mem_free(b->items);
    mem_free(b);
}

static void batch_arrives(struct note *note)
{
    struct remote_batch *b = container_of(note, struct remote_batch, note);
    b->edge->deliver(b->edge, b);
}

struct remote_message *remotes_say(struct remote_edge *e, uint64_t link, enum nodewire_type type)
{
    if (!e->open) {
        e->open = mem_new(struct remote_batch);
        e->open->edge = e;
        e->open->note.run = batch_arrives;
    }
    struct remote_batch *b = e->open;
    if (b->count == b->cap) {
        b->cap = b->cap ? 2 * b->cap : 16;
        b->items = mem_resize(b->items, b->cap * sizeof *b->items);
    }
    struct remote_message *m = &b->items[b->count++];
    *m = (struct remote_message){.type = type, .link = link};
    return m;
}

void remotes_flush(struct remotes *r)
{
    list_each(it, &r->edges)
    {
        struct remote_edge *e = container_of(it, struct remote_edge, link);
        if (!e->open) continue;
        struct remote_batch *b = e->open;
        e->open = NULL;
        inbox_post(e->home, &b->note);
    }
}

static void interest_add(struct remotes *r, struct remote *remote, const char *key, size_t n)
{
    struct interest *in = map_get(&r->interests, key, n);
    if (!in) {
        in = mem_new(struct interest);
        in->key = mem_copy(key, n);
        in->key_len = n;
        map_put(&r->interests, in->key, n, in);
    }
    if (map_put(&in->known, &remote->name, sizeof remote->name, remote)) return;
    in->nodes = mem_resize(in->nodes, (in->count + 1) * sizeof(struct remote *));
    in->nodes[in->count++] = remote;
}

void interests_clear(struct remotes *r)
{
    struct interest *in;
    for (size_t i = 0; (in = map_next(&r->interests, &i));) {
        mem_free(in->key);
        mem_free(in->nodes);
        map_free(&in->known);
        mem_free(in);
    }
    map_free(&r->interests);
    r->interests = (struct map){0};
}

/* Of the addresses of kind and namespace, which stand for themselves in one process. */
static void interest_key(struct buf *out, const struct kind *kind, istr ns, struct str name)
{
    buf_append(out, &kind, sizeof(struct kind *));
    buf_append(out, &ns, sizeof ns);
    buf_append(out, name.p, name.n);
}

struct interest *interest_find(struct remotes *r, const struct object *need)
{
    struct buf buf_auto key = BUF_INIT;
    interest_key(&key, need->id->kind, need->id->ns, object_name(need));
    return map_get(&r->interests, key.data, key.len);
}

static void needs_take(void *ctx, const struct kind *kind, struct str name)
{
    struct remotes *r = ctx;
    for (size_t i = 0; i < r->need_count; i++) {
        if (r->needs[i].kind == kind && str_eq(r->needs[i].name, name)) return;
    }
    r->needs = mem_resize(r->needs, (r->need_count + 1) * sizeof *r->needs);
    r->needs[r->need_count++] = (struct remote_need){kind, name, NULL};
}

void remotes_forget_needs(struct remotes *r)
{
    mem_free(r->needs);
    doc_unref(r->needy);
    r->needs = NULL;
    r->needy = NULL;
    r->need_count = 0;
}

static void remotes_see_needs(struct remotes *r, struct doc *body)
{
    if (r->needy == body) return;
    remotes_forget_needs(r);
    r->needy = doc_ref(body);
    pod_needs_each(doc_root(body), needs_take, r);
}

void remotes_say_pod(struct remotes *r, struct remote *remote, struct object *pod)
{
    struct remote_message *m = remotes_say(remote->edge, remote->link, NODEWIRE_POD);
    struct buf buf_auto key = BUF_INIT;
    m->pod = object_ref(pod);
    remotes_see_needs(r, pod->body);
    if (!r->need_count) return;
    m->needs = mem_copy(r->needs, r->need_count * sizeof *m->needs);
    m->need_count = r->need_count;
    for (size_t i = 0; i < m->need_count; i++) {
        struct remote_need *need = &m->needs[i];
        need->object = object_ref(world_get(r->world, need->kind, pod->id->ns, need->name));
        buf_clear(&key);
        interest_key(&key, need->kind, pod->id->ns, need->name);
        interest_add(r, remote, key.data, key.len);
    }
}

void remotes_say_bye(struct remotes *r, struct remote *remote, enum nodewire_type type,
                     const char *text)
{
    struct remote_message *m = remotes_say(remote->edge, remote->link, type);
    m->text = mem_strdup(text);
    m->closes = true;
    remote->edge = NULL;
    r->connected--;
}
