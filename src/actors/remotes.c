#include "actors/remotes.h"

#include "actors/pod_needs.h"
#include "base/trace.h"

#include <assert.h>

/* A node by name: the pods bound to it, and its link while it has one. Never freed: there are as
 * many as node names were ever seen. */
struct remote {
    istr name, who;
    struct map pods;          /* uid -> ident (a reference) */
    struct remote_edge *edge; /* NULL: not connected */
    uint64_t link;
};

/* The nodes whose pods name one config map or secret. May name too many, never too few. */
struct interest {
    char *key;
    size_t key_len;
    struct remote **nodes;
    size_t count;
};

struct remotes {
    struct subscriber subscriber;
    struct remotes_options options;
    struct world *world;
    struct map by_name; /* istr (its address) -> remote */
    struct map interests;
    struct list edges;
    size_t connected;
};

/* --- the index ----------------------------------------------------------------------------------
 */

static struct remote *remote_of(struct remotes *r, istr name)
{
    struct remote *remote = map_get(&r->by_name, &name, sizeof name);
    if (remote) return remote;
    remote = mem_new(struct remote);
    remote->name = name;
    mem_auto char *who = mem_printf("system:node:%s", name);
    remote->who = istr_of(who);
    map_put(&r->by_name, &remote->name, sizeof remote->name, remote);
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

/* --- what goes out -------------------------------------------------------------------------------
 */

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

static struct remote_message *remotes_say(struct remote_edge *e, uint64_t link,
                                          enum nodewire_type type)
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

static void remotes_flush(struct remotes *r)
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
    for (size_t i = 0; i < in->count; i++) {
        if (in->nodes[i] == remote) return;
    }
    in->nodes = mem_resize(in->nodes, (in->count + 1) * sizeof(struct remote *));
    in->nodes[in->count++] = remote;
}

static void interests_clear(struct remotes *r)
{
    struct interest *in;
    for (size_t i = 0; (in = map_next(&r->interests, &i));) {
        mem_free(in->key);
        mem_free(in->nodes);
        mem_free(in);
    }
    map_free(&r->interests);
    r->interests = (struct map){0};
}

static void interest_key(struct buf *out, const struct kind *kind, istr ns, struct str name)
{
    buf_printf(out, "%s/%s/%.*s", kind->key, ns, (int)name.n, name.p);
}

struct gathering {
    struct remotes *remotes;
    struct remote *remote;
    struct remote_message *message;
    istr ns;
};

static void gather_need(void *ctx, const struct kind *kind, struct str name)
{
    struct gathering *g = ctx;
    struct remote_message *m = g->message;
    for (size_t i = 0; i < m->need_count; i++) {
        if (m->needs[i].kind == kind && str_eq(m->needs[i].name, name)) return;
    }
    m->needs = mem_resize(m->needs, (m->need_count + 1) * sizeof *m->needs);
    struct object *object = world_get(g->remotes->world, kind, g->ns, name);
    m->needs[m->need_count++] = (struct remote_need){kind, name, object_ref(object)};
    struct buf buf_auto key = BUF_INIT;
    interest_key(&key, kind, g->ns, name);
    interest_add(g->remotes, g->remote, key.data, key.len);
}

static void remotes_say_pod(struct remotes *r, struct remote *remote, struct object *pod)
{
    struct remote_message *m = remotes_say(remote->edge, remote->link, NODEWIRE_POD);
    m->pod = object_ref(pod);
    struct gathering g = {r, remote, m, pod->id->ns};
    pod_needs_each(doc_root(pod->body), gather_need, &g);
}

static void remotes_say_bye(struct remotes *r, struct remote *remote, enum nodewire_type type,
                            const char *text)
{
    struct remote_message *m = remotes_say(remote->edge, remote->link, type);
    m->text = mem_strdup(text);
    m->closes = true;
    remote->edge = NULL;
    r->connected--;
}

/* --- from changes to messages
 * ---------------------------------------------------------------------- */

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
}

static bool node_is_ready(const struct object *node)
{
    for (struct mp_iter it = mp_items(doc_path(node->status, "conditions")); mp_iter_next(&it);) {
        if (mp_is(mp_get(it.value, "type"), "Ready"))
            return mp_is(mp_get(it.value, "status"), "True");
    }
    return false;
}

/* Somebody else (the lifecycle controller, after a silence) declared a connected node not ready: it
 * shall tell anew. */
static void remotes_node_changed(struct remotes *r, const struct change *c)
{
    if (!c->after || r->connected == 0 || node_is_ready(c->after)) return;
    if (c->type != EVENT_STATUS && c->type != EVENT_CONDITION) return;
    struct remote *remote = remote_of(r, istr_get(object_name(c->after)));
    if (!remote->edge || str_eq(c->txn->who, istr_str(remote->who))) return;
    remotes_say(remote->edge, remote->link, NODEWIRE_AGAIN);
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

static struct object *remotes_pod(struct remotes *r, const struct ident *id)
{
    struct object *pod =
        world_get(r->world, kind_pod, id->ns, (struct str){id->name, id->name_len});
    return pod && uid_equal(&pod->id->uid, &id->uid) ? pod : NULL;
}

static void remotes_need_changed(struct remotes *r, const struct change *c)
{
    const struct object *o = c->after ? c->after : c->before;
    struct buf buf_auto key = BUF_INIT;
    interest_key(&key, o->id->kind, o->id->ns, object_name(o));
    struct interest *in = map_get(&r->interests, key.data, key.len);
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
    struct remote *remote;
    for (size_t i = 0; (remote = map_next(&r->by_name, &i));) remote_clear_pods(remote);
    for (struct actor *a = world_first(r->world, kind_pod, NULL); a; a = world_next(a, NULL)) {
        if (a->object->node) remote_add_pod(r, a->object);
    }
}

static void remotes_lead(struct subscriber *s, bool leads)
{
    struct remotes *r = container_of(s, struct remotes, subscriber);
    if (leads) return;
    struct remote *remote;
    for (size_t i = 0; (remote = map_next(&r->by_name, &i));) {
        if (remote->edge) remotes_say_bye(r, remote, NODEWIRE_REDIRECT, "no longer the leader");
    }
    interests_clear(r);
    remotes_flush(r);
}

/* --- from reports to commands
 * ---------------------------------------------------------------------- */

/* The outcome of a pod's report. What could not be taken now is asked for again; what speaks of a
 * pod that is no more is answered with that news. */
static void remotes_reported(struct command *c, const struct result *result)
{
    struct remotes *r = c->data;
    if (result->http < 400) return;
    struct remote *remote = remote_of(r, c->node);
    if (!remote->edge) return;
    bool later = result->http == 429 || result->http >= 500;
    bool foreign = c->kind == kind_pod && (result->http == 404 || result->http == 409);
    if (!later && !foreign) {
        trace_warn("remotes", "%s: report on %s refused: %s", remote->name, c->name,
                   result->message);
        return;
    }
    struct remote_message *m =
        remotes_say(remote->edge, remote->link, later ? NODEWIRE_AGAIN : NODEWIRE_GONE);
    if (c->has_uid) m->uid = c->uid;
}

static void remotes_send(struct remotes *r, struct remote *remote, struct command *c)
{
    c->node = remote->name;
    c->data = r;
    c->done = remotes_reported;
    system_send(r->options.system, c);
}

static void report_pod(struct remotes *r, struct remote *remote, struct remote_report *report)
{
    enum command_op op = report->type == NODEWIRE_POD_GONE ? COMMAND_CONFIRM_GONE : COMMAND_STATUS;
    struct command *c = command_new(op, kind_pod, report->ns, str_of(report->name), remote->who);
    c->cause = report->revision;
    c->has_uid = true;
    c->uid = report->uid;
    c->status = report->status;
    report->status = NULL;
    remotes_send(r, remote, c);
}

static void report_node_status(struct remotes *r, struct remote *remote,
                               struct remote_report *report)
{
    if (!report->status) return;
    struct command *c =
        command_new(COMMAND_STATUS, kind_node, NULL, istr_str(remote->name), remote->who);
    c->status = report->status;
    report->status = NULL;
    remotes_send(r, remote, c);
}

static void report_event(struct remotes *r, struct remote *remote, struct remote_report *report)
{
    struct command *c =
        command_new(COMMAND_CREATE, kind_event, report->ns, str_of(report->name), remote->who);
    c->body = report->body;
    report->body = NULL;
    system_send(r->options.system, c);
}

static void hello_elsewhere(struct remotes *r, struct remote_edge *e,
                            const struct remote_report *report)
{
    struct remote_message *m = remotes_say(e, report->link, NODEWIRE_REDIRECT);
    const char *leader = r->options.leader ? r->options.leader(r->options.ctx) : NULL;
    m->address = leader ? mem_strdup(leader) : NULL;
    m->text = mem_strdup("not the leader");
    m->closes = true;
}

static void report_hello(struct remotes *r, struct remote_edge *e, struct remote_report *report)
{
    if (!system_leads(r->options.system)) {
        hello_elsewhere(r, e, report);
        return;
    }
    struct remote *remote = remote_of(r, report->node);
    if (remote->edge) {
        remotes_say_bye(r, remote, NODEWIRE_REFUSE, "another connection of this node took over");
    }
    remote->edge = e;
    remote->link = report->link;
    r->connected++;
    remotes_say(e, report->link, NODEWIRE_WELCOME)->heartbeat_ms = r->options.heartbeat_ms;
    if (!world_get(r->world, kind_node, NULL, istr_str(remote->name))) {
        struct command *c =
            command_new(COMMAND_CREATE, kind_node, NULL, istr_str(remote->name), remote->who);
        c->body = report->body;
        report->body = NULL;
        system_send(r->options.system, c);
    }
    report_node_status(r, remote, report);
    struct ident *id;
    for (size_t i = 0; (id = map_next(&remote->pods, &i));) {
        struct object *pod = remotes_pod(r, id);
        if (pod) remotes_say_pod(r, remote, pod);
    }
    remotes_say(e, report->link, NODEWIRE_SYNCED);
}

static void report_take(struct remotes *r, struct remote_edge *e, struct remote_report *report,
                        uint64_t now_ms)
{
    struct remote *remote = remote_of(r, report->node);
    if (report->type == NODEWIRE_HELLO) {
        report_hello(r, e, report);
        if (remote->edge == NULL) return;
    }
    if (remote->edge != e || remote->link != report->link) return; /* of a link that was replaced */
    switch (report->type) {
    case NODEWIRE_HELLO:
    case NODEWIRE_BEAT:
        if (r->options.beat) r->options.beat(r->options.beats, remote->name, now_ms);
        break;
    case NODEWIRE_NODE_STATUS:
        report_node_status(r, remote, report);
        break;
    case NODEWIRE_POD_STATUS:
    case NODEWIRE_POD_GONE:
        report_pod(r, remote, report);
        break;
    case NODEWIRE_EVENT:
        report_event(r, remote, report);
        break;
    case REPORT_CLOSED:
        remote->edge = NULL;
        r->connected--;
        break;
    default:
        break;
    }
}

void remotes_report(struct remotes *r, struct remote_edge *e, struct remote_report *reports,
                    size_t count)
{
    struct host *host = system_host(r->options.system);
    uint64_t now_ms = host->monotonic_ms(host);
    for (size_t i = 0; i < count; i++) {
        report_take(r, e, &reports[i], now_ms);
        remote_report_free(&reports[i]);
    }
    remotes_flush(r);
}

void remote_report_free(struct remote_report *report)
{
    mem_free(report->name);
    doc_unref(report->body);
    doc_unref(report->status);
    *report = (struct remote_report){0};
}

/* --- life
 * ------------------------------------------------------------------------------------------ */

void remotes_attach(struct remotes *r, struct remote_edge *e)
{
    e->open = NULL;
    list_push(&r->edges, &e->link);
}

void remotes_detach(struct remotes *r, struct remote_edge *e)
{
    struct remote *remote;
    for (size_t i = 0; (remote = map_next(&r->by_name, &i));) {
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
    struct remote *remote;
    for (size_t i = 0; (remote = map_next(&r->by_name, &i));) {
        remote_clear_pods(remote);
        mem_free(remote);
    }
    map_free(&r->by_name);
    mem_free(r);
}
