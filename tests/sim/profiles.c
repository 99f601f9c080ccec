/* Profiles: which faults a seed has and how strong they are. The usual one draws both per seed
 * (swarm testing); others are made for something. */
#include "plot.h"

static uint64_t or_else(uint64_t value, uint64_t otherwise)
{
    return value ? value : otherwise;
}

static void profile_stage(struct sim *s)
{
    const struct staging *g = s->staging;
    s->profile = (struct profile){.delay_min = or_else(g->delay_min, 200),
                                  .delay_max = or_else(g->delay_max, 3 * MS),
                                  .disk_min = or_else(g->disk_min, 200),
                                  .disk_max = or_else(g->disk_max, 5 * MS),
                                  .reorder = g->reorder,
                                  .duration_us = or_else(g->seconds, 10) * US,
                                  .drift_ppm = 100,
                                  .fault_every_us = US,
                                  .think_us = sim_between(s, 5 * MS, 50 * MS)};
    s->keyframe_entries = or_else(g->keyframe_entries, 1000);
    s->trailing_entries = or_else(g->trailing_entries, 100);
    s->piece_bytes = g->piece_bytes;
    s->window_bytes = g->window_bytes;
    if (g->segment_bytes) s->segment_bytes = g->segment_bytes;
    s->election_ms = (unsigned)sim_between(s, 150, 300);
    s->heartbeat_ms = s->election_ms / 5;
    s->master_count = g->masters;
    s->client_count = g->clients;
    s->key_count = 2;
    s->node_count = s->set_count = 1;
    s->harassed = true;
}

static const char *profile_mixed(uint64_t seed)
{
    static const char *const others[] = {"swarm", "swarm", "swarm", "harass",    "harass",
                                         "disk",  "disk",  "disk",  "keyframes", "keyframes"};
    enum { OTHERS = sizeof others / sizeof *others };
    uint64_t at = seed % (OTHERS + staging_count);
    return at < OTHERS ? others[at] : stagings[at - OTHERS].name;
}

bool profile_choose(struct sim *s, const char *name, uint64_t seed)
{
    if (strcmp(name, "mixed") == 0) name = profile_mixed(seed);
    s->harassed = strcmp(name, "harass") == 0;
    s->staging = staging_find(name);
    return s->harassed || s->staging || strcmp(name, "swarm") == 0 || disk_profile_choose(s, name);
}

/* A profile for the guards around libraft: short, few pods, and leaders that hardly live long
 * enough to finish an entry, on disks that are slow against the network. */
static void profile_harass(struct sim *s)
{
    struct profile *p = &s->profile;
    p->fault_every_us = sim_between(s, 50 * MS, 900 * MS);
    p->duration_us = sim_between(s, 10 * US, 25 * US);
    p->disk_min = sim_between(s, 1 * MS, 20 * MS);
    p->disk_max = p->disk_min + sim_between(s, 1 * MS, 400 * MS);
    p->delay_max = p->delay_min + sim_between(s, 1 * MS, 300 * MS);
    p->drift_ppm = 100;
    static const enum fault kinds[] = {
        FAULT_CRASH,   FAULT_CRASH_LEADER, FAULT_LOOP,  FAULT_ISOLATE_LEADER, FAULT_ISOLATE,
        FAULT_ONE_WAY, FAULT_BRIDGE,       FAULT_BREAK, FAULT_PAUSE_LEADER,   FAULT_DISK_STUCK};
    memset(p->weight, 0, sizeof p->weight);
    for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++)
        p->weight[kinds[i]] = sim_chance(s, 500) ? (unsigned)sim_between(s, 1, 10) : 0;
    s->election_ms = (unsigned)sim_between(s, 200, 600);
    s->heartbeat_ms = s->election_ms / 5;
    s->master_count = 3 + 2 * sim_chance(s, 300);
    s->node_count = 2;
    s->client_count = (unsigned)sim_between(s, 2, 5);
    s->set_count = 1;
    s->harassed = true;
}

/* Drawn beside the rest. Plots have their own order of things. */
void profile_draw_apart(struct sim *s)
{
    uint64_t stop = sim_of_seed(s, "stop"), scrub = sim_of_seed(s, "scrub");
    if (s->staging) return;
    if (stop % 4 == 0) s->profile.weight[FAULT_STOP] = 1 + (unsigned)(stop >> 8) % 10;
    if (s->harassed || scrub % 4) return;
    s->scrub_bytes_s = (uint64_t)(8 << 20) << (scrub >> 8) % 4;
    s->scrub_round_ms = 100 + (unsigned)(scrub >> 16) % 4000;
    s->profile.weight[FAULT_FADE] = (unsigned)(scrub >> 32) % 4;
}

/* The seed's own choice, on which the others rest. */
void profile_draw(struct sim *s)
{
    struct profile *p = &s->profile;
    bool lossy = sim_chance(s, 300);
    *p = (struct profile){
        .loss = lossy ? (unsigned)sim_below(s, 300) : 0,
        .repeat = sim_chance(s, 250) ? (unsigned)sim_below(s, 500) : 0,
        .delay_min = sim_between(s, 20, 500),
        .reorder = sim_chance(s, 250),
        .disk_min = sim_between(s, 50, 1 * MS),
        .fault_every_us = sim_between(s, 300 * MS, 8 * US),
        .duration_us = sim_between(s, 20 * US, 120 * US),
        .drift_ppm = sim_chance(s, 300) ? 50000 : 100,
        .think_us = sim_between(s, 2 * MS, 100 * MS),
    };
    p->delay_max = p->delay_min + sim_between(s, 100, sim_chance(s, 200) ? 3 * US : 5 * MS);
    p->disk_max = p->disk_min + sim_between(s, 100, sim_chance(s, 200) ? 500 * MS : 10 * MS);
    for (unsigned i = FAULT_NONE + 1; i < FAULT_TRANSFER; i++)
        p->weight[i] = sim_chance(s, 400) ? (unsigned)sim_between(s, 1, 10) : 0;
    s->keyframe_entries = sim_chance(s, 250) ? sim_between(s, 5, 100) : sim_between(s, 100, 3000);
    s->trailing_entries = sim_chance(s, 200) ? 0 : sim_between(s, 2, 200); /* 0: by their bytes */
    s->heartbeat_ms = 100;
    s->election_ms = 1000;
    s->master_count = sim_chance(s, 150) ? 5 : 3;
    s->node_count = (unsigned)sim_between(s, 2, 20);
    s->client_count = (unsigned)sim_between(s, 2, 8);
    s->key_count = (unsigned)sim_between(s, 1, 8);
    s->set_count = (unsigned)sim_between(s, 1, 3);
    static const size_t segments[] = {256 << 10, 256 << 10, 128 << 10, 64 << 10};
    s->segment_bytes = segments[s->seed % 4];
    if (s->staging)
        profile_stage(s);
    else if (s->harassed)
        profile_harass(s);
    unsigned clients = s->at_most_clients, nodes = s->at_most_nodes;
    if (clients && s->client_count > clients) s->client_count = clients;
    if (nodes && s->node_count > nodes) s->node_count = nodes;
    if (!s->exact_masters) return;
    s->master_count = s->exact_masters;
    if (nodes) s->node_count = nodes;
}
