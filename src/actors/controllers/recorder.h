/* Telling people: core/v1 Event objects, made by controllers and the scheduler.
 *
 * The same thing said again about the same object within ten minutes raises the count of the Event
 * that is there. The rate is bounded; what is beyond it is not told. Events are sent as commands,
 * so only a leader's are heard. Core thread only. */
#ifndef LOGSHIP_ACTORS_RECORDER_H
#define LOGSHIP_ACTORS_RECORDER_H

#include "actors/system.h"

struct recorder;
/* component: "replicaset-controller", "default-scheduler"; what the Event calls its source. */
struct recorder *recorder_new(struct system *s, const char *component);
void recorder_free(struct recorder *r);
/* type: "Normal" or "Warning"; reason: a constant such as "SuccessfulCreate". */
void recorder_tell(struct recorder *r, const struct object *about, const char *type,
                   const char *reason, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

#endif
