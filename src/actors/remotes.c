#include "actors/behavior.h"
#include "actors/pod_needs.h"
#include "actors/remotes_internal.h"

/* --- the index --- */

struct remote *remote_of(struct remotes *r, istr name)
{
    struct remote *remote = map_get(&r->by_name, &name, sizeof name);
    if (remote) return remote;
    remote = mem_new(struct remote);
    remote->name = name;
    mem_auto char *who = mem_printf("system:node:%s", name);
    remote->who = istr_of(who);
    map_put(&r->by_name, &remote->name, sizeof remote->name, remote);
    list_push(&r->all, &remote->known);
    return remote;
}

static void remote_add_pod(struct remotes *r, const struct object *pod)
{
    struct remote *remote = remote_of(r, pod->node);
    struct ident *id = ident_ref(pod->id);
    ident_unref(map_put(&remote->pods, id->uid.bytes, sizeof id->uid.bytes, id));
}

static void remote_drop_pod(struct remotes *r, const struct object *pod)
{
    struct remote *remote = remote_of(r, pod->node);
    struct ident *id = map_del(&remote->pods, pod->id->uid.bytes, sizeof pod->id->uid.bytes);
    if (id) ident_unref(id);
}

static void remote_clear_pods(struct remote *remote)
{
    struct ident *id;
    for (size_t i = 0; (id = map_next(&remote->pods, &i));) ident_unref(id);
    map_free(&remote->pods);
    remote->pods = (struct map){0};
}

/* --- from changes to messages --- */

static bool node_is_ready(const struct object *node)
{
    return node && mp_is(mp_get(status_condition(node->status, "Ready"), "status"), "True");
}

/* The lifecycle controller took a silence for the node's end. */
static bool marked_unready(const struct object *pod)
{
    struct mp ready = status_condition(pod->status, "Ready");
    return mp_is(mp_get(ready, "status"), "False") &&
           mp_is(mp_get(ready, "reason"), "NodeNotReady");
}

static void ask_again(struct remote *remote, const struct object *pod)
{
    remotes_say(remote->edge, remote->link, NODEWIRE_AGAIN)->uid = pod->id->uid;
}

/* The mark may be committed after its node came back. The node knows of no change and would be
 * silent about the pod for ever. */
static void remotes_mark_overtaken(struct remotes *r, struct remote *remote, const struct change *c)
{
    if (c->type != EVENT_CONDITION || !marked_unready(c->after)) return;
    if (node_is_ready(world_get(r->world, kind_node, NULL, istr_str(remote->name))))
        ask_again(remote, c->after);
}

static void remotes_pod_changed(struct remotes *r, const struct change *c)
{
    istr before = c->before ? c->before->node : NULL;
    istr after = c->after ? c->after->node : NULL;
    if (before && before != after) remote_drop_pod(r, c->before);
    if (after && before != after) remote_add_pod(r, c->after);
    if (r->connected == 0 || (!before && !after)) return;
    struct remote *remote = remote_of(r, after ? after : before);
    if (!remote->edge) return;
    if (!after) {
        remotes_say(remote->edge, remote->link, NODEWIRE_GONE)->uid = c->before->id->uid;
        return;
    }
    bool own = c->type == EVENT_STATUS && str_eq(c->txn->who, istr_str(remote->who));
    if (!own) remotes_say_pod(r, remote, c->after);
    remotes_mark_overtaken(r, remote, c);
}

static void remotes_ask_of_marked(struct remotes *r, struct remote *remote)
{
    struct ident *id;
    for (size_t i = 0; (id = map_next(&remote->pods, &i));) {
        struct object *pod = remotes_pod(r, id);
        if (pod && marked_unready(pod)) ask_again(remote, pod);
    }
}

/* Somebody else (the lifecycle controller, after a silence) declared a connected node not ready: it
 * shall tell anew. One that is ready again tells of the pods that were marked meanwhile. */
static void remotes_node_changed(struct remotes *r, const struct change *c)
{
    if (!c->after || r->connected == 0) return;
    if (c->type != EVENT_STATUS && c->type != EVENT_CONDITION) return;
    struct remote *remote = remote_of(r, istr_get(object_name(c->after)));
    if (!remote->edge) return;
    if (!node_is_ready(c->after) && !str_eq(c->txn->who, istr_str(remote->who)))
        remotes_say(remote->edge, remote->link, NODEWIRE_AGAIN);
    else if (node_is_ready(c->after) && !node_is_ready(c->before))
        remotes_ask_of_marked(r, remote);
}

struct mention {
    const struct kind *kind;
    struct str name;
    bool found;
};

static void mention_check(void *ctx, const struct kind *kind, struct str name)
{
    struct mention *m = ctx;
    if (m->kind == kind && str_eq(m->name, name)) m->found = true;
}

struct object *remotes_pod(struct remotes *r, const struct ident *id)
{
    struct object *pod =
        world_get(r->world, kind_pod, id->ns, (struct str){id->name, id->name_len});
    return pod && uid_equal(&pod->id->uid, &id->uid) ? pod : NULL;
}

static void remotes_need_changed(struct remotes *r, const struct change *c)
{
    const struct object *o = c->after ? c->after : c->before;
    struct interest *in = interest_find(r, o);
    for (size_t i = 0; in && i < in->count; i++) {
        struct remote *remote = in->nodes[i];
        struct ident *id;
        for (size_t at = 0; remote->edge && (id = map_next(&remote->pods, &at));) {
            struct object *pod = id->ns == o->id->ns ? remotes_pod(r, id) : NULL;
            struct mention m = {o->id->kind, object_name(o), false};
            if (pod) pod_needs_each(doc_root(pod->body), mention_check, &m);
            if (m.found) remotes_say_pod(r, remote, pod);
        }
    }
}

static void remotes_changed(struct subscriber *s, const struct change *c)
{
    struct remotes *r = container_of(s, struct remotes, subscriber);
    const struct kind *kind = (c->after ? c->after : c->before)->id->kind;
    if (kind == kind_pod) remotes_pod_changed(r, c);
    if (kind == kind_node) remotes_node_changed(r, c);
    if (r->connected && (kind == kind_secret || kind == kind_configmap)) remotes_need_changed(r, c);
}

static void remotes_entry_done(struct subscriber *s)
{
    remotes_flush(container_of(s, struct remotes, subscriber));
}

static void remotes_turn(struct subscriber *s, uint64_t now_ms)
{
    (void)now_ms;
    remotes_flush(container_of(s, struct remotes, subscriber));
}

static void remotes_restored(struct subscriber *s)
{
    struct remotes *r = container_of(s, struct remotes, subscriber);
    list_each(it, &r->all) remote_clear_pods(container_of(it, struct remote, known));
    for (struct actor *a = world_first(r->world, kind_pod, NULL); a; a = world_next(a, NULL)) {
        if (a->object->node) remote_add_pod(r, a->object);
    }
}

static void remotes_lead(struct subscriber *s, bool leads)
{
    struct remotes *r = container_of(s, struct remotes, subscriber);
    if (leads) return;
    list_each(it, &r->all)
    {
        struct remote *remote = container_of(it, struct remote, known);
        if (remote->edge) remotes_say_bye(r, remote, NODEWIRE_REDIRECT, "no longer the leader");
    }
    interests_clear(r);
    remotes_flush(r);
}

/* --- life --- */

void remotes_attach(struct remotes *r, struct remote_edge *e)
{
    e->open = NULL;
    list_push(&r->edges, &e->link);
}

void remotes_detach(struct remotes *r, struct remote_edge *e)
{
    list_each(it, &r->all)
    {
        struct remote *remote = container_of(it, struct remote, known);
        if (remote->edge != e) continue;
        remote->edge = NULL;
        r->connected--;
    }
    remote_batch_free(e->open);
    e->open = NULL;
    list_remove(&e->link);
}

size_t remotes_connected(const struct remotes *r)
{
    return r->connected;
}

struct remotes *remotes_new(const struct remotes_options *options)
{
    struct remotes *r = mem_new(struct remotes);
    r->options = *options;
    if (r->options.heartbeat_ms == 0) r->options.heartbeat_ms = 10 * 1000;
    r->world = system_world(options->system);
    list_init(&r->edges);
    list_init(&r->all);
    r->subscriber = (struct subscriber){
        .name = "remotes",
        .changed = remotes_changed,
        .entry_done = remotes_entry_done,
        .restored = remotes_restored,
        .lead = remotes_lead,
        .turn = remotes_turn,
    };
    world_subscribe(r->world, &r->subscriber);
    remotes_restored(&r->subscriber);
    return r;
}

void remotes_free(struct remotes *r)
{
    if (!r) return;
    list_remove(&r->subscriber.link);
    interests_clear(r);
    remotes_forget_needs(r);
    list_each_safe(it, &r->all)
    {
        struct remote *remote = container_of(it, struct remote, known);
        remote_clear_pods(remote);
        mem_free(remote);
    }
    map_free(&r->by_name);
    mem_free(r);
}
