#include "api/inner.h"
#include "api/openapi_library.h"
#include "api/snapshot.h"
#include "api/watch.h"

#include "base/mem.h"

#include <assert.h>
#include <sodium.h>

static void api_handle(void *ctx, struct http_exchange *x)
{
    request_begin(ctx, x);
}

static int api_admit(void *ctx, const struct http_exchange *x)
{
    return request_admit(ctx, x);
}

static void api_tick(uv_timer_t *timer)
{
    struct api *a = container_of(timer, struct api, tick);
    uint64_t now = uv_now(a->options.loop);
    watch_hub_tick(a->watches, now);
    snapshots_expire(a->snapshots, now);
    flows_tick(a->flows, now);
}

static int api_listen(struct api *a, struct error *err)
{
    struct http_server_options server = {
        .loop = a->options.loop,
        .address = a->options.address,
        .reuse_port = a->options.reuse_port,
        .tls = a->options.tls,
        .admit = api_admit,
        .handle = api_handle,
        .ctx = a,
    };
    return http_server_start(&a->server, &server, err);
}

int api_start(struct api **out, const struct api_options *options, struct error *err)
{
    if (sodium_init() < 0) return error_set(err, E_IO, "libsodium cannot be used");
    schema_init();
    struct api *a = mem_new(struct api);
    a->options = *options;
    int rc = auth_load(&a->auth, options->tokens_file, err);
    if (rc == 0) rc = api_listen(a, err);
    if (rc) {
        auth_free(a->auth);
        mem_free(a);
        return rc;
    }
    a->snapshots = snapshots_new();
    a->definitions = definitions_new(a);
    a->openapi = openapi_library_new();
    a->flows = flows_new(options->flow ? options->flow : flow_bounds_usual, request_seated,
                         request_overdue);
    a->watches = watch_hub_new(a);
    turns_init(&a->turns, options->loop);
    uv_timer_init(options->loop, &a->tick);
    uv_timer_start(&a->tick, api_tick, 1000, 1000);
    *out = a;
    return 0;
}

const char *api_address(const struct api *a)
{
    return http_server_address(a->server);
}

static void api_part_stopped(struct api *a)
{
    if (--a->parts == 0 && a->stopped) a->stopped(a->stopped_arg);
}

static void api_server_stopped(void *arg)
{
    api_part_stopped(arg);
}

static void api_tick_closed(uv_handle_t *handle)
{
    api_part_stopped(container_of((uv_timer_t *)handle, struct api, tick));
}

static void api_turns_closed(uv_handle_t *handle)
{
    api_part_stopped(container_of((uv_idle_t *)handle, struct api, turns.idle));
}

void api_stop(struct api *a, void (*stopped)(void *arg), void *arg)
{
    if (a->stopping) return;
    a->stopping = true;
    a->stopped = stopped;
    a->stopped_arg = arg;
    watch_hub_close(a->watches);
    a->parts = 3;
    uv_close((uv_handle_t *)&a->tick, api_tick_closed);
    turns_close(&a->turns, api_turns_closed);
    http_server_stop(a->server, api_server_stopped, a);
}

void api_free(struct api *a)
{
    if (!a) return;
    assert(a->stopping && !a->parts);
    flows_free(a->flows);
    watch_hub_free(a->watches);
    snapshots_free(a->snapshots);
    definitions_free(a->definitions);
    openapi_library_free(a->openapi);
    auth_free(a->auth);
    mem_free(a);
}
