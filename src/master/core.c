/* What the core is made of, and how committed entries, leadership and proposals run through it. */
#include "master/core.h"

#include "actors/remotes.h"
#include "actors/scheduler/scheduler.h"
#include "base/mem.h"
#include "base/trace.h"

/* The quorum's state machine. */

static void core_apply(void *ctx, uint64_t index, uint64_t term, struct str payload)
{
    struct core *core = ctx;
    (void)term;
    system_committed(core->system, index, payload);
    gate_master_committed(&core->gate);
}

static int core_restore(void *ctx, struct keyframe *k, struct error *err)
{
    struct core *core = ctx;
    int rc = image_restore(core->world, k, err);
    if (!rc) gate_master_committed(&core->gate);
    return rc;
}

static void core_keyframe(void *ctx, const struct keyframe_meta *meta)
{
    image_job_start(ctx, meta);
}

static void core_lead(void *ctx, bool leads, uint64_t term)
{
    struct core *core = ctx;
    trace_info("core",
               leads ? "leads in term %llu at revision %llu"
                     : "does not lead any more (term %llu, revision %llu)",
               (unsigned long long)term, (unsigned long long)core->world->revision);
    system_lead(core->system, leads);
}

static void core_told(void *ctx, uint64_t from, struct str bytes)
{
    struct core *core = ctx;
    gate_master_told(&core->gate, from, bytes);
}

/* The system's way to the quorum. */

static void core_proposed(void *arg, int status, uint64_t index)
{
    struct core *core = arg;
    (void)index;
    system_proposed(core->system, status);
}

struct late_refusal {
    struct note note;
    struct core *core;
    int status;
};

static void late_refusal_run(struct note *n)
{
    struct late_refusal *late = container_of(n, struct late_refusal, note);
    system_proposed(late->core->system, late->status);
    mem_free(late);
}

static void core_propose(void *ctx, struct str entry, uint64_t first_revision, int64_t time_ms)
{
    struct core *core = ctx;
    int rc = quorum_propose(core->quorum, entry, first_revision, time_ms, core_proposed, core);
    if (!rc) return;
    struct late_refusal *late = mem_new(struct late_refusal);
    *late = (struct late_refusal){.note.run = late_refusal_run, core, E_NOTLEADER};
    inbox_post(core->inbox, &late->note);
}

static const char *core_leader_node_address(void *ctx)
{
    struct core *core = ctx;
    uint64_t leader = quorum_status(core->quorum).leader_id;
    for (unsigned i = 0; i < core->options.server_count; i++)
        if (core->options.servers[i].id == leader) return core->options.node_addresses[i];
    return NULL;
}

static void core_beat(void *beats, istr node, uint64_t now_ms)
{
    controllers_node_beat(((struct core *)beats)->controllers, node, now_ms);
}

bool core_turn(struct core *core)
{
    system_turn(core->system, core_now_ms(core));
    return system_restless(core->system);
}

void core_tick(struct core *core)
{
    quorum_tick(core->quorum);
    gate_master_tick(&core->gate, core_now_ms(core));
    system_set_low_space(core->system, store_usage(core->store).low);
    scrub_job_tick(core->scrub);
}

static void core_open_actors(struct core *core)
{
    core->world = world_new(core->options.cluster);
    core->system = system_new(&(struct system_options){.world = core->world,
                                                       .host = core->host,
                                                       .propose = core_propose,
                                                       .ctx = core,
                                                       .mint = core->options.mint,
                                                       .api_addresses = core->options.api_addresses,
                                                       .api_count = core->options.api_count});
    core->feeder = feeder_new(core);
    gate_master_init(&core->gate, core);
    struct controller_times times = controller_times_default;
    if (core->options.node_grace_ms)
        times.node_grace_ms = times.gone_node_ms = core->options.node_grace_ms;
    core->controllers = controllers_start(core->system, &times);
    core->scheduler = scheduler_start(core->system);
    /* Four beats in each grace period, as the defaults have it (10 s, 40 s). */
    core->remotes = remotes_new(&(struct remotes_options){.system = core->system,
                                                          .heartbeat_ms = times.node_grace_ms / 4,
                                                          .leader = core_leader_node_address,
                                                          .ctx = core,
                                                          .beat = core_beat,
                                                          .beats = core});
}

int core_open(struct core *core, const struct core_options *options, struct error *err)
{
    *core = (struct core){.options = *options,
                          .host = options->host,
                          .inbox = options->inbox,
                          .store = options->disk->store};
    core_open_actors(core);
    core->scrub = scrub_job_new(core);
    struct quorum_options quorum = {
        .cluster = options->cluster,
        .id = options->id,
        .servers = options->servers,
        .server_count = options->server_count,
        .host = options->host,
        .disk = options->disk,
        .net = options->net,
        .fsm = {core, core_apply, core_restore, core_keyframe, core_lead, core_told},
        .heartbeat_ms = options->heartbeat_ms,
        .election_ms = options->election_ms,
        .keyframe_bytes = options->keyframe_bytes,
        .keyframe_entries = options->keyframe_entries,
        .trailing_entries = options->trailing_entries,
        .piece_bytes = options->piece_bytes,
        .window_bytes = options->window_bytes,
        .chunk_bytes = options->chunk_bytes,
        .guards_off = options->guards_off,
    };
    int rc = quorum_open(&core->quorum, &quorum, err);
    if (!rc) core->options.id = quorum_seat_of(options->id, options->server_count);
    return rc;
}

int core_start(struct core *core, struct error *err)
{
    return quorum_start(core->quorum, err);
}
