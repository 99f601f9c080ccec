/* An edge: a thread with its own loop that serves the API and the nodes. */
#include "master/inside.h"

#include "api/api.h"
#include "api/seal.h"
#include "base/mem.h"
#include "base/trace.h"
#include "master/log_hook.h"
#include "master/masters_hook.h"
#include "master/node_gateway.h"
#include "net/tls.h"

#include <stdio.h>

struct edge {
    struct master *m;
    unsigned number;
    uv_thread_t thread;
    uv_loop_t loop;
    uv_async_t wake;
    struct inbox inbox;
    struct api *api;
    struct node_gateway *gateway;
    struct log_hook *log;
    uv_sem_t started;
    int status;
    struct error err;
};

static void edge_wake(void *arg)
{
    uv_async_send(arg);
}

static void edge_drain(uv_async_t *async)
{
    struct edge *e = container_of(async, struct edge, wake);
    inbox_drain(&e->inbox);
}

static int edge_open_api(struct edge *e)
{
    const struct master_options *o = &e->m->options;
    struct masters_hook *masters = masters_hook_new(&e->m->core, &e->inbox);
    struct api_hook hooks[] = {{"/logship/log", log_hook_handle, e->log},
                               {"/logship/masters", masters_hook_handle, masters}};
    struct api_options options = {
        .loop = &e->loop,
        .home = &e->inbox,
        .gate = &e->m->core.gate.gate,
        .tls = e->m->api_tls,
        .address = o->api_address,
        .reuse_port = e->m->edge_count > 1,
        .tokens_file = o->tokens_file,
        .cluster = o->cluster,
        .master = o->name,
        .seal_key = e->m->seal_key,
        .account_key = e->m->account_key,
        .node_tls = e->m->node_client_tls,
        .hooks = mem_copy(hooks, sizeof hooks),
        .hook_count = sizeof hooks / sizeof *hooks,
    };
    return api_start(&e->api, &options, &e->err);
}

/* Nodes get secrets in clear, over TLS; a master's disk never does. */
static int edge_unseal(void *ctx, const struct object *secret, struct doc **out, struct error *err)
{
    struct object *opened = seal_open(ctx, (struct object *)secret);
    *out = doc_ref(opened->body);
    bool sealed = doc_path(opened->body, "sealed").type != MP_END;
    object_unref(opened);
    if (!sealed) return 0;
    doc_unref(*out);
    return error_set(err, E_CORRUPT, "secret %.*s cannot be opened with this cluster's key",
                     (int)secret->id->name_len, secret->id->name);
}

static int edge_open(struct edge *e)
{
    const struct master_options *o = &e->m->options;
    e->log = log_hook_new(e->m->store, &e->loop);
    int rc = edge_open_api(e);
    if (rc) return error_wrap(&e->err, rc, "API at %s", o->api_address);
    struct node_gateway_options options = {
        .loop = &e->loop,
        .home = &e->inbox,
        .gate = &e->m->core.gate.gate,
        .remotes = e->m->core.remotes,
        .address = o->node_address,
        .reuse_port = e->m->edge_count > 1,
        .tls = e->m->node_tls,
        .tokens_file = o->join_token_file,
        .unseal = edge_unseal,
        .unseal_ctx = e->m->seal_key,
    };
    rc = node_gateway_start(&e->gateway, &options, &e->err);
    return rc ? error_wrap(&e->err, rc, "node port at %s", o->node_address) : 0;
}

static void edge_main(void *arg)
{
    struct edge *e = arg;
    e->status = edge_open(e);
    bool failed = e->status != 0;
    uv_sem_post(&e->started);
    if (!failed) uv_run(&e->loop, UV_RUN_DEFAULT);
}

struct edge *edge_start(struct master *m, unsigned number, struct error *err)
{
    struct edge *e = mem_new(struct edge);
    e->m = m;
    e->number = number;
    uv_loop_init(&e->loop);
    uv_async_init(&e->loop, &e->wake, edge_drain);
    inbox_init(&e->inbox, edge_wake, &e->wake);
    uv_sem_init(&e->started, 0);
    uv_thread_create(&e->thread, edge_main, e);
    uv_sem_wait(&e->started);
    if (!e->status) return e;
    *err = e->err;
    return NULL;
}
