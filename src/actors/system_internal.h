/* What the files of the actor system share: its state, and the steps of a command's way. */
#ifndef LOGSHIP_ACTORS_SYSTEM_INTERNAL_H
#define LOGSHIP_ACTORS_SYSTEM_INTERNAL_H

#include "actors/admission/admission.h"
#include "actors/behavior.h"
#include "actors/system.h"

struct system {
    struct system_options options;
    struct world *world;
    struct admission *admission;
    bool leads, low_space, in_flight;
    struct entry_writer open;  /* what gathers for the next entry */
    struct list open_commands; /* the commands it answers */
    int64_t open_time_ms;      /* the time it will bear; 0: nothing gathered */
    int64_t proposed_ms;       /* that the last one bears, folded or not */
    struct txn open_txn;       /* the last one begun in it */
    struct list flying;        /* commands of the entry in flight */
    struct list backlog;       /* commands that found the batch full */
    uint32_t backlog_count, flying_events;
    uint64_t entries, events;
    struct buf entry;
};

/* system.c: the actor is given back once its command's outcome is known; what waited is decided, or
 * refused. */
void actor_resume(struct system *s, struct actor *a, bool go_on);

/* system_answers.c: each ends the command. */
void command_answer(struct command *c, const struct result *r);
void command_refuse(struct command *c, int http, const char *reason, const char *message);
void command_refuse_all(struct list *commands, int http, const char *reason, const char *message);
/* With the version that would have come to be. */
void command_answer_dry_run(struct system *s, struct command *c, struct decision *d);
/* One that was already carried out (its answer was lost) is answered, not repeated. */
bool command_answer_repeated(struct system *s, struct command *c);

/* system_batch.c: what gathers for the next entry. */
int64_t batch_time(struct system *s);
bool batch_full(const struct system *s);
void batch_add(struct system *s, struct command *c, const struct decision *d);
void batch_propose(struct system *s);
/* The leader changed before it was proposed. */
void batch_give_up(struct system *s);

#endif
