#include "master/node_gateway_internal.h"

#include "base/trace.h"

#include <assert.h>

enum {
    HELLO_MS = 10 * 1000,
    SILENCE_MS = 60 * 1000, /* a link without any frame for so long is dead */
    SWEEP_MS = 1000,
    BATCHES_MAX = 4, /* reports on their way to the core */
};

/* --- to the core --- */

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

struct remote_report *gateway_report(struct node_link *nl, int type)
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

static void gateway_deliver(struct remote_edge *e, struct remote_batch *b)
{
    struct node_gateway *g = container_of(e, struct node_gateway, edge);
    for (size_t i = 0; i < b->count; i++) {
        struct node_link *nl = map_get(&g->by_id, &b->items[i].link, sizeof b->items[i].link);
        if (nl && !nl->closing) node_link_deliver(nl, &b->items[i]);
    }
    remote_batch_free(b);
}

/* --- life --- */

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
    node_link_forget_opened(g);
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
            .events = {.frame = node_link_on_frame, .closed = gateway_on_closed},
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
    node_link_forget_opened(g);
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
