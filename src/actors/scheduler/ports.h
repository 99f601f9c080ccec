/* Host ports: which ports of its node a pod takes for itself, and which are taken there. Pure. */
#ifndef LOGSHIP_SCHEDULER_PORTS_H
#define LOGSHIP_SCHEDULER_PORTS_H

#include "proto/mp.h"

struct host_port {
    uint64_t ip; /* digest of the address; 0: all addresses */
    uint64_t protocol;
    uint32_t port;
};

/* A bag: pods that were forced onto one node may hold the same port twice. */
struct host_ports {
    struct host_port *at;
    uint32_t count, cap;
};

void host_ports_of_pod(struct mp spec, struct host_ports *out);
void host_ports_add(struct host_ports *taken, const struct host_ports *more);
void host_ports_drop(struct host_ports *taken, const struct host_ports *gone);
/* Does any wanted port collide: same port and protocol, and the same address or one of them all? */
bool host_ports_collide(const struct host_ports *taken, const struct host_ports *wanted);
void host_ports_free(struct host_ports *p);

#endif
