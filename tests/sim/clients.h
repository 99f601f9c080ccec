/* Who uses the cluster: writers and readers, whose history is held against the log, listeners of
 * the feed, clients of the API, and nodes. */
#ifndef LOGSHIP_TESTS_SIM_CLIENTS_H
#define LOGSHIP_TESTS_SIM_CLIENTS_H

#include "checks.h"

/* --- history.c, client.c --- */
enum op_kind { OP_CREATE, OP_UPDATE, OP_DELETE, OP_READ, OP_SCALE, OP_LIST };
struct op {
    enum op_kind kind;
    unsigned client;
    int key;
    uint64_t value, precondition;
    struct request_id request;
    uint64_t invoked_us, returned_us; /* returned 0: open */
    uint64_t seen_limit;              /* the highest revision committed when it returned */
    int http;
    uint64_t revision; /* of the answer; of a read: of the version, 0: none */
    uint64_t seen_value;
    bool removed;
    bool web;        /* over HTTP: it is found in the log by its value, or by what it removed */
    uint64_t tested; /* a JSON patch: only if this was the value */
    struct uid uid;  /* of what was removed */
};
extern const char *const op_names[];
struct history {
    struct op *ops;
    size_t count, room;
    uint64_t acknowledged, refused, open;
};
size_t history_begin(struct sim *s, struct op op);
void history_check(struct sim *s);

struct client {
    struct sim *sim;
    unsigned number;
    size_t op; /* index + 1 of the one under way, 0: thinking */
    struct life *at;
    uint64_t attempt;
    uint64_t known[64]; /* the last revision seen of each key */
};
void clients_start(struct sim *s);
void clients_lost(struct sim *s, struct life *l);
struct doc *sim_doc(const char *json_single_quotes);

/* --- web.c: clients of the API --- */
void webs_start(struct sim *s);
const char *webs_unfinished(struct sim *s);
const char *webs_busy(struct sim *s); /* somebody still holds something */
void webs_tell(struct sim *s);

/* --- kubelet.c --- */
struct kubelet;
void kubelets_start(struct sim *s);
void kubelets_lost(struct sim *s, struct life *l); /* its links break */
void kubelet_disturb(struct sim *s);               /* a fault of a node */
void kubelets_heal(struct sim *s);
void kubelets_cut_off(struct sim *s, uint64_t us);
void kubelet_dies(struct sim *s, unsigned i, uint64_t us); /* with its pods */
void kubelet_edge_init(struct life *l);
unsigned kubelets_running(struct sim *s);

void watch_init(struct life *l);

#endif
