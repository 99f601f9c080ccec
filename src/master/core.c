/* The core's thread: one loop around the quorum, the world and its actors.
 *
 * A turn: what came in (inbox, peers, timers) is handled; then whatever gathered is proposed, and
 * the subscribers act. The loop sleeps only when a turn left nothing to do. */
#include "master/inside.h"

#include "actors/controllers/controllers.h"
#include "actors/remotes.h"
#include "actors/scheduler/scheduler.h"
#include "base/mem.h"
#include "base/trace.h"
#include "net/tls.h"
#include "raft/peers.h"
#include "store/committer.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* The quorum's state machine. */

static void core_apply(void *ctx, uint64_t index, uint64_t term, struct str payload)
{
    struct master *m = ctx;
    (void)term;
    system_committed(m->system, index, payload);
    gate_master_committed(&m->gate);
}

static int core_restore(void *ctx, struct keyframe *k, struct error *err)
{
    struct master *m = ctx;
    int rc = image_restore(m->world, k, err);
    if (!rc) gate_master_committed(&m->gate);
    return rc;
}

static void core_keyframe(void *ctx, const struct keyframe_meta *meta)
{
    image_job_start(ctx, meta);
}

static void core_lead(void *ctx, bool leads, uint64_t term)
{
    struct master *m = ctx;
    trace_info("core",
               leads ? "leads in term %llu at revision %llu"
                     : "does not lead any more (term %llu, revision %llu)",
               (unsigned long long)term, (unsigned long long)m->world->revision);
    system_lead(m->system, leads);
}

static void core_told(void *ctx, uint64_t from, struct str bytes)
{
    struct master *m = ctx;
    gate_master_told(&m->gate, from, bytes);
}

/* The system's way to the quorum. */

static void core_proposed(void *arg, int status, uint64_t index)
{
    struct master *m = arg;
    (void)index;
    system_proposed(m->system, status);
}

struct late_refusal {
    struct note note;
    struct master *m;
    int status;
};

static void late_refusal_run(struct note *n)
{
    struct late_refusal *late = container_of(n, struct late_refusal, note);
    system_proposed(late->m->system, late->status);
    mem_free(late);
}

static void core_propose(void *ctx, struct str entry, uint64_t first_revision, int64_t time_ms)
{
    struct master *m = ctx;
    int rc = quorum_propose(m->quorum, entry, first_revision, time_ms, core_proposed, m);
    if (!rc) return;
    struct late_refusal *late = mem_new(struct late_refusal);
    *late = (struct late_refusal){.note.run = late_refusal_run, m, E_NOTLEADER};
    inbox_post(&m->inbox, &late->note);
}

static const char *core_leader_node_address(void *ctx)
{
    struct master *m = ctx;
    uint64_t leader = quorum_status(m->quorum).leader_id;
    for (unsigned i = 0; i < m->options.server_count; i++)
        if (m->options.servers[i].id == leader) return m->options.node_addresses[i];
    return NULL;
}

static void core_beat(void *beats, istr node, uint64_t now_ms)
{
    controllers_node_beat(((struct master *)beats)->controllers, node, now_ms);
}

/* The loop. */

static void core_turn(struct master *m)
{
    system_turn(m->system, master_now_ms(m));
    if (system_restless(m->system)) uv_async_send(&m->wake);
}

static void core_wake(void *arg)
{
    uv_async_send(arg);
}

static void core_drain(uv_async_t *async)
{
    struct master *m = container_of(async, struct master, wake);
    inbox_drain(&m->inbox);
}

static void core_check(uv_check_t *check)
{
    core_turn(container_of(check, struct master, check));
}

static void core_heartbeat(uv_timer_t *timer)
{
    struct master *m = container_of(timer, struct master, heartbeat);
    quorum_tick(m->quorum);
    gate_master_tick(&m->gate, master_now_ms(m));
    system_set_low_space(m->system, store_usage(m->store).low);
}

static void core_signal(uv_signal_t *signal, int number)
{
    struct master *m = signal->data;
    trace_info("core", "stops on signal %d", number);
    m->stopping = true;
    uv_stop(m->loop);
}

static void core_open_loop(struct master *m)
{
    m->loop = uv_default_loop();
    uv_async_init(m->loop, &m->wake, core_drain);
    inbox_init(&m->inbox, core_wake, &m->wake);
    uv_check_init(m->loop, &m->check);
    uv_check_start(&m->check, core_check);
    uv_timer_init(m->loop, &m->heartbeat);
    uv_signal_init(m->loop, &m->terminate);
    uv_signal_init(m->loop, &m->interrupt);
    m->terminate.data = m->interrupt.data = m;
    uv_signal_start(&m->terminate, core_signal, SIGTERM);
    uv_signal_start(&m->interrupt, core_signal, SIGINT);
}

/* Opening, from the disk upwards. */

static int core_open_store(struct master *m, struct error *err)
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

static int core_read_seal_key(struct master *m, struct error *err)
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

static int core_open_tls(struct master *m, struct error *err)
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
    return rc ? rc : core_read_seal_key(m, err);
}

static int core_open_quorum(struct master *m, struct error *err)
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
    struct quorum_options quorum = {
        .cluster = o->cluster,
        .id = o->id,
        .servers = o->servers,
        .server_count = o->server_count,
        .host = &m->host,
        .disk = m->disk,
        .net = peers_net(m->peers),
        .fsm = {m, core_apply, core_restore, core_keyframe, core_lead, core_told},
        .heartbeat_ms = o->heartbeat_ms,
        .election_ms = o->election_ms,
        .keyframe_bytes = o->keyframe_bytes,
        .keyframe_entries = o->keyframe_entries,
    };
    rc = quorum_open(&m->quorum, &quorum, err);
    if (!rc) peers_attach(m->peers, m->quorum);
    return rc;
}

static void core_open_actors(struct master *m)
{
    m->world = world_new(m->options.cluster);
    m->system = system_new(&(struct system_options){
        .world = m->world, .host = &m->host, .propose = core_propose, .ctx = m});
    m->feeder = feeder_new(m);
    gate_master_init(&m->gate, m);
    struct controller_times times = controller_times_default;
    if (m->options.node_grace_ms)
        times.node_grace_ms = times.gone_node_ms = m->options.node_grace_ms;
    m->controllers = controllers_start(m->system, &times);
    scheduler_start(m->system);
    m->remotes = remotes_new(&(struct remotes_options){.system = m->system,
                                                       .leader = core_leader_node_address,
                                                       .ctx = m,
                                                       .beat = core_beat,
                                                       .beats = m});
}

static int core_open_edges(struct master *m, struct error *err)
{
    m->edge_count = m->options.edges ? m->options.edges : 1;
    m->edges = mem_zalloc(m->edge_count * sizeof(struct edge *));
    for (unsigned i = 0; i < m->edge_count; i++) {
        m->edges[i] = edge_start(m, i, err);
        if (!m->edges[i]) return err->code;
    }
    return 0;
}

static int core_open(struct master *m, struct error *err)
{
    core_open_loop(m);
    int rc = core_open_tls(m, err);
    if (!rc) rc = core_open_store(m, err);
    if (rc) return rc;
    core_open_actors(m);
    rc = core_open_quorum(m, err);
    if (!rc) rc = quorum_start(m->quorum, err);
    if (!rc) rc = core_open_edges(m, err);
    if (rc) return rc;
    unsigned beat = m->options.heartbeat_ms ? m->options.heartbeat_ms : 100;
    uv_timer_start(&m->heartbeat, core_heartbeat, beat, beat);
    return 0;
}

int master_run(const struct master_options *options, struct error *err)
{
    struct master *m = mem_new(struct master);
    m->options = *options;
    m->host = host_real();
    schema_init();
    int rc = core_open(m, err);
    if (rc) return rc;
    trace_info("core", "%s serves the API at https://%s", options->name, options->api_address);
    uv_run(m->loop, UV_RUN_DEFAULT);
    /* Nothing is owed to anybody who was not answered: what was acknowledged is on a quorum of
     * disks. */
    committer_stop(m->disk);
    store_close(m->store);
    fflush(NULL);
    _exit(0);
}
