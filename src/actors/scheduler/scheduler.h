/* The scheduler: a subscriber that gives every pending pod a node.
 *
 * Warm on every master (its placer and its queue follow every change), acting on the leader only.
 * Each turn it decides a batch of pods and sends their bindings, assuming them placed until the log
 * says so; a refused binding is taken back and tried again a second later. Pods that fit nowhere
 * are told why (an Event and the PodScheduled condition, in Kubernetes' words) and wait until
 * something changes that could help. What a turn may cost is bounded, however many pods wait. Core
 * thread.
 *
 * Inside: scheduler.c follows, act.c places, tell.c explains; placer.h chooses nodes, queue.h keeps
 * who waits. */
#ifndef LOGSHIP_SCHEDULER_SCHEDULER_H
#define LOGSHIP_SCHEDULER_SCHEDULER_H

#include "actors/system.h"

struct scheduler;
struct scheduler *scheduler_start(struct system *s); /* subscribes to the system's world */
void scheduler_free(struct scheduler *s);            /* after the system */
size_t scheduler_pending(const struct scheduler *s);

#endif
