/* The controllers: subscribers that compare what is wanted with what is, and send commands about
 * the difference.
 *
 * Each keeps its index warm on every master from the changes it sees (`changed`, `restored`) and
 * acts on the leader only, in `turn`, a bounded amount at a time. They are level-triggered: a
 * command that failed is found again by looking, not by remembering. Core thread only. One file
 * each; the table is in controllers.c. */
#ifndef LOGSHIP_ACTORS_CONTROLLERS_H
#define LOGSHIP_ACTORS_CONTROLLERS_H

#include "actors/system.h"

/* Every duration that an operator or a test may want otherwise. Milliseconds. */
struct controller_times {
    uint32_t node_grace_ms; /* 40,000: a node unheard for so long is Unknown; also what a new leader
                               grants */
    uint32_t gone_node_ms;  /* 40,000: pods on a node that does not exist are removed after it */
    uint32_t eviction_burst;     /* 100: pods evicted at once ... */
    uint32_t evictions_per_s;    /* 100: ... and steadily */
    uint32_t status_every_ms;    /* 100: at most one status write per replica set or quota
                               in it */
    uint32_t endpoints_every_ms; /* 500: at most one write per Endpoints in it */
    uint32_t event_ttl_ms;       /* 3,600,000: Event objects older than it are removed */
};
extern const struct controller_times controller_times_default;

struct controllers;
/* Makes all controllers and subscribes them to the system's world; times NULL: the defaults. Freed
 * before world and after system (whose last answers may still reach them). */
struct controllers *controllers_start(struct system *s, const struct controller_times *times);
void controllers_free(struct controllers *c);

/* A sign of life of a node's agent, or of the lease of a node without one. */
void controllers_node_beat(struct controllers *c, istr node, uint64_t now_ms);

/* One by one, for tests. Each constructor builds its index from the world as it is and subscribes.
 */
struct subscriber *replicaset_controller_new(struct system *s,
                                             const struct controller_times *times);
struct subscriber *gc_controller_new(struct system *s, const struct controller_times *times);
struct subscriber *namespace_controller_new(struct system *s, const struct controller_times *times);
struct subscriber *serviceaccount_controller_new(struct system *s,
                                                 const struct controller_times *times);
struct subscriber *node_lifecycle_new(struct system *s, const struct controller_times *times);
struct subscriber *endpoints_controller_new(struct system *s, const struct controller_times *times);
struct subscriber *event_expiry_new(struct system *s, const struct controller_times *times);
struct subscriber *crd_controller_new(struct system *s, const struct controller_times *times);
struct subscriber *quota_controller_new(struct system *s, const struct controller_times *times);
struct subscriber *tokens_controller_new(struct system *s, const struct controller_times *times);
struct subscriber *root_ca_controller_new(struct system *s, const struct controller_times *times);
struct subscriber *apiservice_controller_new(struct system *s,
                                             const struct controller_times *times);
struct subscriber *bootstrap_controller_new(struct system *s, const struct controller_times *times);
struct subscriber *protection_controller_new(struct system *s,
                                             const struct controller_times *times);
struct subscriber *ttl_controller_new(struct system *s, const struct controller_times *times);
struct subscriber *mirror_controller_new(struct system *s, const struct controller_times *times);
struct subscriber *disruption_controller_new(struct system *s,
                                             const struct controller_times *times);
void replicaset_controller_free(struct subscriber *s);
void gc_controller_free(struct subscriber *s);
void namespace_controller_free(struct subscriber *s);
void serviceaccount_controller_free(struct subscriber *s);
void node_lifecycle_free(struct subscriber *s);
void endpoints_controller_free(struct subscriber *s);
void event_expiry_free(struct subscriber *s);
void crd_controller_free(struct subscriber *s);
void quota_controller_free(struct subscriber *s);
void tokens_controller_free(struct subscriber *s);
void root_ca_controller_free(struct subscriber *s);
void bootstrap_controller_free(struct subscriber *s);
void apiservice_controller_free(struct subscriber *s);
void protection_controller_free(struct subscriber *s);
void ttl_controller_free(struct subscriber *s);
void mirror_controller_free(struct subscriber *s);
void disruption_controller_free(struct subscriber *s);

void node_lifecycle_beat(struct subscriber *s, istr node, uint64_t now_ms);

#endif
