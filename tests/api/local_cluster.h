/* A cluster of one, in one thread: a world, its system, and a gate over them, so that the API is
 * tested through real HTTP without masters, disks or peers. Entries are kept in memory, for the
 * past. */
#ifndef LOGSHIP_TESTS_API_LOCAL_CLUSTER_H
#define LOGSHIP_TESTS_API_LOCAL_CLUSTER_H

#include "api/local_past.h"

static uint64_t local_monotonic_ms(struct host *h)
{
    (void)h;
    return uv_hrtime() / 1000000;
}

static int64_t local_wall_ms(struct host *h)
{
    (void)h;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void local_random(struct host *h, void *bytes, size_t n)
{
    (void)h;
    memset(bytes, 7, n);
}

/* Notes are posted by the loop's own thread; they run in its next turn. */
static void local_wake(void *arg)
{
    uv_async_send(arg);
}

static void local_drain(uv_async_t *async)
{
    inbox_drain(&container_of(async, struct local_cluster, wake)->inbox);
}

static void local_propose(void *ctx, struct str entry, uint64_t first, int64_t time_ms)
{
    struct local_cluster *c = ctx;
    (void)time_ms;
    struct local_entry *e = &c->entries[c->entry_count++ % 4096];
    buf_append(&e->bytes, entry.p, entry.n);
    e->first = first;
    buf_clear(&c->proposed);
    buf_append(&c->proposed, entry.p, entry.n);
    c->flying = true;
    uv_async_send(&c->wake);
}

/* The end of every turn: what was proposed is committed, what gathered is proposed. */
static void local_turn(uv_check_t *check)
{
    struct local_cluster *c = container_of(check, struct local_cluster, check);
    if (c->flying) {
        c->flying = false;
        system_committed(c->system, c->entry_count,
                         (struct str){c->proposed.data, c->proposed.len});
        system_proposed(c->system, 0);
    }
    system_turn(c->system, uv_now(&c->loop));
}

static void local_changed(struct subscriber *s, const struct change *change)
{
    struct local_cluster *c = container_of(s, struct local_cluster, feed);
    c->pending[c->pending_count++] = (struct feed_change){
        change->type, change->revision, object_ref(change->before), object_ref(change->after)};
}

struct local_note {
    struct note note;
    struct feed_listener *listener;
    struct feed_batch *batch;
    uint64_t revision;
};

static void local_feed_run(struct note *n)
{
    struct local_note *ln = container_of(n, struct local_note, note);
    if (ln->batch)
        ln->listener->batch(ln->listener, ln->batch);
    else
        ln->listener->started(ln->listener, ln->revision);
    mem_free(ln);
}

static void local_feed_post(struct feed_listener *l, struct feed_batch *b, uint64_t revision)
{
    struct local_note *ln = mem_new(struct local_note);
    *ln = (struct local_note){{.run = local_feed_run}, l, b, revision};
    inbox_post(l->home, &ln->note);
}

static void local_entry_done(struct subscriber *s)
{
    struct local_cluster *c = container_of(s, struct local_cluster, feed);
    if (!c->pending_count) return;
    struct feed_batch *b = local_batch(c->pending, c->pending_count);
    c->pending_count = 0;
    list_each(it, &c->listeners)
    {
        feed_batch_ref(b);
        local_feed_post(container_of(it, struct feed_listener, link), b, 0);
    }
    feed_batch_unref(b);
}

static void local_ask_home(struct note *n)
{
    struct ask *a = container_of(n, struct ask, note);
    a->done(a, a->status);
}

static void local_ask(struct gate *g, struct ask *a)
{
    struct local_cluster *c = container_of(g, struct local_cluster, gate);
    a->status = c->leaderless && a->freshness == FRESH_LINEARIZABLE ? E_TIMEOUT : 0;
    if (!a->status) a->on_core(a, c->system);
    a->note.run = local_ask_home;
    inbox_post(a->home, &a->note);
}

/* Two masters; the second is out of reach, and so is the leader when there is none. */
static void local_status(struct gate *g, struct gate_status *out)
{
    struct local_cluster *c = container_of(g, struct local_cluster, gate);
    out->members[0] = (struct gate_member){"m1", true};
    out->members[1] = (struct gate_member){"m2", false};
    out->member_count = 2;
    memcpy(out->self, "m1", 3);
    memcpy(out->leader, c->leaderless ? "" : "m1", c->leaderless ? 1 : 3);
}

static void local_command_run(struct note *n)
{
    struct command *command = container_of(n, struct command, note);
    struct local_cluster *c = command->actor ? (void *)command->actor : NULL;
    command->actor = NULL;
    system_send(c->system, command);
    uv_async_send(&c->wake);
}

static void local_command(struct gate *g, struct command *command, struct inbox *home)
{
    command->actor = (void *)container_of(g, struct local_cluster, gate);
    command->note.run = local_command_run;
    inbox_post(home, &command->note);
}

static void local_listen(struct gate *g, struct feed_listener *l)
{
    struct local_cluster *c = container_of(g, struct local_cluster, gate);
    list_push(&c->listeners, &l->link);
    local_feed_post(l, NULL, c->world->revision);
}

static void local_done(struct command *c, const struct result *r)
{
    (void)c;
    if (r->http >= 400) abort();
}

/* Creates an object behind the API's back. */
static inline void local_create(struct local_cluster *c, const struct kind *kind, const char *ns,
                                const char *name, struct doc *body, struct doc *status)
{
    struct command *command =
        command_new(COMMAND_CREATE, kind, ns ? istr_of(ns) : NULL, str_of(name), istr_of("test"));
    command->body = body;
    command->status = status;
    command->done = local_done;
    system_send(c->system, command);
    local_turn(&c->check);
    local_turn(&c->check);
}

static inline struct local_cluster *local_cluster_new(void)
{
    struct local_cluster *c = mem_new(struct local_cluster);
    schema_init();
    c->host = (struct host){local_monotonic_ms, local_wall_ms, local_random};
    c->gate = (struct gate){.ask = local_ask,
                            .command = local_command,
                            .listen = local_listen,
                            .history = local_history,
                            .past = local_past_ask,
                            .status = local_status};
    uv_loop_init(&c->loop);
    uv_async_init(&c->loop, &c->wake, local_drain);
    uv_check_init(&c->loop, &c->check);
    uv_check_start(&c->check, local_turn);
    inbox_init(&c->inbox, local_wake, &c->wake);
    list_init(&c->listeners);
    c->world = world_new("5b2b2a3e-0000-4000-8000-000000000001");
    c->feed = (struct subscriber){
        .name = "feed", .changed = local_changed, .entry_done = local_entry_done};
    world_subscribe(c->world, &c->feed);
    c->system = system_new(&(struct system_options){
        .world = c->world, .host = &c->host, .propose = local_propose, .ctx = c});
    system_lead(c->system, true);
    local_create(c, kind_namespace, NULL, "default", doc_empty(), NULL);
    return c;
}

static inline int local_cluster_listen(struct local_cluster *c, const char *address)
{
    struct error err = {0};
    struct api_options o = {.loop = &c->loop,
                            .home = &c->inbox,
                            .gate = &c->gate,
                            .address = address,
                            .cluster = c->world->cluster,
                            .master = "m1",
                            .seal_key = c->seal_key,
                            .node_tls = c->node_tls,
                            .tls = c->tls,
                            .tokens_file = c->tokens_file,
                            .flow = c->flow,
                            .hooks = &c->hook,
                            .hook_count = c->hook.path != NULL};
    int rc = api_start(&c->api, &o, &err);
    if (rc) fprintf(stderr, "%s\n", err.text);
    return rc;
}

static void local_stopped(void *arg)
{
    struct local_cluster *c = arg;
    if (--c->stopping) return;
    uv_close((uv_handle_t *)&c->wake, NULL);
    uv_close((uv_handle_t *)&c->check, NULL);
}

static inline void local_cluster_free(struct local_cluster *c)
{
    c->stopping = 1 + (c->api != NULL) + (c->other_api != NULL);
    if (c->api) api_stop(c->api, local_stopped, c);
    if (c->other_api) api_stop(c->other_api, local_stopped, c);
    local_stopped(c);
    uv_run(&c->loop, UV_RUN_DEFAULT);
    inbox_drain(&c->inbox);
    api_free(c->api);
    api_free(c->other_api);
    uv_loop_close(&c->loop);
    system_free(c->system);
    world_free(c->world);
    for (size_t i = 0; i < c->entry_count && i < 4096; i++) buf_free(&c->entries[i].bytes);
    buf_free(&c->proposed);
    inbox_close(&c->inbox);
    mem_free(c);
}

#endif
