/* Shared by scheduler.c, act.c and tell.c, and looked into by their tests. */
#ifndef LOGSHIP_SCHEDULER_INSIDE_H
#define LOGSHIP_SCHEDULER_INSIDE_H

#include "actors/controllers/recorder.h"
#include "actors/scheduler/placer.h"
#include "actors/scheduler/queue.h"
#include "actors/scheduler/scheduler.h"

/* So many a second, and so many at once. */
struct allowance {
    uint64_t per_s, burst, thousandths, filled_ms;
};
uint64_t allowance_fill(struct allowance *a, uint64_t now_ms); /* how many there are now */
void allowance_take(struct allowance *a, uint64_t n);          /* may be overdrawn, down to none */

struct scheduler {
    struct subscriber subscriber;
    struct system *system;
    struct placer placer;
    struct queue queue;
    bool helped; /* something changed that may make room */
    uint64_t woken_ms;
    struct allowance work;     /* nodes to look at */
    struct allowance commands; /* for telling why */
    struct recorder *recorder;
    istr who;
};

/* The assumption is over: the log has told of the pod's node, or it was refused. */
void pending_unassume(struct scheduler *s, struct pending *p);

extern const struct allowance act_allowance;
void act_turn(struct subscriber *sub, uint64_t now_ms);

extern const struct allowance tell_allowance;
/* Tells waiting pods why, within `left` commands; looks at nodes until the placer's work is at
 * `work_end`. */
void tell_turn(struct scheduler *s, uint64_t now_ms, unsigned left, uint64_t work_end);
/* A line was blocked: its pods are to be told. */
void tell_line(struct scheduler *s, struct line *line);
/* A new leader knows not what was told: all of it is looked at again. */
void tell_again(struct scheduler *s);

#endif
