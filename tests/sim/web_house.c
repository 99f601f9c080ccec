/* A household: owners and dependents, finalizers, namespaces that come and go, pods, leases, scale.
 * What it does is chosen blindly; the rules are checked in the log (check_rules.c), and at the end
 * everything that was held is let go. */
#include "web.h"

enum { SLOTS = 6, PLACES = 3 };

struct keeper {
    struct web web;
    unsigned number;
    const char *place; /* namespace */
    char uids[SLOTS][40];
    unsigned closing, closed; /* at the end: what is let go */
    bool busy, done;
};

struct web_house {
    struct keeper *keepers;
    unsigned count;
};

static const char *const places[PLACES] = {"default", "x0", "x1"};

static void keeper_next(void *arg);

static void keeper_think(struct keeper *k)
{
    struct sim *s = k->web.sim;
    k->busy = false;
    uint64_t us = s->writing ? 20 * s->profile.think_us : 20 * MS;
    sim_after(s, NULL, 1 + sim_below(s, us), keeper_next, k);
}

static void keeper_answered(void *arg, const struct web_answer *a)
{
    struct keeper *k = arg;
    struct sim *s = k->web.sim;
    struct str name = mp_str(mp_path(a->doc, "metadata.name"));
    struct str uid = mp_str(mp_path(a->doc, "metadata.uid"));
    if (a->http == 201 && name.n == 2 && name.p[0] == 'o' && uid.n < 40)
        snprintf(k->uids[(name.p[1] - '0') % SLOTS], 40, "%.*s", (int)uid.n, uid.p);
    if (a->http == 400 || a->http == 406 || a->http == 415)
        sim_fail(s, "%s: is answered %d: %.*s", k->web.name, a->http,
                 (int)mp_str(mp_get(a->doc, "message")).n, mp_str(mp_get(a->doc, "message")).p);
    if (!s->writing && k->closing && (a->http == 200 || a->http == 404)) k->closed++;
    if (!a->http || a->http == 503) web_move(&k->web);
    keeper_think(k);
}

static void keeper_ask(struct keeper *k, const char *method, const char *type, const char *body,
                       const char *format, ...) __attribute__((format(printf, 5, 6)));

static void keeper_ask(struct keeper *k, const char *method, const char *type, const char *body,
                       const char *format, ...)
{
    buf_auto struct buf target = BUF_INIT;
    va_list args;
    va_start(args, format);
    buf_vprintf(&target, format, args);
    va_end(args);
    sim_tell(k->web.sim, "%s %s %s at m%u", k->web.name, method, target.data, k->web.at + 1);
    web_call(&k->web, method, target.data, type, body, keeper_answered, k);
}

static const char json[] = "application/json", merge[] = "application/merge-patch+json";

/* --- what it does --- */

static void make_owner(struct keeper *k)
{
    struct sim *s = k->web.sim;
    mem_auto char *body =
        mem_printf("{\"metadata\":{\"name\":\"o%llu\"%s}}", (unsigned long long)sim_below(s, SLOTS),
                   sim_chance(s, 250) ? ",\"finalizers\":[\"sim.example/hold\"]" : "");
    keeper_ask(k, "POST", json, body, "/api/v1/namespaces/%s/configmaps", k->place);
}

static void put_owner(struct buf *b, const char *name, const char *uid, bool blocks)
{
    buf_printf(b,
               "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"name\":\"%s\",\"uid\":\"%s\","
               "\"blockOwnerDeletion\":%s}",
               name, uid, blocks ? "true" : "false");
}

/* One or two owners, which may be gone already. */
static void make_dependent(struct keeper *k)
{
    struct sim *s = k->web.sim;
    unsigned first = (unsigned)sim_below(s, SLOTS), second = (unsigned)sim_below(s, SLOTS);
    buf_auto struct buf b = BUF_INIT;
    buf_printf(&b, "{\"metadata\":{\"name\":\"d%llu\",\"ownerReferences\":[",
               (unsigned long long)sim_below(s, 4 * SLOTS));
    char name[4] = {'o', (char)('0' + first)}, other[4] = {'o', (char)('0' + second)};
    if (k->uids[first][0]) put_owner(&b, name, k->uids[first], sim_chance(s, 500));
    if (k->uids[first][0] && second != first && k->uids[second][0] && sim_chance(s, 300)) {
        buf_putc(&b, ',');
        put_owner(&b, other, k->uids[second], sim_chance(s, 500));
    }
    buf_puts(&b, "]}}");
    keeper_ask(k, "POST", json, b.data, "/api/v1/namespaces/%s/configmaps", k->place);
}

static void delete_owner(struct keeper *k)
{
    static const char *const policies[] = {"Background", "Foreground", "Orphan"};
    struct sim *s = k->web.sim;
    keeper_ask(k, "DELETE", NULL, NULL,
               "/api/v1/namespaces/%s/configmaps/o%llu?propagationPolicy=%s", k->place,
               (unsigned long long)sim_below(s, SLOTS), policies[sim_below(s, 3)]);
}

/* Takes the finalizers away, or tries to add one, which may be too late. */
static void patch_finalizers(struct keeper *k)
{
    struct sim *s = k->web.sim;
    keeper_ask(k, "PATCH", merge,
               sim_chance(s, 700) ? "{\"metadata\":{\"finalizers\":null}}"
                                  : "{\"metadata\":{\"finalizers\":[\"sim.example/late\"]}}",
               "/api/v1/namespaces/%s/configmaps/o%llu", k->place,
               (unsigned long long)sim_below(s, SLOTS));
}

static void make_place(struct keeper *k)
{
    mem_auto char *body = mem_printf("{\"metadata\":{\"name\":\"%s\"}}",
                                     places[1 + sim_below(k->web.sim, PLACES - 1)]);
    keeper_ask(k, "POST", json, body, "/api/v1/namespaces");
}

static void delete_place(struct keeper *k)
{
    struct sim *s = k->web.sim;
    if (sim_chance(s, 700)) { /* seldom enough that something gathers in it */
        make_owner(k);
        return;
    }
    keeper_ask(k, "DELETE", NULL, NULL, "/api/v1/namespaces/%s",
               places[1 + sim_below(s, PLACES - 1)]);
}

static void make_pod(struct keeper *k)
{
    struct sim *s = k->web.sim;
    mem_auto char *body = mem_printf(
        "{\"metadata\":{\"name\":\"p%llu\"},\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":"
        "\"i\",\"resources\":{\"requests\":{\"cpu\":\"%llum\",\"memory\":\"%lluMi\"}}}]}}",
        (unsigned long long)sim_below(s, 3), (unsigned long long)sim_between(s, 1, 300),
        (unsigned long long)sim_between(s, 1, 900));
    keeper_ask(k, "POST", json, body, "/api/v1/namespaces/%s/pods", k->place);
}

static void delete_pod(struct keeper *k)
{
    struct sim *s = k->web.sim;
    keeper_ask(k, "DELETE", NULL, NULL, "/api/v1/namespaces/%s/pods/p%llu%s", k->place,
               (unsigned long long)sim_below(s, 3),
               sim_chance(s, 200) ? "?gracePeriodSeconds=1" : "");
}

static void renew_lease(struct keeper *k)
{
    mem_auto char *body =
        mem_printf("{\"metadata\":{\"name\":\"lease\"},\"spec\":{\"holderIdentity\":\"%s-%llu\"}}",
                   k->web.name, (unsigned long long)++k->web.sim->next_value);
    keeper_ask(k, "PUT", json, body, "/apis/coordination.k8s.io/v1/namespaces/%s/leases/lease",
               k->place);
}

static void scale_set(struct keeper *k)
{
    struct sim *s = k->web.sim;
    mem_auto char *body =
        mem_printf("{\"spec\":{\"replicas\":%llu}}",
                   (unsigned long long)sim_below(s, 1 + s->node_count * 3 / s->set_count));
    keeper_ask(k, "PATCH", merge, body, "/apis/apps/v1/namespaces/default/replicasets/a%llu/scale",
               (unsigned long long)sim_below(s, s->set_count));
}

/* Enough bytes that a slow watcher's buffers fill up. */
static void write_fat(struct keeper *k)
{
    enum { FAT = 60000 };
    struct sim *s = k->web.sim;
    if (!sim_chance(s, 200)) {
        renew_lease(k);
        return;
    }
    mem_auto char *text = mem_alloc(FAT + 1);
    memset(text, 'a' + (int)sim_below(s, 26), FAT);
    text[FAT] = 0;
    mem_auto char *body =
        mem_printf("{\"metadata\":{\"name\":\"fat\"},\"data\":{\"x\":\"%s\"}}", text);
    bool make = sim_chance(s, 200);
    keeper_ask(k, make ? "POST" : "PUT", json, body, "/api/v1/namespaces/default/configmaps%s",
               make ? "" : "/fat");
}

static void sweep_dependents(struct keeper *k)
{
    if (sim_chance(k->web.sim, 900)) {
        make_dependent(k);
        return;
    }
    keeper_ask(k, "DELETE", NULL, NULL,
               "/api/v1/namespaces/%s/configmaps?fieldSelector=metadata.name%%3Dd1", k->place);
}

static void (*const deeds[])(struct keeper *) = {
    make_owner,  make_owner,   make_dependent,   make_dependent,   make_dependent, delete_owner,
    make_place,  delete_place, patch_finalizers, patch_finalizers, make_pod,       delete_pod,
    renew_lease, scale_set,    write_fat,        sweep_dependents,
};

/* --- the end --- */

/* Everything that it may hold anywhere, one after the other, until each was answered. */
static void keeper_close(struct keeper *k)
{
    if (k->closed >= SLOTS * PLACES) {
        k->done = true;
        return;
    }
    k->closing = 1;
    k->busy = true;
    keeper_ask(k, "PATCH", merge, "{\"metadata\":{\"finalizers\":null}}",
               "/api/v1/namespaces/%s/configmaps/o%u", places[k->closed / SLOTS],
               k->closed % SLOTS);
}

static void keeper_next(void *arg)
{
    struct keeper *k = arg;
    struct sim *s = k->web.sim;
    if (!s->writing) {
        keeper_close(k);
        return;
    }
    k->busy = true;
    k->place = places[sim_below(s, PLACES)];
    if (sim_chance(s, 50)) web_move(&k->web);
    deeds[sim_below(s, sizeof deeds / sizeof *deeds)](k);
}

const char *web_house_busy(struct sim *s)
{
    struct web_house *h = s->webs->house;
    for (unsigned i = 0; i < h->count; i++)
        if (!h->keepers[i].done) return "a keeper has not let go of everything";
    return NULL;
}

void web_house_start(struct sim *s)
{
    struct web_house *h = s->webs->house = mem_new(struct web_house);
    h->count = (unsigned)sim_between(s, 1, 3);
    h->keepers = mem_zalloc(h->count * sizeof *h->keepers);
    for (unsigned i = 0; i < h->count; i++) {
        struct keeper *k = &h->keepers[i];
        mem_auto char *name = mem_printf("o%u", i + 1);
        web_init(&k->web, s, name);
        k->number = i;
        keeper_think(k);
    }
}
