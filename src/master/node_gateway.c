#include "master/node_gateway.h"

#include "base/trace.h"
#include "master/join_tokens.h"
#include "net/link.h"
#include "proto/names.h"

#include <assert.h>
#include <inttypes.h>
#include <uv.h>

enum {
    HELLO_MS = 10 * 1000,
    SILENCE_MS = 60 * 1000, /* a link without any frame for so long is dead */
    SWEEP_MS = 1000,
    BATCHES_MAX = 4,                   /* reports on their way to the core */
    REPORTS_MAX = 64 * 1024,           /* waiting here, of all nodes */
    LINK_QUEUE_MAX = 32 * 1024 * 1024, /* unread by a node */
};

struct node_link {
    struct list all;
    struct node_gateway *gateway;
    struct link *link;
    uint64_t id, heard_ms;
    istr name; /* NULL before a good hello */
    bool closing;
};

struct node_gateway {
    struct node_gateway_options options;
    struct remote_edge edge;
    struct join_tokens *tokens;
    struct link_listener *listener;
    struct list links;
    struct map by_id; /* id -> node_link */
    uint64_t last_id;
    struct remote_report *reports; /* gathering */
    size_t report_count, report_cap;
    unsigned batches; /* on their way */
    uv_check_t check;
    uv_timer_t sweep;
    unsigned handles; /* uv handles and the listener still open */
    struct buf frame; /* scratch */
    bool stopping, detached;
    void (*stopped)(void *arg);
    void *stopped_arg;
};

/* --- to the core
 * ----------------------------------------------------------------------------------- */

struct report_batch {
    struct ask ask;
    struct node_gateway *gateway;
    struct remote_report *reports;
    size_t count;
    bool attaches, detaches;
};

static void gateway_flush(struct node_gateway *g);
static void gateway_finish(struct node_gateway *g);

static void batch_on_core(struct ask *a, struct system *s)
{
    (void)s;
    struct report_batch *b = container_of(a, struct report_batch, ask);
    struct node_gateway *g = b->gateway;
    if (b->attaches) remotes_attach(g->options.remotes, &g->edge);
    remotes_report(g->options.remotes, &g->edge, b->reports, b->count);
    if (b->detaches) remotes_detach(g->options.remotes, &g->edge);
}

static void batch_done(struct ask *a, int status)
{
    (void)status;
    struct report_batch *b = container_of(a, struct report_batch, ask);
    struct node_gateway *g = b->gateway;
    if (b->detaches) g->detached = true;
    mem_free(b->reports);
    mem_free(b);
    g->batches--;
    gateway_flush(g);
    gateway_finish(g);
}

static void gateway_post(struct node_gateway *g, bool attaches, bool detaches)
{
    struct report_batch *b = mem_new(struct report_batch);
    b->ask = (struct ask){
        .home = g->options.home,
        .freshness = FRESH_ANY,
        .on_core = batch_on_core,
        .done = batch_done,
    };
    b->gateway = g;
    b->reports = g->reports;
    b->count = g->report_count;
    b->attaches = attaches;
    b->detaches = detaches;
    g->reports = NULL;
    g->report_count = g->report_cap = 0;
    g->batches++;
    gate_ask(g->options.gate, &b->ask);
}

static void gateway_flush(struct node_gateway *g)
{
    if (g->report_count && g->batches < BATCHES_MAX && !g->stopping) gateway_post(g, false, false);
}

static void gateway_on_check(uv_check_t *check)
{
    gateway_flush(check->data);
}

static struct remote_report *gateway_report(struct node_link *nl, int type)
{
    struct node_gateway *g = nl->gateway;
    if (g->report_count == g->report_cap) {
        g->report_cap = g->report_cap ? 2 * g->report_cap : 64;
        g->reports = mem_resize(g->reports, g->report_cap * sizeof *g->reports);
    }
    struct remote_report *report = &g->reports[g->report_count++];
    *report = (struct remote_report){.type = type, .link = nl->id, .node = nl->name};
    return report;
}

/* --- from nodes
 * ------------------------------------------------------------------------------------ */

static void link_say(struct node_link *nl, const struct nodewire *m)
{
    struct node_gateway *g = nl->gateway;
    buf_clear(&g->frame);
    nodewire_write(m, &g->frame);
    link_send(nl->link, g->frame.data, g->frame.len, NULL, NULL);
}

static void link_refuse(struct node_link *nl, int code, const char *why)
{
    if (nl->closing) return;
    trace_warn("nodes", "%s%s%s: refused: %s", link_address(nl->link), nl->name ? " " : "",
               nl->name ? nl->name : "", why);
    link_say(nl, &(struct nodewire){.type = NODEWIRE_REFUSE, .text = str_of(why)});
    nl->closing = true;
    link_close(nl->link, code, why);
}

static struct doc *doc_of(struct str raw)
{
    return raw.n ? doc_new(raw.p, raw.n) : NULL;
}

static void node_hello(struct node_link *nl, const struct nodewire *m)
{
    struct node_gateway *g = nl->gateway;
    if (m->version != NODEWIRE_VERSION) {
        link_refuse(nl, E_UNSUPPORTED, "this master speaks another version of the node protocol");
    } else if (!join_tokens_allow(g->tokens, m->token)) {
        link_refuse(nl, E_DENIED, "the join token is wrong");
    } else if (name_check_dns_subdomain(m->name)) {
        link_refuse(nl, E_INVALID, "the node's name is not a DNS subdomain");
    } else {
        nl->name = istr_get(m->name);
        struct remote_report *report = gateway_report(nl, NODEWIRE_HELLO);
        report->body = doc_of(m->body);
        report->status = doc_of(m->status);
    }
}

static void node_says(struct node_link *nl, const struct nodewire *m)
{
    if (m->type == NODEWIRE_BEAT) link_say(nl, m);
    if (nl->gateway->report_count >= REPORTS_MAX) {
        link_refuse(nl, E_BUSY, "the master cannot keep up with reports");
        return;
    }
    struct remote_report *report = gateway_report(nl, (int)m->type);
    report->revision = m->revision;
    report->uid = m->uid;
    if (m->ns.n) report->ns = istr_get(m->ns);
    if (m->name.n) report->name = mem_strndup(m->name.p, m->name.n);
    report->body = doc_of(m->body);
    report->status = doc_of(m->status);
}

static bool node_may_say(const struct nodewire *m)
{
    switch (m->type) {
    case NODEWIRE_BEAT:
    case NODEWIRE_NODE_STATUS:
        return true;
    case NODEWIRE_POD_STATUS:
    case NODEWIRE_POD_GONE:
    case NODEWIRE_EVENT:
        return !name_check_dns_label(m->ns) && !name_check_dns_subdomain(m->name);
    default:
        return false;
    }
}

static void gateway_on_frame(struct link *link, const void *bytes, size_t n)
{
    struct node_link *nl = link_data(link);
    if (nl->closing) return;
    nl->heard_ms = uv_now(nl->gateway->options.loop);
    struct nodewire m;
    struct error err = {0};
    if (nodewire_read(bytes, n, &m, &err) < 0) {
        link_refuse(nl, E_INVALID, err.text);
    } else if (!nl->name && m.type == NODEWIRE_HELLO) {
        node_hello(nl, &m);
    } else if (nl->name && node_may_say(&m)) {
        node_says(nl, &m);
    } else {
        link_refuse(nl, E_INVALID,
                    nl->name ? "a message that no node sends" : "hello must come first");
    }
}

/* --- from the core
 * --------------------------------------------------------------------------------- */

static void need_put(struct node_gateway *g, const struct remote_need *need, struct buf *out)
{
    mp_put_array(out, 3);
    mp_put_z(out, need->kind->key);
    mp_put_str(out, need->name);
    struct doc *clear = NULL;
    struct error err = {0};
    bool sealed = need->object && need->kind == kind_secret && g->options.unseal;
    if (sealed && g->options.unseal(g->options.unseal_ctx, need->object, &clear, &err) < 0) {
        trace_error("nodes", "secret %.*s cannot be opened: %s", (int)need->name.n, need->name.p,
                    err.text);
    }
    if (!need->object || (sealed && !clear)) {
        mp_put_nil(out);
    } else {
        mp_put(out, doc_root(clear ? clear : need->object->body));
    }
    doc_unref(clear);
}

static void link_say_pod(struct node_link *nl, const struct remote_message *message)
{
    const struct object *pod = message->pod;
    struct buf buf_auto needs = BUF_INIT;
    mp_put_array(&needs, (uint32_t)message->need_count);
    for (size_t i = 0; i < message->need_count; i++)
        need_put(nl->gateway, &message->needs[i], &needs);
    struct nodewire m = {
        .type = NODEWIRE_POD,
        .ns = istr_str(pod->id->ns),
        .name = object_name(pod),
        .uid = pod->id->uid,
        .revision = pod->revision,
        .created_s = pod->id->created_s,
        .deleted_s = pod->deleted_s,
        .grace_s = pod->grace_s,
        .body = doc_root(pod->body).raw,
        .status = doc_root(pod->status).raw,
        .needs = {needs.data, needs.len},
    };
    link_say(nl, &m);
}

static void link_deliver(struct node_link *nl, const struct remote_message *message)
{
    if (message->type == NODEWIRE_POD) {
        link_say_pod(nl, message);
    } else {
        struct nodewire m = {
            .type = message->type,
            .uid = message->uid,
            .heartbeat_ms = message->heartbeat_ms,
            .address = str_of(message->address),
            .text = str_of(message->text),
        };
        link_say(nl, &m);
        if (m.type == NODEWIRE_WELCOME)
            trace_info("nodes", "%s joined from %s", nl->name, link_address(nl->link));
    }
    if (message->closes) {
        nl->closing = true;
        link_close(nl->link, E_CLOSED, message->text ? message->text : "closed by the master");
    } else if (link_queued(nl->link) > LINK_QUEUE_MAX) {
        nl->closing = true;
        trace_warn("nodes", "%s reads too slowly, cut off", nl->name);
        link_close(nl->link, E_TOOBIG, "the node reads too slowly");
    }
}

static void gateway_deliver(struct remote_edge *e, struct remote_batch *b)
{
    struct node_gateway *g = container_of(e, struct node_gateway, edge);
    for (size_t i = 0; i < b->count; i++) {
        struct node_link *nl = map_get(&g->by_id, &b->items[i].link, sizeof b->items[i].link);
        if (nl && !nl->closing) link_deliver(nl, &b->items[i]);
    }
    remote_batch_free(b);
}

/* --- life
 * ------------------------------------------------------------------------------------------ */

static void gateway_on_closed(struct link *link, const struct error *why)
{
    struct node_link *nl = link_data(link);
    struct node_gateway *g = nl->gateway;
    if (nl->name) {
        trace_info("nodes", "%s: link closed: %s", nl->name, why->text);
        if (!g->stopping) gateway_report(nl, REPORT_CLOSED);
    } else {
        trace_debug("nodes", "%s: closed before hello: %s", link_address(link), why->text);
    }
    map_del(&g->by_id, &nl->id, sizeof nl->id);
    list_remove(&nl->all);
    mem_free(nl);
    gateway_finish(g);
}

static void *gateway_on_accept(void *arg, struct link *link)
{
    struct node_gateway *g = arg;
    struct node_link *nl = mem_new(struct node_link);
    nl->gateway = g;
    nl->link = link;
    nl->id = ++g->last_id;
    nl->heard_ms = uv_now(g->options.loop);
    list_push(&g->links, &nl->all);
    map_put(&g->by_id, &nl->id, sizeof nl->id, nl);
    return nl;
}

static void gateway_on_sweep(uv_timer_t *timer)
{
    struct node_gateway *g = timer->data;
    uint64_t now = uv_now(g->options.loop);
    list_each(it, &g->links)
    {
        struct node_link *nl = container_of(it, struct node_link, all);
        uint64_t limit = nl->name ? SILENCE_MS : HELLO_MS;
        if (nl->closing || now - nl->heard_ms < limit) continue;
        nl->closing = true;
        link_close(nl->link, E_TIMEOUT, nl->name ? "no word from the node" : "no hello in time");
    }
}

int node_gateway_start(struct node_gateway **out, const struct node_gateway_options *options,
                       struct error *err)
{
    struct node_gateway *g = mem_new(struct node_gateway);
    g->options = *options;
    list_init(&g->links);
    g->edge = (struct remote_edge){.home = options->home, .deliver = gateway_deliver};
    int rc = join_tokens_open(&g->tokens, options->tokens_file, err);
    if (rc == 0) {
        struct link_options link = {
            .tls = options->tls,
            .frame_max = NODEWIRE_FRAME_MAX,
            .events = {.frame = gateway_on_frame, .closed = gateway_on_closed},
        };
        rc = link_listen(&g->listener, options->loop, options->address, options->reuse_port, &link,
                         gateway_on_accept, g, err);
    }
    if (rc < 0) {
        join_tokens_close(g->tokens);
        mem_free(g);
        return rc;
    }
    uv_check_init(options->loop, &g->check);
    uv_timer_init(options->loop, &g->sweep);
    g->check.data = g->sweep.data = g;
    uv_check_start(&g->check, gateway_on_check);
    uv_timer_start(&g->sweep, gateway_on_sweep, SWEEP_MS, SWEEP_MS);
    g->handles = 3;
    gateway_post(g, true, false);
    *out = g;
    return 0;
}

static void gateway_finish(struct node_gateway *g)
{
    if (!g->stopping || g->handles || g->batches || !g->detached || !list_empty(&g->links)) return;
    for (size_t i = 0; i < g->report_count; i++) remote_report_free(&g->reports[i]);
    mem_free(g->reports);
    map_free(&g->by_id);
    join_tokens_close(g->tokens);
    buf_free(&g->frame);
    void (*stopped)(void *) = g->stopped;
    void *arg = g->stopped_arg;
    mem_free(g);
    if (stopped) stopped(arg);
}

static void gateway_on_handle_closed(uv_handle_t *handle)
{
    struct node_gateway *g = handle->data;
    g->handles--;
    gateway_finish(g);
}

static void gateway_on_listener_closed(void *arg)
{
    struct node_gateway *g = arg;
    g->handles--;
    gateway_finish(g);
}

void node_gateway_stop(struct node_gateway *g, void (*stopped)(void *arg), void *arg)
{
    assert(!g->stopping);
    g->stopped = stopped;
    g->stopped_arg = arg;
    gateway_post(g, false, true);
    g->stopping = true;
    list_each_safe(it, &g->links)
    {
        struct node_link *nl = container_of(it, struct node_link, all);
        nl->closing = true;
        link_close(nl->link, E_CLOSED, "the master stops");
    }
    link_listener_close(g->listener, gateway_on_listener_closed, g);
    uv_close((uv_handle_t *)&g->check, gateway_on_handle_closed);
    uv_close((uv_handle_t *)&g->sweep, gateway_on_handle_closed);
}
