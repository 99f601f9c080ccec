/* Profiles about disks. */
#include "sim.h"

struct disk_profile {
    const char *name;
    void (*draw)(struct sim *s);
};

static void profile_weights(struct sim *s, const enum fault *kinds, size_t n)
{
    memset(s->profile.weight, 0, sizeof s->profile.weight);
    for (size_t i = 0; i < n; i++)
        s->profile.weight[kinds[i]] = sim_chance(s, 600) ? (unsigned)sim_between(s, 1, 10) : 0;
}

static void profile_small(struct sim *s)
{
    struct profile *p = &s->profile;
    p->fault_every_us = sim_between(s, 200 * MS, 2 * US);
    p->duration_us = sim_between(s, 15 * US, 50 * US);
    s->node_count = (unsigned)sim_between(s, 1, 4);
    s->client_count = (unsigned)sim_between(s, 2, 6);
    s->set_count = 1;
}

/* Disks, and what makes their state matter: crashes, and a leader that goes. */
static void profile_disks(struct sim *s)
{
    static const enum fault kinds[] = {FAULT_CRASH,      FAULT_CRASH_LEADER,   FAULT_CRASH_ALL,
                                       FAULT_LOOP,       FAULT_ISOLATE_LEADER, FAULT_DISK_FULL,
                                       FAULT_DISK_STUCK, FAULT_DISK_CRASH,     FAULT_DISK_FAILS,
                                       FAULT_DISK_SLOT,  FAULT_DISK_ROTS,      FAULT_DISK_WIPED,
                                       FAULT_DISK_OLD};
    profile_small(s);
    profile_weights(s, kinds, sizeof kinds / sizeof *kinds);
    s->power_loss = (unsigned)sim_below(s, 1001);
    s->segment_bytes = 64 << 10;
}

/* A keyframe every few entries and hardly any entries kept behind it: whoever was away gets a
 * keyframe, in many small chunks, while crashes, lost frames and new leaders come between. */
static void profile_keyframes(struct sim *s)
{
    static const enum fault kinds[] = {FAULT_CRASH,      FAULT_CRASH_LEADER, FAULT_LOOP,
                                       FAULT_ISOLATE,    FAULT_BRIDGE,       FAULT_ISOLATE_LEADER,
                                       FAULT_DISK_CRASH, FAULT_DISK_FAILS,   FAULT_DISK_FULL,
                                       FAULT_DISK_ROTS,  FAULT_BREAK,        FAULT_PAUSE};
    profile_small(s);
    profile_weights(s, kinds, sizeof kinds / sizeof *kinds);
    s->profile.weight[FAULT_ISOLATE] += 5;
    s->profile.loss = sim_chance(s, 400) ? (unsigned)sim_below(s, 200) : 0;
    s->keyframe_entries = sim_between(s, 3, 15);
    s->trailing_entries = sim_between(s, 1, 4);
    s->chunk_bytes = sim_between(s, 4 << 10, 64 << 10);
}

/* Disks are lost again and again, and the operator replaces their masters: by the log, or by
 * keyframes, while leaders go and connections break. */
static void profile_replace(struct sim *s)
{
    static const enum fault kinds[] = {FAULT_CRASH,    FAULT_CRASH_LEADER,   FAULT_CRASH_ALL,
                                       FAULT_LOOP,     FAULT_ISOLATE_LEADER, FAULT_ISOLATE,
                                       FAULT_ONE_WAY,  FAULT_BRIDGE,         FAULT_BREAK,
                                       FAULT_DISK_OLD, FAULT_DISK_CRASH,     FAULT_DISK_FAILS};
    profile_small(s);
    profile_weights(s, kinds, sizeof kinds / sizeof *kinds);
    s->profile.weight[FAULT_DISK_WIPED] = 8;
    s->master_count = 3 + 2 * sim_chance(s, 300);
    if (!sim_chance(s, 500)) return;
    s->keyframe_entries = sim_between(s, 3, 40);
    s->trailing_entries = sim_between(s, 1, 8);
}

static const struct disk_profile profiles[] = {
    {"disk", profile_disks}, {"replace", profile_replace}, {"keyframes", profile_keyframes}};

bool disk_profile_choose(struct sim *s, const char *name)
{
    s->disk_profile = NULL;
    for (size_t i = 0; i < sizeof profiles / sizeof *profiles; i++)
        if (strcmp(profiles[i].name, name) == 0) s->disk_profile = &profiles[i];
    return s->disk_profile != NULL;
}

void disk_profile_draw(struct sim *s)
{
    s->power_loss = sim_chance(s, 500) ? (unsigned)sim_below(s, 1001) : 200;
    if (s->disk_profile) s->disk_profile->draw(s);
}
