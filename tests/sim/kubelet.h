/* Inside the simulated nodes: kubelet.c (pods, and what a node is told), kubelet_tell.c (what it
 * tells), kubelet_life.c (connections, beats, and what happens to it). */
#ifndef LOGSHIP_TESTS_KUBELET_H
#define LOGSHIP_TESTS_KUBELET_H

#include "sim.h"

#include "base/buf.h"

enum { PODS_MAX = 96 };

struct kpod {
    struct uid uid;
    istr ns;
    char name[80];
    uint64_t revision, sync;
    bool used, running, going;
};

struct kubelet {
    struct sim *sim;
    istr name;
    struct life *at; /* NULL: not connected */
    uint64_t link, up_at, heard_us, sync, silent_until;
    bool welcomed;
    struct kpod pods[PODS_MAX];
};

/* kubelet.c */
void kubelet_leave(struct kubelet *k, bool tell);

/* kubelet_tell.c */
struct report *kubelet_report(struct kubelet *k, int type);
struct remote_report *kubelet_report_of(struct report *r);
void kubelet_send(struct kubelet *k, struct report *r);
struct doc *kubelet_status(void);
void kubelet_tell_node(struct kubelet *k);
void kubelet_tell_pod(struct kubelet *k, const struct kpod *p, bool gone);

/* kubelet_life.c */
void kubelet_connect_later(struct kubelet *k, uint64_t us);

#endif
