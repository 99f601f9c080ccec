/* The whole cluster in one thread: real masters (struct core, libraft, store), simulated nodes,
 * clients and watchers, under a virtual clock, network, disk and random source.
 *
 * One seed is all choices. Time is in microseconds. A master's `life` is one run of its process:
 * a crash marks it dead and forgets it (its memory is never freed, as after kill -9), and every
 * event that was meant for it falls away. Each seed runs in a process of its own, so leaks and
 * aborts end with it.
 *
 *   clock.h     time, randomness, the story       life.h      a master, its disk and connections
 *   faults.h    what goes wrong, and when         medium.h    the disk behind the page cache
 *   clients.h   nodes, clients, their history     web.h       clients of the API
 *   checks.h    what must hold, the end           vnet.h      libuv in virtual time
 *   lies.h      what checkers are told            runner.h    many seeds, each in its process
 *
 * What is linked in takes its time, randomness and files from seams*.c. */
#ifndef LOGSHIP_TESTS_SIM_H
#define LOGSHIP_TESTS_SIM_H

#include "checks.h"
#include "clients.h"
#include "clock.h"
#include "faults.h"
#include "lies.h"
#include "life.h"

#include <setjmp.h>

enum { MASTERS_MAX = 5, NODES_MAX = 64, CLIENTS_MAX = 16, SIM_MARKS_MAX = 128 };

struct counts {
    uint64_t events, crashes, elections, faults, frames, entries, reads, restores, watched;
    uint64_t replaced; /* masters, by the operator */
    uint64_t stops;    /* orderly */
    uint64_t by_kind[FAULT_COUNT], designed_ends;
    uint64_t wall_forward, wall_back, expired, outlived; /* check_clocks.c */
};

struct sim {
    uint64_t seed, now_us, order, random, hash;
    struct life *running;                    /* whose event goes on */
    struct sim_master *doomed;               /* it crashes with the event that goes on */
    jmp_buf escape;                          /* out of a process that ends itself */
    int64_t wall_most_ms;                    /* that a wall clock was ever ahead */
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
    uint64_t scrub_bytes_s; /* 0: old data is not looked at */
    unsigned scrub_round_ms;
    struct rot *rots;                 /* check_scrub.c */
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
