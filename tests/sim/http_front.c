/* The front door of each master: the real API instance over virtual TCP. */
#include "vnet.h"

#include "api/api.h"

struct front {
    struct vloop loop;
    struct api *api;
};

static const unsigned char front_key[API_SEAL_KEY_BYTES] = "the same for all masters of all";

struct vloop *front_loop(struct life *l)
{
    return l->front ? &l->front->loop : NULL;
}

struct api *front_api(struct life *l)
{
    return l->front ? l->front->api : NULL;
}

void front_open(struct life *l)
{
    struct sim *s = l->m->sim;
    struct front *f = mem_new(struct front);
    struct error err = {0};
    vloop_init(&f->loop, s, l, l->m->position + 1);
    l->front = f;
    mem_auto char *address = mem_printf("10.0.0.%u:%d", l->m->position + 1, VNET_PORT);
    struct api_options options = {.loop = &f->loop.uv,
                                  .home = &l->home,
                                  .gate = &l->core.gate.gate,
                                  .address = mem_strdup(address),
                                  .cluster = "11111111-2222-4333-8444-555555555555",
                                  .master = l->m->name,
                                  .seal_key = front_key};
    if (api_start(&f->api, &options, &err))
        sim_fail(s, "the API of %s cannot start: %s", l->m->name, err.text);
}

void front_turn(struct life *l)
{
    if (l->front) vloop_after(&l->front->loop);
}

void front_lost(struct life *l)
{
    if (l->front) vnet_ends(&l->front->loop);
}
