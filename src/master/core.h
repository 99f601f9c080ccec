/* The deterministic core of a master: quorum, world, actors, scheduler, controllers, remotes, feed
 * and gate.
 *
 * Free of loops, threads, sockets and files of its own. Whoever runs it (loop.c in a master,
 * tests/sim in virtual time) drives it: frames and connection states go to core->quorum, notes to
 * the inbox it was given, core_tick comes every heartbeat, and core_turn after anything happened.
 * Time and randomness come from the host, bytes go through `net`, writes through `disk`,
 * whole-state work through `bulk`. Edges reach it by core->gate.gate and core->remotes only. */
#ifndef LOGSHIP_MASTER_CORE_H
#define LOGSHIP_MASTER_CORE_H

#include "actors/controllers/controllers.h"
#include "actors/gate.h"
#include "raft/quorum.h"

struct core;
struct crossing;
struct feeder;
struct remotes;
struct scheduler;
struct scrub_job;

enum { RECENT_MAX = 8192 }; /* changes whose versions the gate can still name by revision */

/* Long work off the core's thread: `work` anywhere, later `done` on the core's (E_CLOSED: never
 * ran). The job is its sender's. */
struct bulk_job {
    void (*work)(struct bulk_job *job);
    void (*done)(struct bulk_job *job, int status);
};
struct bulk {
    void (*submit)(struct bulk *b, struct bulk_job *job);
};

struct gate_master {
    struct gate gate;
    struct core *core;
    struct list forwarded;   /* commands that another master decides */
    struct list catching_up; /* their answers, waiting until this master has folded them */
    struct map by_sequence;  /* forwarded, by the number their answer bears */
    uint64_t next_sequence;
    struct map errands; /* of other masters, by request: under way, or refused in this term */
    struct list refused;
    unsigned refused_count;
};

struct core_options {
    const char *name;    /* "m1" */
    const char *cluster; /* uuid */
    uint64_t id; /* the master's; of an open core: its seat's, by which masters know each other */
    const struct quorum_server *servers;
    unsigned server_count;
    const char *const
        *node_addresses; /* of every master's node port, by server order: for redirects */
    const char *const
        *api_addresses; /* of masters, for the Endpoints of the API; api_count of them */
    unsigned api_count;
    struct host *host;
    const struct token_mint *mint; /* of service accounts' tokens; NULL: there are none */
    struct inbox *inbox;           /* the core's own; whoever runs the core drains it */
    struct disk *disk;
    struct quorum_net *net;
    struct bulk *bulk;
    unsigned heartbeat_ms, election_ms; /* and below: 0, the default */
    uint64_t keyframe_entries, keyframe_bytes;
    unsigned node_grace_ms;
    uint64_t trailing_entries; /* and below: see quorum.h */
    size_t piece_bytes, window_bytes, chunk_bytes;
    uint64_t scrub_bytes_s;  /* how fast old data is looked at for damage; 0: it is not */
    unsigned scrub_round_ms; /* the rest between two rounds over it; 0: five minutes */
    uint32_t guards_off;     /* simulation only */
};

struct core {
    struct core_options options;
    struct host *host;
    struct inbox *inbox;
    struct store *store; /* the disk's */
    struct quorum *quorum;
    struct world *world;
    struct system *system;
    struct gate_master gate;
    struct feeder *feeder;
    struct controllers *controllers;
    struct scheduler *scheduler;
    struct remotes *remotes;
    struct scrub_job *scrub;
    bool image_running, stopping;
};

/* Makes everything, in place; what options point to must outlive the core. A core is never taken
 * apart: it ends with its process. */
int core_open(struct core *core, const struct core_options *options, struct error *err);
int core_start(struct core *core, struct error *err); /* loads the log and takes part */
bool core_turn(struct core *core);                    /* true: it wants another turn at once */
void core_tick(struct core *core);                    /* every heartbeat_ms */

static inline uint64_t core_now_ms(struct core *core)
{
    return core->host->monotonic_ms(core->host);
}

/* feeder.c: the subscriber that turns changes into batches for the edges and keeps the recent ones.
 */
struct feeder *feeder_new(struct core *core);
void feeder_free(struct feeder *f);
void feeder_add(struct feeder *f, struct feed_listener *l);
struct object *feeder_recent(struct feeder *f, uint64_t revision); /* borrowed, or NULL */

/* gate_master.c */
void gate_master_init(struct gate_master *g, struct core *core);
void gate_master_told(struct gate_master *g, uint64_t from, struct str bytes); /* forward.c */
void gate_master_committed(struct gate_master *g); /* after entries were folded */
void gate_master_tick(struct gate_master *g, uint64_t now_ms);
const char *master_name_of(struct core *core, uint64_t id); /* "m2", "" for none */

/* forward.c: commands on their way between threads and masters. */
void forward_command(struct gate *gate, struct command *c, struct inbox *home);

/* errand.c: commands of other masters, and when an outcome counts. */
void errand_told(struct core *core, uint64_t from, uint64_t sequence, uint64_t term,
                 struct str bytes);
bool errand_is_lost(const struct result *r); /* the leader was: worth another try */
bool errand_leads(struct core *core, uint64_t term);
/* Decided on what this master holds, without the log: true only if it still led. */
bool errand_wants_proof(const struct command *c, const struct result *r);

/* image_job.c: keyframes off the core's thread. */
void image_job_start(struct core *core, const struct keyframe_meta *meta);
int image_restore(struct world *w, struct keyframe *k, struct error *err);

/* scrub_job.c: looking for damage, off the core's thread. */
struct scrub_job *scrub_job_new(struct core *core);
void scrub_job_tick(struct scrub_job *job);
void scrub_job_tell(const struct scrub_job *job, struct gate_scrub *out);

/* history.c: the past, on a bulk thread. */
void history_ask_start(struct gate *gate, struct history_ask *h);
void past_ask_start(struct gate *gate, struct past_ask *p);

#endif
