/* What goes wrong: kinds of faults, profiles that draw them per seed, plots that wait for their
 * moment, and requests that nobody may make. */
#ifndef LOGSHIP_TESTS_SIM_FAULTS_H
#define LOGSHIP_TESTS_SIM_FAULTS_H

#include "life.h"

struct disk_profile;

/* --- faults.c --- */
/* clang-format off */
#define FAULTS(X) \
    X(NONE, "none") X(CRASH, "crash") X(CRASH_LEADER, "leader crashes") X(CRASH_ALL, "all crash") \
    X(PAUSE, "pause") X(PAUSE_LEADER, "leader pauses") X(ISOLATE, "cut off") \
    X(ISOLATE_LEADER, "leader cut off") X(ONE_WAY, "one way") X(BRIDGE, "two cut apart") \
    X(BREAK, "connection breaks") X(DISK_STUCK, "disk stuck") X(DISK_FULL, "disk full") \
    X(DISK_CRASH, "crash inside a write") X(DISK_FAILS, "disk fails") X(DISK_SLOT, "slot rots") \
    X(DISK_ROTS, "disk rots") X(DISK_WIPED, "disk lost") X(DISK_OLD, "older disk") \
    X(CLOCK, "clock jumps") X(NODE, "node") X(LOOP, "crash loop") \
    X(BLACK_HOLE, "black hole") X(JUNK, "junk from a peer") X(TRANSFER, "transfer") \
    X(TIMEOUT_NOW, "told to campaign") X(MEMBERS, "change of members") \
    X(STOP, "stops orderly") X(FADE, "old data rots")
/* clang-format on */
enum fault {
#define X(name, text) FAULT_##name,
    FAULTS(X)
#undef X
        FAULT_COUNT
};
extern const char *const fault_names[];
bool fault_begins(struct sim *s, enum fault kind); /* false: it is to be left out */
void fault_crash(struct sim_master *m, const char *why, uint64_t away_us);

struct profile {                   /* drawn per seed: which faults, how strong */
    unsigned loss, repeat;         /* per mille */
    uint64_t delay_min, delay_max; /* us */
    bool reorder;
    uint64_t disk_min, disk_max;
    uint64_t fault_every_us;
    unsigned weight[FAULT_COUNT];
    uint64_t duration_us;
    unsigned drift_ppm;
    uint64_t think_us;
};
/* False: there is none of this name. "mixed" is one or another, by the seed. */
bool profile_choose(struct sim *s, const char *name, uint64_t seed);
void profile_draw(struct sim *s);
void profile_draw_apart(
    struct sim *s); /* what only some seeds have: the others stay as they were */
void faults_start(struct sim *s);
void faults_stop(struct sim *s);

/* --- disk_faults.c --- */
/* disk_profiles.c: every seed's own choice; "disk" and "keyframes" are profiles of their own. */
bool disk_profile_choose(struct sim *s, const char *name);
void disk_profile_draw(struct sim *s);
void disk_scratch(struct sim *s, struct sim_master *m); /* old history, of a minority at most */
void disk_fade_keyframes(struct sim *s,
                         struct sim_master *m); /* that is down: all but the newest */
void disk_fault(struct sim *s, struct sim_master *m, enum fault fault, uint64_t us);
bool disk_excuses(const struct sim_master *m); /* it may fail to read what it holds */
bool disk_failed_since(const struct sim_master *m, uint64_t us);
bool disk_ends(struct sim *s, const char *why); /* a master's end that its disk explains */
void disk_readers_start(struct sim *s);         /* history is read now and then, on every master */
void disk_heal(struct sim *s);

/* --- plot.c: faults that wait for their moment --- */
struct plot;
void plot_start(struct sim *s);
void plot_look(struct sim *s); /* after every event of a master */

/* --- operator.c: who replaces lost masters --- */
void operator_start(struct sim *s);
bool operator_works(const struct sim *s);
const char *operator_busy(struct sim *s);

/* --- misuse.c --- */
void misuse_begin(struct sim_master *m, struct sim_master *other, enum fault kind);
void misuse_junk(struct sim_master *m, struct sim_master *from);
bool misuse_ends(const struct sim *s, const char *why); /* a master's end that a guard wants */

#endif
