/* Profiles: which faults a seed has and how strong they are. The usual one draws both per seed
 * (swarm testing); others are made for something. */
#include "plot.h"

/* The plots. A leads first in each of them. */
static const struct staging stagings[] = {
    /* An old leader comes back and has its old entry counted, while its own barrier is not on its
     * disk yet; then somebody leads who has another entry there. */
    {.name = "s1",
     .masters = 3,
     .clients = 2,
     .piece_bytes = 1,
     .beats = {{CUE_READY, 'A', 0, 60, {{DEED_ISOLATE, 'A', 0}}},
               {CUE_TAIL, 'A', 0, 0, {{DEED_NOTE, 'A', 0}}},
               {CUE_LEADS, 'B', 0, 0, {{DEED_ISOLATE, 'B', 0}}},
               {CUE_TAIL, 'B', 0, 0, {{DEED_BIND, 'C', 0}, {DEED_MEET, 'A', 'C'}}},
               {CUE_LEADS, 'A', 0, 0, {{DEED_STICK, 'A', 0}}},
               {CUE_COMMITS, 'A', 0, 0, {{DEED_CRASH, 'A', 0}, {DEED_MEET, 'B', 'C'}}},
               {CUE_LEADS, 'B', 0, 100, {{DEED_START, 'A', 0}, {DEED_REJOIN, 'A', 0}}}}},
    /* A follower whose own last entry was never checked says that it has so many entries. */
    {.name = "s2",
     .masters = 3,
     .clients = 2,
     .beats = {{CUE_READY, 'A', 0, 60, {{DEED_ISOLATE, 'A', 0}}},
               {CUE_TAIL, 'A', 0, 0, {}},
               {CUE_CAMPAIGNS, 'B', 0, 0, {{DEED_REJOIN, 'A', 0}, {DEED_BIND, 'C', 0}}},
               {CUE_LEADS, 'B', 0, 0, {{DEED_STICK, 'C', 0}}},
               {CUE_TAIL, 'B', 0, 200, {{DEED_FREE, 'C', 0}}}}},
    /* A follower's write of the old leader's entries ends when it follows another leader, whose
     * entries it has refused before. */
    {.name = "s3",
     .masters = 5,
     .clients = 2,
     .delay_min = 5 * MS,
     .delay_max = 15 * MS,
     .disk_min = 200,
     .disk_max = 2 * MS,
     .beats = {{CUE_READY, 'A', 0, 60, {{DEED_ISOLATE, 'A', 0}}},
               {CUE_TAIL, 'A', 0, 0, {}},
               {CUE_LEADS, 'B', 0, 0, {{DEED_ISOLATE, 'B', 0}}},
               {CUE_TAIL, 'B', 0, 0, {{DEED_REJOIN, 'A', 0}, {DEED_PART, 'A', 'B'}}},
               {CUE_LEADS,
                'A',
                0,
                0,
                {{DEED_BIND, 'F', 0},
                 {DEED_ISOLATE, 'A', 0},
                 {DEED_ISOLATE, 'F', 0},
                 {DEED_MEET, 'A', 'F'},
                 {DEED_STICK, 'F', 0}}},
               {CUE_WRITES,
                'F',
                0,
                0,
                {{DEED_ISOLATE, 'A', 0}, {DEED_REJOIN, 'B', 0}, {DEED_PART, 'A', 'B'}}},
               {CUE_LEADS, 'B', 0, 0, {{DEED_MEET, 'B', 'F'}}},
               {CUE_FOLLOWS, 'F', 'B', 0, {{DEED_FREE, 'F', 0}}}}},
    /* A follower with a slow disk leads on what is not on it. */
    {.name = "s4",
     .masters = 3,
     .clients = 2,
     .beats = {{CUE_READY, 'A', 0, 60, {{DEED_BIND, 'C', 0}, {DEED_STICK, 'C', 0}}},
               {CUE_WRITES, 'C', 0, 60, {{DEED_CRASH, 'A', 0}}},
               {CUE_LEADS, 'C', 0, 60, {{DEED_CRASH, 'C', 0}, {DEED_START, 'A', 0}}}}},
    /* Two transfers of the leadership, the messages late: the old leader votes for the one, then
     * also for the other. */
    {.name = "s5",
     .masters = 3,
     .clients = 2,
     .reorder = true,
     .delay_min = 1 * MS,
     .delay_max = 80 * MS,
     .beats = {{CUE_READY,
                'A',
                0,
                200,
                {{DEED_BIND, 'B', 0}, {DEED_BIND, 'C', 0}, {DEED_TRANSFER, 'A', 'B'}}},
               {CUE_LEADS, 'A', 0, 150, {{DEED_TIMEOUT, 'C', 'A'}, {DEED_TIMEOUT, 'B', 'A'}}}}},
    /* A follower with entries of its own is told a commit index beyond what it was told of. */
    {.name = "s6",
     .masters = 3,
     .clients = 2,
     .piece_bytes = 1,
     .window_bytes = 1,
     .reorder = true,
     .delay_min = 1 * MS,
     .delay_max = 150 * MS,
     .beats = {{CUE_READY, 'A', 0, 60, {{DEED_ISOLATE, 'A', 0}}},
               {CUE_TAIL, 'A', 0, 0, {}},
               {CUE_READY, 'B', 0, 0, {{DEED_REJOIN, 'A', 0}}}}},
    /* A keyframe at an index where a follower has an entry of a newer term, which never was
     * committed. */
    {.name = "s7",
     .masters = 5,
     .clients = 2,
     .piece_bytes = 1,
     .keyframe_entries = 3,
     .trailing_entries = 1,
     .beats = {{CUE_READY, 'A', 0, 60, {{DEED_ISOLATE, 'A', 0}}},
               {CUE_TAIL, 'A', 0, 0, {{DEED_NOTE, 'A', 0}}},
               {CUE_LEADS, 'F', 0, 0, {{DEED_ISOLATE, 'F', 0}}},
               {CUE_TAIL,
                'F',
                0,
                0,
                {{DEED_BIND, 'B', 0},
                 {DEED_ISOLATE, 'B', 0},
                 {DEED_REJOIN, 'A', 0},
                 {DEED_PART, 'A', 'F'},
                 {DEED_PART, 'A', 'B'}}},
               {CUE_COMMITS, 'A', 0, 0, {{DEED_MEET, 'A', 'B'}}},
               {CUE_KEYFRAME,
                'B',
                0,
                0,
                {{DEED_REJOIN, 'B', 0}, {DEED_PART, 'B', 'F'}, {DEED_CRASH, 'A', 0}}},
               {CUE_LEADS, 'B', 0, 0, {{DEED_REJOIN, 'F', 0}}}}},
    /* A leader's vote-taking is cut short by a crash, and counts as done after it; then the next
     * one leaves it alone. */
    {.name = "s8",
     .masters = 3,
     .clients = 2,
     .beats = {{CUE_READY,
                'A',
                0,
                60,
                {{DEED_BIND, 'B', 0},
                 {DEED_BIND, 'C', 0},
                 {DEED_ISOLATE, 'A', 0},
                 {DEED_DEMOTE, 'A', 'B'}}},
               {CUE_TAIL,
                'A',
                0,
                0,
                {{DEED_CRASH, 'A', 0}, {DEED_START, 'A', 0}, {DEED_REJOIN, 'A', 0}}},
               {CUE_LEADS, 'A', 0, 0, {{DEED_ISOLATE, 'A', 0}, {DEED_DEMOTE, 'A', 'C'}}}}},
};

static const struct staging *staging_find(const char *name)
{
    for (unsigned i = 0; i < sizeof stagings / sizeof *stagings; i++)
        if (strcmp(stagings[i].name, name) == 0) return &stagings[i];
    return NULL;
}

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
                                  .duration_us = 10 * US,
                                  .drift_ppm = 100,
                                  .fault_every_us = US,
                                  .think_us = sim_between(s, 5 * MS, 50 * MS)};
    s->keyframe_entries = or_else(g->keyframe_entries, 1000);
    s->trailing_entries = or_else(g->trailing_entries, 100);
    s->piece_bytes = g->piece_bytes;
    s->window_bytes = g->window_bytes;
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
    static const char *const others[] = {"swarm", "swarm", "swarm", "harass"};
    enum { OTHERS = sizeof others / sizeof *others, STAGINGS = sizeof stagings / sizeof *stagings };
    uint64_t at = seed % (OTHERS + STAGINGS);
    return at < OTHERS ? others[at] : stagings[at - OTHERS].name;
}

bool profile_choose(struct sim *s, const char *name, uint64_t seed)
{
    if (strcmp(name, "mixed") == 0) name = profile_mixed(seed);
    s->harassed = strcmp(name, "harass") == 0;
    s->staging = staging_find(name);
    return s->harassed || s->staging || strcmp(name, "swarm") == 0 ||
           disk_profile_choose(s, name);
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
    s->trailing_entries = sim_between(s, 2, 200);
    s->heartbeat_ms = 100;
    s->election_ms = 1000;
    s->master_count = sim_chance(s, 150) ? 5 : 3;
    s->node_count = (unsigned)sim_between(s, 2, 20);
    s->client_count = (unsigned)sim_between(s, 2, 8);
    s->key_count = (unsigned)sim_between(s, 1, 8);
    s->set_count = (unsigned)sim_between(s, 1, 3);
    if (s->staging)
        profile_stage(s);
    else if (s->harassed)
        profile_harass(s);
    unsigned clients = s->at_most_clients, nodes = s->at_most_nodes;
    if (clients && s->client_count > clients) s->client_count = clients;
    if (nodes && s->node_count > nodes) s->node_count = nodes;
}
