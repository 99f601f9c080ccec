/* The whole cluster in one thread: real masters (struct core, libraft, store), simulated nodes,
 * clients and watchers, under a virtual clock, network, disk and random source.
 *
 * One seed is all choices. Time is in microseconds. A master's `life` is one run of its process:
 * a crash marks it dead and forgets it (its memory is never freed, as after kill -9), and every
 * event that was meant for it falls away. Each seed runs in a process of its own, so leaks and
 * aborts end with it.
 *
 *   clock.c     events, randomness, the story, the trace hash     truth.c    what was committed
 *   seams.c     the clock and randomness of everything linked in   history.c  what clients saw
 *   net.c       masters' connections                               client.c   writers and readers
 *   disk.c      the committer in virtual time                      kubelet.c  nodes
 *   medium.h    the disk behind the page cache                     disk_faults.c  what disks do
 *   vnet.h      libuv in virtual time: the API, and its clients    check_*.c  what must hold
 *   web.h       clients of the API                                 (see README.md)
 *   life.c      a master's process                                 watch.c    listeners of the feed
 *   faults.c    what goes wrong, and when                          ending.c   the liveness phase */
#ifndef LOGSHIP_TESTS_SIM_H
#define LOGSHIP_TESTS_SIM_H

#include "actors/remotes.h"
#include "lies.h"
#include "master/core.h"
#include "store/disk.h"

#include <setjmp.h>
#include <stdio.h>

enum {
    MASTERS_MAX = 5,
    NODES_MAX = 64,
    CLIENTS_MAX = 16,
    SIM_MARKS_MAX = 128,
    US = 1000000,
    MS = 1000
};

struct sim;
struct life;
struct medium;
struct disk_profile;

/* --- clock.c --- */
struct sim_event {
    uint64_t at, order;
    void (*run)(void *arg);
    void *arg;
    struct life
        *life; /* NULL: nobody's; else it falls away with the life and waits out its pauses */
};

void sim_after(struct sim *s, struct life *life, uint64_t delay_us, void (*run)(void *), void *arg);
bool sim_step(struct sim *s, uint64_t until_us);
/* From inside an event of a master: its process ends here and now. */
void sim_leave_event(struct sim *s) __attribute__((noreturn));
void sim_run(struct sim *s, uint64_t us);
uint64_t sim_random(struct sim *s);
uint64_t sim_below(struct sim *s, uint64_t n);               /* [0, n) */
uint64_t sim_between(struct sim *s, uint64_t a, uint64_t b); /* [a, b] */
bool sim_chance(struct sim *s, unsigned per_mille);
void sim_mix(struct sim *s, const char *what, const void *bytes,
             size_t n); /* into the trace hash */
void sim_tell(struct sim *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The end: prints the story and exits with 1. */
void sim_fail(struct sim *s, const char *format, ...)
    __attribute__((format(printf, 2, 3), noreturn));
void sim_story(struct sim *s, FILE *out);
void sim_catch(struct sim *s); /* aborts and faults end in sim_fail */
extern struct sim *sim_now_running;

/* --- a master --- */
struct sim_disk {
    struct disk disk;
    struct life *life;
    struct list jobs;
    bool busy;
    uint64_t stuck_until, busy_since;
};

struct feed_watch { /* a listener of one master's feed */
    struct feed_listener listener;
    struct life *life;
    bool started;
    uint64_t at;
};

struct life {
    struct sim_master *m;
    uint64_t number;
    bool dead, turning, edge_turning;
    uint64_t paused_until;
    struct host host;
    uint64_t clock_base_us, clock_jump_us, born_us;
    struct inbox inbox, home; /* the core's; the edge's */
    struct quorum_net net;
    struct bulk bulk;
    struct sim_disk disk;
    struct store *store;
    struct core core;
    struct subscriber observer;
    struct feed_watch watch;
    struct remote_edge edge;
    struct front *front; /* its API */
};

struct sim_master {
    struct sim *sim;
    unsigned position;
    uint64_t id; /* of the master in this seat */
    char *dir;
    struct life *life; /* NULL: down */
    uint64_t lives, restart_at;
    int clock_ppm;
    int64_t wall_offset_ms;
    struct medium *medium;
    bool tainted;  /* what its disk held durably was damaged or replaced: it may refuse to serve */
    bool replaced; /* by nothing or by an older copy: it must not be taken back */
    bool lost;     /* it refused, or was refused, and stays away */
    bool renewed;  /* empty, under a new id, and not caught up yet */
    uint64_t image_us, image_index; /* of the copy of its disk that is kept; 0: none */
    char name[16];
};

void master_boot(struct sim_master *m);
void master_boot_later(struct sim_master *m, uint64_t us);
/* kill -9, or the loss of power, as the seed has it. */
void master_crash(struct sim_master *m, const char *why);
void master_ended(struct sim *s);  /* what is left to do after it did */
void master_doomed(struct sim *s); /* the crash in the middle of an event */
void life_wake(struct life *l);
void life_pause(struct life *l, uint64_t us);
uint64_t life_now_us(struct life *l);
struct sim_master *sim_leader(struct sim *s); /* as the masters see it; NULL: none */
void disk_init(struct sim_disk *d, struct life *l);

/* --- net.c --- */
struct wire_link { /* from one master to another */
    bool up, cut;
    uint64_t epoch, last_at, hole_until;
    size_t queued;
};
void net_init(struct life *l);
void net_life_begins(struct sim_master *m);
void net_life_ends(struct sim_master *m);
void net_break(struct sim *s, unsigned from, unsigned to);
void net_cut(struct sim *s, unsigned from, unsigned to, bool cut);
void net_hole(struct sim *s, unsigned from, unsigned to,
              uint64_t us); /* takes nothing, says nothing */

/* --- http_front.c, over vnet*.c: the API of each master --- */
struct api;
struct vnet;
void front_open(struct life *l);
void front_turn(struct life *l); /* after what was posted to `home` has run */
void front_lost(struct life *l);
struct api *front_api(struct life *l);
void vnet_draw(struct sim *s);
void webs_start(struct sim *s); /* web.c: clients of the API */
const char *webs_unfinished(struct sim *s);
const char *web_house_busy(struct sim *s);
void webs_tell(struct sim *s);

/* --- truth.c: what was committed, from whoever folds it first --- */
struct fact {
    uint64_t revision, index;
    int key; /* of a config map that clients write, or -1 */
    bool exists;
    uint64_t value;
    struct request_id request;
    enum event_type type;
    uint64_t folded_us;
    struct track *track; /* whose event it is */
    bool begins, ends;   /* it makes the object, or removes it */
};
/* --- check_log.c: every object that ever was, version by version --- */
struct track {
    struct track *next; /* of the same kind, older */
    const struct kind *kind;
    istr ns;
    char *name;
    struct moment {
        uint64_t revision;
        bool exists;
    } * moments;
    size_t count, room;
    uint64_t going; /* a namespace: the entry, counted, that said so */
};
struct change;
struct mp;
void log_note(struct sim *s, const struct change *c, struct fact *f);
/* Fails unless `items` (of a list) are what there was of this kind at the revision. */
void log_check_list(struct sim *s, const struct kind *kind, istr ns, uint64_t revision,
                    struct mp items, const char *who);
/* The revision at which a client's value was written first, or 0; and a removal by uid. */
uint64_t log_value(struct sim *s, uint64_t value);
uint64_t log_removal(struct sim *s, const struct uid *uid);

struct truth {
    struct fact *facts; /* by revision */
    size_t fact_room;
    uint64_t revision; /* the highest anybody folded */
    struct state_at {
        uint64_t index;
        struct digest digest;
    } * states; /* by index; revision 0 and zero digest: unknown */
    size_t state_room;
    uint64_t index;
    struct map requests; /* request id -> fact index + 1 */
    struct map tracks;   /* "kind/namespace/name" */
    struct track *by_kind[512];
    uint64_t *values; /* by value: the revision that wrote it */
    size_t value_room;
    struct map removals;   /* uid -> revision */
    struct map foreground; /* uid -> ident: check_rules.c */
    uint64_t *leaders;     /* by term: position + 1 */
    size_t leader_room;
};
void truth_observe(struct life *l); /* subscribes */
void truth_check_life(struct life *l);
struct fact *truth_fact(struct sim *s, uint64_t revision);
uint64_t truth_request(struct sim *s, const struct request_id *id); /* its last revision, or 0 */

/* --- check_rules.c, check_nodes.c: of every event, when it is folded first --- */
struct node_watch;
void api_rules_check(struct life *l, const struct change *c);
const char *api_rules_left_over(struct world *w); /* at the end */
void nodes_check(struct life *l, const struct change *c);
void nodes_start(struct sim *s);
void nodes_heard(struct sim *s, const char *name); /* by a leader */
void nodes_silent(struct sim *s, const char *name, uint64_t until);

/* --- history.c, client.c --- */
enum op_kind { OP_CREATE, OP_UPDATE, OP_DELETE, OP_READ, OP_SCALE, OP_LIST };
struct op {
    enum op_kind kind;
    unsigned client;
    int key;
    uint64_t value, precondition;
    struct request_id request;
    uint64_t invoked_us, returned_us; /* returned 0: open */
    uint64_t seen_limit;              /* the highest revision committed when it returned */
    int http;
    uint64_t revision; /* of the answer; of a read: of the version, 0: none */
    uint64_t seen_value;
    bool removed;
    bool web;        /* over HTTP: it is found in the log by its value, or by what it removed */
    uint64_t tested; /* a JSON patch: only if this was the value */
    struct uid uid;  /* of what was removed */
};
extern const char *const op_names[];
struct history {
    struct op *ops;
    size_t count, room;
    uint64_t acknowledged, refused, open;
};
size_t history_begin(struct sim *s, struct op op);
void history_check(struct sim *s);

struct client {
    struct sim *sim;
    unsigned number;
    size_t op; /* index + 1 of the one under way, 0: thinking */
    struct life *at;
    uint64_t attempt;
    uint64_t known[64]; /* the last revision seen of each key */
};
void clients_start(struct sim *s);
void clients_lost(struct sim *s, struct life *l);
struct doc *sim_doc(const char *json_single_quotes);

/* --- kubelet.c --- */
struct kubelet;
void kubelets_start(struct sim *s);
void kubelets_lost(struct sim *s, struct life *l); /* its links break */
void kubelet_disturb(struct sim *s);               /* a fault of a node */
void kubelets_heal(struct sim *s);
void kubelets_cut_off(struct sim *s, uint64_t us);
const char *bounds_exceeded(struct sim *s); /* check_bounds.c */
void away_play(struct sim *s);              /* check_away.c */
void kubelet_edge_init(struct life *l);
unsigned kubelets_running(struct sim *s);

void watch_init(struct life *l);

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
    X(TIMEOUT_NOW, "told to campaign") X(MEMBERS, "change of members")
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
void faults_start(struct sim *s);
void faults_stop(struct sim *s);

/* --- disk_faults.c --- */
/* disk_profiles.c: every seed's own choice; "disk", "replace" and "keyframes" are profiles of their own. */
bool disk_profile_choose(struct sim *s, const char *name);
void disk_profile_draw(struct sim *s);
void disk_scratch(struct sim *s, struct sim_master *m); /* old history, of a minority at most */
void disk_fault(struct sim *s, struct sim_master *m, enum fault fault, uint64_t us);
bool disk_excuses(const struct sim_master *m);  /* it may fail to read what it holds */
bool disk_ends(struct sim *s, const char *why); /* a master's end that its disk explains */
void disk_readers_start(struct sim *s);         /* history is read now and then, on every master */
void disk_heal(struct sim *s);

/* --- raft_rules.c: what Raft promises about its own state --- */
struct rules;
void rules_check(struct life *l); /* after every event of a master */
void rules_life_ends(struct life *l);
void rules_forget(struct sim *s, unsigned position); /* another master, empty, takes this seat */

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

/* --- ending.c --- */
void ending_check(struct sim *s);

struct counts {
    uint64_t events, crashes, elections, faults, frames, entries, reads, restores, watched;
    uint64_t by_kind[FAULT_COUNT], designed_ends, replaced;
};

struct sim {
    uint64_t seed, now_us, order, random, hash;
    struct life *running;                    /* whose event goes on */
    struct sim_master *doomed;               /* it crashes with the event that goes on */
    jmp_buf escape;                          /* out of a process that ends itself */
    unsigned power_loss;                     /* per mille of crashes */
    const struct disk_profile *disk_profile; /* NULL: the usual one */
    struct sim_event *heap;
    size_t count, room;
    unsigned master_count, node_count, client_count, key_count, set_count;
    struct sim_master masters[MASTERS_MAX];
    struct quorum_server servers[MASTERS_MAX];
    const char *node_addresses[MASTERS_MAX];
    struct wire_link links[MASTERS_MAX][MASTERS_MAX];
    char root[80];
    struct profile profile;
    struct truth truth;
    struct history history;
    struct client clients[CLIENTS_MAX];
    struct kubelet *kubelets;
    struct node_watch *nodes;
    struct vnet *vnet; /* between clients and the API */
    struct webs *webs; /* those clients: web.h */
    struct rules *rules;
    struct plot *plot;
    uint64_t operator_random;
    const struct staging *staging; /* profiles.c: a profile made for one guard, or NULL */
    struct counts counts;
    uint64_t marks[SIM_MARKS_MAX];
    uint64_t keyframe_entries, trailing_entries, next_value;
    size_t segment_bytes;             /* of the log on disk */
    size_t chunk_bytes;               /* of keyframes between masters; 0: default */
    size_t piece_bytes, window_bytes; /* of entries between masters, see quorum.h; 0: defaults */
    unsigned heartbeat_ms, election_ms;
    uint32_t guards_off;
    enum lie lie; /* main.c: --lie */
    unsigned lie_asked;
    bool calm;    /* faults are over */
    bool writing; /* clients work */
    bool verbose, harassed;
    const unsigned char *without; /* faults to leave out, by number */
    size_t without_size;
    unsigned at_most_clients, at_most_nodes; /* 0: as drawn */
    unsigned exact_masters;                  /* not 0: so many, and as many nodes as there may be */
    void (*ended)(struct sim *s);            /* also by a failure */
    char *story[600];
    size_t told;
};

void sim_open(struct sim *s, uint64_t seed); /* s->harassed: that profile */
void sim_play(struct sim *s);                /* a whole seed; fails by sim_fail */

#endif
