/* The actor system: mailboxes and the way from commands to entries, on the leader.
 *
 *   system_send -> mailbox (if the actor persists) -> decide -> open batch -> propose -> committed,
 * folded
 *               -> answer, next command from the mailbox
 *
 * One entry is in flight; everything decided meanwhile gathers in the next (group commit by
 * back-pressure). Bounded: mailbox_max commands wait for one actor, backlog_max in all, then 429.
 * Core thread only. Time and randomness come from the host. */
#ifndef LOGSHIP_ACTORS_SYSTEM_H
#define LOGSHIP_ACTORS_SYSTEM_H

#include "actors/command.h"
#include "base/host.h"

struct system;

struct system_options {
    struct world *world;
    struct host *host;
    /* Proposes an entry (bytes are copied). Must answer later through system_proposed, never from
     * inside. */
    void (*propose)(void *ctx, struct str entry, uint64_t first_revision, int64_t time_ms);
    void *ctx;
    const struct token_mint *mint;    /* of service accounts' tokens; NULL: there are none */
    const char *const *api_addresses; /* of every master: what pods are told; may be none */
    unsigned api_count;
    size_t batch_bytes;    /* 0: 1 MiB */
    uint32_t batch_events; /* 0: 16,384 */
    uint32_t mailbox_max;  /* 0: 1,024 */
    uint32_t backlog_max;  /* 0: 262,144 */
};

struct system *system_new(const struct system_options *options);
void system_free(struct system *s);
struct world *system_world(struct system *s);
struct host *system_host(struct system *s);
const struct token_mint *system_mint(const struct system *s); /* or NULL */
const struct system_options *system_given(const struct system *s);
bool system_leads(const struct system *s);

/* Takes the command. `done` is called on this thread, maybe before system_send returns (refusals).
 * Not leading: 503. */
void system_send(struct system *s, struct command *c);
/* Low disk: creates and updates are refused (507, reason as etcd's "no space"), deletes pass. */
void system_set_low_space(struct system *s, bool low);

/* From the quorum: leadership; an entry was committed (on every master); the outcome of our
 * proposal. */
void system_lead(struct system *s, bool leads);
void system_committed(struct system *s, uint64_t index, struct str entry);
void system_proposed(struct system *s, int status);
/* At the end of every turn of the loop: proposes what gathered; `now_ms` monotonic, lets
 * subscribers act. */
void system_turn(struct system *s, uint64_t now_ms);
/* There is work that wants a turn now rather than at the next timer. */
bool system_restless(const struct system *s);

struct system_load {
    uint32_t backlog, in_flight_events, open_events;
    uint64_t entries, events;
};
struct system_load system_load(const struct system *s);

#endif
