/* What must hold: what was committed (truth.c), every object that ever was (check_log.c), the rules
 * of Raft, of Kubernetes, of nodes (raft_rules.c, check_*.c), and the end (ending.c). */
#ifndef LOGSHIP_TESTS_SIM_CHECKS_H
#define LOGSHIP_TESTS_SIM_CHECKS_H

#include "life.h"

struct change;
struct mp;

/* --- truth.c: what was committed, from whoever folds it first --- */
struct fact {
    uint64_t revision, index;
    int key; /* of a config map that clients write, or -1 */
    bool exists;
    uint64_t value;
    struct request_id request;
    enum event_type type;
    int64_t time_ms; /* as the log has it */
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
    uint64_t going; /* the entry, counted, that said that it goes, or changed a rule */
};
struct track *log_track(struct sim *s, const struct object *o);
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
const char *api_rules_left_over(struct sim *s, struct world *w); /* at the end */
void nodes_check(struct life *l, const struct change *c);
void clocks_check(struct sim *s, const struct change *c); /* check_clocks.c */
void nodes_start(struct sim *s);
void nodes_heard(struct life *leader, const char *name);
void nodes_silent(struct sim *s, const char *name, uint64_t until);

/* --- check_quota.c */
void quotas_check(struct life *l, const struct change *c);
const char *quotas_untold(struct sim *s, struct world *w); /* at the end */

/* --- raft_rules.c: what Raft promises about its own state --- */
struct rules;
void rules_check(struct life *l); /* after every event of a master */
void rules_life_ends(struct life *l);
void rules_forget(struct sim *s, unsigned position); /* another master, empty, takes this seat */

/* --- ending.c --- */
void ending_check(struct sim *s);
void away_play(struct sim *s); /* check_away.c */
void away_node_play(struct sim *s);
void disks_check(struct sim *s);            /* check_disks.c */
void disk_check(struct sim_master *m);      /* nobody has it open */
const char *bounds_exceeded(struct sim *s); /* check_bounds.c */

/* --- check_scrub.c --- */
void scrub_rotted(struct sim_master *m, const char *path, bool surely); /* a file of its disk */
void scrub_watch_start(struct sim *s);
const char *scrub_behind(struct sim *s);
bool scrub_told(const struct sim_master *m, const char *name); /* when it was looked at last */

#endif
