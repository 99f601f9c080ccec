/* Services: their node ports. */
#include "actors/admission/service_numbers.h"
#include "actors/edit.h"

#include <stdio.h>

static void take_port(struct numbers *n, uint32_t index)
{
    slots_take(&n->all->ports, index);
    n->ports[index] |= TAKEN;
    n->taken++;
}

/* 0: the range is full. */
static int64_t any_port(struct numbers *n)
{
    uint32_t index = numbers_choose(n, &n->all->ports, SERVICE_PORT_BAND);
    if (index == SLOTS_NONE) return 0;
    take_port(n, index);
    return SERVICE_PORT_FIRST + index;
}

/* What was asked for before there were ranges. */
static bool had_outside(const struct numbers *n, int64_t port)
{
    struct mp ports = mp_get(n->old, "ports");
    for (struct mp_iter it = mp_items(ports); mp_iter_next(&it);)
        if (mp_i64(mp_get(it.value, "nodePort"), 0) == port) return true;
    return false;
}

/* NULL: it is to be had. */
static const char *port_is_wrong(const struct numbers *n, int64_t port)
{
    uint32_t index = service_port_index(port);
    if (index == SLOTS_NONE)
        return "provided port is not in the valid range. The range of valid ports "
               "is " SERVICE_PORTS;
    return slots_taken(&n->all->ports, index) ? "provided port is already allocated" : NULL;
}

static uint8_t protocol_of(struct mp port)
{
    struct mp protocol = mp_get(port, "protocol");
    return mp_is(protocol, "UDP") ? FOR_UDP : mp_is(protocol, "SCTP") ? FOR_SCTP : FOR_TCP;
}

/* The port's number keeps its bytes for as long as the body lives. */
static void may_share(struct numbers *n, struct mp port, int64_t node_port)
{
    struct str number = mp_get(port, "port").raw;
    uint32_t index = service_port_index(node_port);
    if (index != SLOTS_NONE) n->ports[index] |= protocol_of(port);
    if (!number.n || index == SLOTS_NONE || map_get(&n->shared, number.p, number.n)) return;
    map_put(&n->shared, number.p, number.n, (void *)(uintptr_t)node_port); // NOLINT(*-int-to-ptr)
}

static bool admit_asked_ports(struct numbers *n, struct mp ports)
{
    unsigned i = 0;
    for (struct mp_iter it = mp_items(ports); mp_iter_next(&it); i++) {
        int64_t asked = mp_i64(mp_get(it.value, "nodePort"), 0);
        uint32_t index = service_port_index(asked);
        if (!asked) continue;
        bool mine = index != SLOTS_NONE ? n->ports[index] & (HAD | TAKEN) : had_outside(n, asked);
        const char *wrong = mine ? NULL : port_is_wrong(n, asked);
        if (wrong) {
            char field[48], value[24];
            snprintf(field, sizeof field, "spec.ports[%u].nodePort", i);
            snprintf(value, sizeof value, "%lld", (long long)asked);
            return numbers_refuse_field(n, field, value, wrong);
        }
        if (!mine) take_port(n, index);
        may_share(n, it.value, asked);
    }
    return true;
}

static int64_t shared_port(const struct numbers *n, struct mp port)
{
    struct str number = mp_get(port, "port").raw;
    if (!number.n) return 0;
    int64_t shared = (int64_t)(uintptr_t)map_get(&n->shared, number.p, number.n);
    bool free = shared && !(n->ports[service_port_index(shared)] & protocol_of(port));
    return free ? shared : 0;
}

static bool admit_missing_ports(struct numbers *n, struct mp ports)
{
    buf_auto struct buf number = BUF_INIT;
    mp_put_array(&n->list, ports.count);
    for (struct mp_iter it = mp_items(ports); mp_iter_next(&it);) {
        if (mp_i64(mp_get(it.value, "nodePort"), 0)) {
            mp_put(&n->list, it.value);
            continue;
        }
        int64_t port = shared_port(n, it.value);
        if (!port) port = any_port(n);
        if (!port) return numbers_refuse(n, "failed to allocate a nodePort: range is full");
        may_share(n, it.value, port);
        buf_clear(&number);
        mp_put_int(&number, port);
        edit_put(&n->list, it.value, "nodePort", edit_value(&number));
    }
    return true;
}

static void look_back(struct numbers *n)
{
    struct mp ports = mp_get(n->old, "ports");
    for (struct mp_iter it = mp_items(ports); mp_iter_next(&it);) {
        uint32_t index = service_port_index(mp_i64(mp_get(it.value, "nodePort"), 0));
        if (index != SLOTS_NONE) n->ports[index] |= HAD;
    }
}

bool numbers_admit_ports(struct numbers *n)
{
    struct mp ports = mp_get(n->spec, "ports"), type = mp_get(n->spec, "type");
    bool balanced = mp_is(type, "LoadBalancer");
    if ((!balanced && !mp_is(type, "NodePort")) || ports.type != MP_ARRAY) return true;
    look_back(n);
    bool all = !balanced || mp_bool(mp_get(n->spec, "allocateLoadBalancerNodePorts"), true);
    return admit_asked_ports(n, ports) && (!all || admit_missing_ports(n, ports));
}

/* Where load balancers ask which nodes have pods of it. */
bool numbers_admit_health_port(struct numbers *n)
{
    bool needed = mp_is(mp_get(n->spec, "type"), "LoadBalancer") &&
                  mp_is(mp_get(n->spec, "externalTrafficPolicy"), "Local");
    int64_t asked = mp_i64(mp_get(n->spec, "healthCheckNodePort"), 0);
    if (!needed || (asked && asked == mp_i64(mp_get(n->old, "healthCheckNodePort"), 0)))
        return true;
    if (!asked) {
        n->health = any_port(n);
        return n->health ||
               numbers_refuse(n, "failed to allocate a HealthCheck NodePort 0: range is full");
    }
    const char *wrong = port_is_wrong(n, asked);
    if (!wrong) return true;
    char text[200];
    snprintf(text, sizeof text, "failed to allocate requested HealthCheck NodePort %lld: %s",
             (long long)asked, wrong);
    return numbers_refuse(n, text);
}

void numbers_give_back(struct numbers *n)
{
    for (uint32_t i = 0; n->taken && i < SERVICE_PORT_COUNT; i++)
        if (n->ports[i] & TAKEN) slots_give(&n->all->ports, i);
    map_free(&n->shared);
    buf_free(&n->list);
}
