#include "actors/scheduler/ports.h"

#include "base/digest.h"
#include "base/mem.h"

#include <assert.h>

static void ports_push(struct host_ports *p, struct host_port port)
{
    if (p->count == p->cap) {
        p->cap = p->cap ? p->cap * 2 : 4;
        p->at = mem_resize(p->at, p->cap * sizeof *p->at);
    }
    p->at[p->count++] = port;
}

static uint64_t text_id(struct str text)
{
    return digest_of(text.p, text.n).lane[0];
}

static void ports_of_container(struct mp container, bool host_network, struct host_ports *out)
{
    for (struct mp_iter it = mp_items(mp_get(container, "ports")); mp_iter_next(&it);) {
        int64_t port = mp_i64(mp_get(it.value, "hostPort"), 0);
        if (!port && host_network) port = mp_i64(mp_get(it.value, "containerPort"), 0);
        if (port <= 0 || port > 65535) continue;
        struct str ip = mp_str(mp_get(it.value, "hostIP"));
        struct str protocol = mp_str(mp_get(it.value, "protocol"));
        bool all = !ip.n || str_is(ip, "0.0.0.0");
        ports_push(out, (struct host_port){.ip = all ? 0 : text_id(ip),
                                           .protocol = text_id(protocol.n ? protocol : STR("TCP")),
                                           .port = (uint32_t)port});
    }
}

void host_ports_of_pod(struct mp spec, struct host_ports *out)
{
    bool host_network = mp_bool(mp_get(spec, "hostNetwork"), false);
    for (struct mp_iter it = mp_items(mp_get(spec, "containers")); mp_iter_next(&it);)
        ports_of_container(it.value, host_network, out);
}

void host_ports_add(struct host_ports *taken, const struct host_ports *more)
{
    for (uint32_t i = 0; i < more->count; i++) ports_push(taken, more->at[i]);
}

static bool port_same(const struct host_port *a, const struct host_port *b)
{
    return a->ip == b->ip && a->protocol == b->protocol && a->port == b->port;
}

void host_ports_drop(struct host_ports *taken, const struct host_ports *gone)
{
    for (uint32_t i = 0; i < gone->count; i++) {
        uint32_t k = 0;
        while (k < taken->count && !port_same(&taken->at[k], &gone->at[i])) k++;
        assert(k < taken->count);
        taken->at[k] = taken->at[--taken->count];
    }
}

bool host_ports_collide(const struct host_ports *taken, const struct host_ports *wanted)
{
    for (uint32_t i = 0; i < wanted->count; i++)
        for (uint32_t k = 0; k < taken->count; k++) {
            const struct host_port *a = &wanted->at[i], *b = &taken->at[k];
            if (a->port == b->port && a->protocol == b->protocol &&
                (a->ip == b->ip || !a->ip || !b->ip))
                return true;
        }
    return false;
}

void host_ports_free(struct host_ports *p)
{
    mem_free(p->at);
    *p = (struct host_ports){0};
}
