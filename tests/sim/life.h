/* A master: its process from boot to crash (life*.c), its disk in virtual time (disk.c), its
 * connections to the others (net.c), and its API (http_front.c over vnet*.c). */
#ifndef LOGSHIP_TESTS_SIM_LIFE_H
#define LOGSHIP_TESTS_SIM_LIFE_H

#include "clock.h"

#include "actors/remotes.h"
#include "master/core.h"
#include "store/disk.h"

struct medium;

struct sim_disk {
    struct disk disk;
    struct life *life;
    struct list jobs, answers; /* to be written; written, and not told yet */
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
    bool flawed;   /* one copy of a pair was damaged: that loses nothing */
    bool tainted;  /* what its disk held durably was damaged or replaced: it may refuse to serve */
    bool replaced; /* by nothing or by an older copy: it must not be taken back */
    bool lost;     /* it refused, or was refused, and stays away */
    bool renewed;  /* empty, under a new id, and not caught up yet */
    bool scarred;  /* tainted by damage to this very disk: that does not pass */
    uint64_t image_us, image_index; /* of the copy of its disk that is kept; 0: none */
    struct gate_scrub scrubbed;     /* its status, as check_scrub.c saw it last */
    uint64_t scrub_calm, scrub_life;
    char name[16];
};

/* --- life_boot.c --- */
void master_boot(struct sim_master *m);
void master_boot_later(struct sim_master *m, uint64_t us);
/* kill -9, or the loss of power, as the seed has it. */
void master_crash(struct sim_master *m, const char *why);
void master_ended(struct sim *s);     /* what is left to do after it did */
void master_doomed(struct sim *s);    /* the crash in the middle of an event */
void life_last_words(struct life *l); /* what is noted of it at its end */
void life_end(struct sim_master *m, bool abandoned);

/* --- life.c --- */
struct life *life_new(struct sim_master *m); /* of a process that is about to start */
void life_begins(struct life *l);            /* it has started: it ticks */
void life_wake(struct life *l);
void life_pause(struct life *l, uint64_t us);
uint64_t life_now_us(struct life *l);
struct sim_master *sim_leader(struct sim *s); /* as the masters see it; NULL: none */
void disk_init(struct sim_disk *d, struct life *l);
bool disk_drain(struct sim_disk *d, bool answers); /* false: something had no room */

/* --- life_stop.c --- */
void master_stop(struct sim_master *m, uint64_t away_us); /* as by SIGTERM, and it comes back */
void stops_play(struct sim *s);

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

#endif
