/* The core's thread: one loop around the core.
 *
 * A turn: what came in (inbox, peers, timers) is handled; then whatever gathered is proposed, and
 * the subscribers act. The loop sleeps only when a turn left nothing to do. */
#include "master/inside.h"

#include "base/mem.h"
#include "base/trace.h"
#include "net/jwt.h"
#include "net/tls.h"
#include "raft/peers.h"
#include "store/committer.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SCRUB_BYTES_S = 8 << 20 };

/* The loop. */

static void loop_wake(void *arg)
{
    uv_async_send(arg);
}

static void loop_drain(uv_async_t *async)
{
    struct master *m = container_of(async, struct master, wake);
    inbox_drain(&m->inbox);
}

static void loop_check(uv_check_t *check)
{
    struct master *m = container_of(check, struct master, check);
    if (core_turn(&m->core)) uv_async_send(&m->wake);
}

static void loop_heartbeat(uv_timer_t *timer)
{
    struct master *m = container_of(timer, struct master, heartbeat);
    core_tick(&m->core);
}

static void loop_signal(uv_signal_t *signal, int number)
{
    struct master *m = signal->data;
    trace_info("core", "stops on signal %d", number);
    m->core.stopping = true;
    uv_stop(m->loop);
}

static void loop_open_handles(struct master *m)
{
    m->loop = uv_default_loop();
    uv_async_init(m->loop, &m->wake, loop_drain);
    inbox_init(&m->inbox, loop_wake, &m->wake);
    uv_check_init(m->loop, &m->check);
    uv_check_start(&m->check, loop_check);
    uv_timer_init(m->loop, &m->heartbeat);
    uv_signal_init(m->loop, &m->terminate);
    uv_signal_init(m->loop, &m->interrupt);
    m->terminate.data = m->interrupt.data = m;
    uv_signal_start(&m->terminate, loop_signal, SIGTERM);
    uv_signal_start(&m->interrupt, loop_signal, SIGINT);
}

/* Bulk jobs run on libuv's pool. */

struct pooled {
    uv_work_t work;
    struct bulk_job *job;
};

static void pooled_work(uv_work_t *work)
{
    struct pooled *p = container_of(work, struct pooled, work);
    p->job->work(p->job);
}

static void pooled_done(uv_work_t *work, int canceled)
{
    struct pooled *p = container_of(work, struct pooled, work);
    struct bulk_job *job = p->job;
    mem_free(p);
    job->done(job, canceled ? E_CLOSED : 0);
}

static void loop_bulk(struct bulk *b, struct bulk_job *job)
{
    struct master *m = container_of(b, struct master, bulk);
    struct pooled *p = mem_new(struct pooled);
    p->job = job;
    uv_queue_work(m->loop, &p->work, pooled_work, pooled_done);
}

/* Opening, from the disk upwards. */

static int loop_open_store(struct master *m, struct error *err)
{
    struct store_options options = {.dir = m->options.dir, .create = true};
    int rc = store_open(&m->store, &options, err);
    if (rc) return rc;
    struct store_identity identity = {.server_id = m->options.id};
    snprintf(identity.cluster, sizeof identity.cluster, "%s", m->options.cluster);
    rc = store_identity_set(m->store, &identity, err);
    if (rc) return error_wrap(err, rc, "%s belongs to another cluster or master", m->options.dir);
    m->disk = committer_start(m->store, &m->inbox);
    return 0;
}

static int loop_read_seal_key(struct master *m, struct error *err)
{
    const char *file = m->options.seal_key_file;
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, m->seal_key, sizeof m->seal_key);
    if (fd >= 0) close(fd);
    return n == (ssize_t)sizeof m->seal_key
               ? 0
               : error_set(err, E_INVALID, "%s: the key that seals secrets must be %zu bytes", file,
                           sizeof m->seal_key);
}

static int loop_open_mint(struct master *m, struct error *err)
{
    const struct master_options *o = &m->options;
    if (!o->account_key_file) return 0;
    int rc = jwt_key_load(&m->account_key, o->account_key_file, err);
    return rc ? rc : master_mint_open(&m->mint, m->account_key, m->seal_key, o->ca_file, err);
}

static int loop_open_tls(struct master *m, struct error *err)
{
    const struct master_options *o = &m->options;
    int rc = tls_config_load(&m->peer_tls, o->cert_file, o->key_file, o->ca_file, TLS_PEER_REQUIRED,
                             err);
    if (!rc)
        rc = tls_config_load(&m->api_tls, o->cert_file, o->key_file, o->ca_file, TLS_PEER_OPTIONAL,
                             err);
    if (!rc)
        rc = tls_config_load(&m->node_tls, o->cert_file, o->key_file, o->ca_file, TLS_PEER_OPTIONAL,
                             err);
    /* A node's own listener has a certificate that it made itself, as a kubelet's; it proves us by
     * ours. */
    if (!rc)
        rc = tls_config_load(&m->node_client_tls, o->cert_file, o->key_file, o->ca_file,
                             TLS_PEER_NONE, err);
    if (!rc) rc = loop_read_seal_key(m, err);
    return rc ? rc : loop_open_mint(m, err);
}

static int loop_open_core(struct master *m, struct error *err)
{
    const struct master_options *o = &m->options;
    struct peers_options peers = {.loop = m->loop,
                                  .cluster = o->cluster,
                                  .id = o->id,
                                  .servers = o->servers,
                                  .server_count = o->server_count,
                                  .tls = m->peer_tls};
    int rc = peers_open(&m->peers, &peers, err);
    if (rc) return rc;
    struct core_options core = {
        .name = o->name,
        .cluster = o->cluster,
        .id = o->id,
        .servers = o->servers,
        .server_count = o->server_count,
        .node_addresses = o->node_addresses,
        .api_addresses = o->api_addresses,
        .api_count = o->api_count,
        .host = &m->host,
        .mint = m->account_key ? &m->mint.mint : NULL,
        .inbox = &m->inbox,
        .disk = m->disk,
        .net = peers_net(m->peers),
        .bulk = &m->bulk,
        .heartbeat_ms = o->heartbeat_ms,
        .election_ms = o->election_ms,
        .keyframe_entries = o->keyframe_entries,
        .keyframe_bytes = o->keyframe_bytes,
        .node_grace_ms = o->node_grace_ms,
        .scrub_bytes_s = SCRUB_BYTES_S,
    };
    rc = core_open(&m->core, &core, err);
    if (rc) return rc;
    peers_attach(m->peers, m->core.quorum);
    return core_start(&m->core, err);
}

static int loop_open_edges(struct master *m, struct error *err)
{
    m->edge_count = m->options.edges ? m->options.edges : 1;
    m->edges = mem_zalloc(m->edge_count * sizeof(struct edge *));
    for (unsigned i = 0; i < m->edge_count; i++) {
        m->edges[i] = edge_start(m, i, err);
        if (!m->edges[i]) return err->code;
    }
    return 0;
}

static int loop_open(struct master *m, struct error *err)
{
    loop_open_handles(m);
    int rc = loop_open_tls(m, err);
    if (!rc) rc = loop_open_store(m, err);
    if (rc) return rc;
    rc = loop_open_core(m, err);
    if (!rc) rc = loop_open_edges(m, err);
    if (rc) return rc;
    unsigned beat = m->options.heartbeat_ms ? m->options.heartbeat_ms : 100;
    uv_timer_start(&m->heartbeat, loop_heartbeat, beat, beat);
    return 0;
}

int master_run(const struct master_options *options, struct error *err)
{
    struct master *m = mem_new(struct master);
    m->options = *options;
    m->host = host_real();
    m->bulk.submit = loop_bulk;
    schema_init();
    int rc = loop_open(m, err);
    if (rc) return rc;
    trace_info("core", "%s serves the API at https://%s", options->name, options->api_address);
    uv_run(m->loop, UV_RUN_DEFAULT);
    /* Nothing is owed to anybody who was not answered: what was acknowledged is on a quorum of
     * disks. The store stays open: a job on the pool may be reading it, or write a keyframe, which
     * counts for nothing before it is finished. */
    committer_stop(m->disk);
    fflush(NULL);
    _exit(0);
}
