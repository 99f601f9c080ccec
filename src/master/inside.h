/* What the files of this room share: the master's parts, by thread. */
#ifndef LOGSHIP_MASTER_INSIDE_H
#define LOGSHIP_MASTER_INSIDE_H

#include "actors/gate.h"
#include "master/master.h"

#include <uv.h>

struct master;
struct edge;
struct crossing;
struct feeder;
struct peers;

enum { RECENT_MAX = 8192 }; /* changes whose versions the gate can still name by revision */

struct remotes;

struct gate_master {
    struct gate gate;
    struct master *m;
    struct list forwarded;   /* commands that another master decides */
    struct list catching_up; /* their answers, waiting until this master has folded them */
    struct map by_sequence;  /* forwarded, by the number their answer bears */
    uint64_t next_sequence;
};

struct master {
    struct master_options options;
    uv_loop_t *loop;
    uv_async_t wake;
    uv_check_t check;
    uv_timer_t heartbeat;
    uv_signal_t terminate, interrupt;
    struct inbox inbox;
    struct host host;
    struct store *store;
    struct disk *disk;
    struct peers *peers;
    struct quorum *quorum;
    struct world *world;
    struct system *system;
    struct gate_master gate;
    struct feeder *feeder;
    struct edge **edges;
    unsigned edge_count;
    struct controllers *controllers;
    struct remotes *remotes;
    struct tls_config *peer_tls, *api_tls, *node_tls, *node_client_tls;
    unsigned char seal_key[32];
    bool image_running, stopping;
};

static inline uint64_t master_now_ms(struct master *m)
{
    return m->host.monotonic_ms(&m->host);
}

/* host_real.c */
struct host host_real(void);

/* feeder.c: the subscriber that turns changes into batches for the edges and keeps the recent ones.
 */
struct feeder *feeder_new(struct master *m);
void feeder_free(struct feeder *f);
void feeder_add(struct feeder *f, struct feed_listener *l);
struct object *feeder_recent(struct feeder *f, uint64_t revision); /* borrowed, or NULL */

/* gate_master.c */
void gate_master_init(struct gate_master *g, struct master *m);
void gate_master_told(struct gate_master *g, uint64_t from, struct str bytes); /* forward.c */
void gate_master_committed(struct gate_master *g); /* after entries were folded */
void gate_master_tick(struct gate_master *g, uint64_t now_ms);
const char *master_name_of(struct master *m, uint64_t id); /* "m2", "" for none */

/* forward.c: commands on their way between threads and masters. */
void forward_command(struct gate *gate, struct command *c, struct inbox *home);

/* image_job.c: keyframes off the core's thread. */
void image_job_start(struct master *m, const struct keyframe_meta *meta);
int image_restore(struct world *w, struct keyframe *k, struct error *err);

/* history.c: the past, on a bulk thread. */
void history_ask_start(struct gate *gate, struct history_ask *h);
void past_ask_start(struct gate *gate, struct past_ask *p);

/* edge.c */
struct edge *edge_start(struct master *m, unsigned number, struct error *err);

#endif
