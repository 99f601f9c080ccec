/* What controllers share when they act. */
#ifndef LOGSHIP_ACTORS_ACTING_H
#define LOGSHIP_ACTORS_ACTING_H

#include "actors/system.h"

/* A command about exactly this object (its uid is a precondition). */
static inline struct command *acting_on(enum command_op op, const struct object *o, istr who,
                                        uint64_t cause)
{
    struct command *c = command_new(op, o->id->kind, o->id->ns, object_name(o), who);
    c->cause = cause;
    c->has_uid = true;
    c->uid = o->id->uid;
    return c;
}

/* Its state is overtaken if it is not in this very version. */
static inline struct command *acting_on_version(enum command_op op, const struct object *o,
                                                istr who, uint64_t cause)
{
    struct command *c = acting_on(op, o, who, cause);
    c->revision = o->revision;
    return c;
}

static inline uint64_t acting_now_ms(struct system *s)
{
    struct host *host = system_host(s);
    return host->monotonic_ms(host);
}
static inline int64_t acting_wall_s(struct system *s)
{
    struct host *host = system_host(s);
    return host->wall_ms(host) / 1000;
}

/* How many more commands the system should be given now: it writes one entry at a time, and what is
 * sent beyond the next few entries only waits (and makes others wait). */
enum { ACTING_PER_TURN = 5000, ACTING_QUEUE_MAX = 20000 };
static inline unsigned acting_budget(const struct system *s)
{
    struct system_load load = system_load(s);
    uint32_t queued = load.backlog + load.open_events;
    if (queued >= ACTING_QUEUE_MAX) return 0;
    uint32_t room = ACTING_QUEUE_MAX - queued;
    return room < ACTING_PER_TURN ? room : ACTING_PER_TURN;
}

#endif
