/* An estate: two namespaces with quotas, ranges of limits and pods that fill them, and classes of
 * priority, all of which come, change and go. In some seeds only. What must hold is looked at in
 * the log (check_quota.c); at the end the pods are let go, so that the others have room. */
#include "web.h"

enum { PODS = 4, LEASES = 5, PLACES = 2, CLASSES = 2, WAYS = 2 };

struct steward {
    struct web web;
    const char *place;
    unsigned step;   /* of its beginning */
    unsigned closed; /* at the end: what is let go */
    bool done;
};

struct web_estate {
    struct steward steward[2];
};

static const char *const places[PLACES] = {"q0", "q1"};
static const char *const classes[CLASSES] = {"low", "high"};
static const char json[] = "application/json", merge[] = "application/merge-patch+json";

static void steward_next(void *arg);

static void steward_answered(void *arg, const struct web_answer *a)
{
    struct steward *w = arg;
    struct sim *s = w->web.sim;
    struct str message = mp_str(mp_get(a->doc, "message"));
    sim_tell(s, "%s: %d %.*s", w->web.name, a->http, (int)message.n, message.n ? message.p : "");
    if (a->http == 400 || a->http == 406 || a->http == 415)
        sim_fail(s, "%s: is answered %d: %.*s", w->web.name, a->http, (int)message.n,
                 message.n ? message.p : "");
    if (!s->writing && (a->http == 200 || a->http == 404)) w->closed++;
    if (!a->http || a->http == 503) web_move(&w->web);
    uint64_t us = s->writing ? 8 * s->profile.think_us : 20 * MS;
    sim_after(s, NULL, 1 + sim_below(s, us), steward_next, w);
}

static void steward_ask(struct steward *w, const char *method, const char *type, const char *body,
                        const char *format, ...) __attribute__((format(printf, 5, 6)));

static void steward_ask(struct steward *w, const char *method, const char *type, const char *body,
                        const char *format, ...)
{
    buf_auto struct buf target = BUF_INIT;
    va_list args;
    va_start(args, format);
    buf_vprintf(&target, format, args);
    va_end(args);
    sim_tell(w->web.sim, "%s %s %s at m%u", w->web.name, method, target.data, w->web.at + 1);
    web_call(&w->web, method, target.data, type, body, steward_answered, w);
}

static void make_place(struct steward *w)
{
    mem_auto char *body = mem_printf("{\"metadata\":{\"name\":\"%s\"}}", w->place);
    steward_ask(w, "POST", json, body, "/api/v1/namespaces");
}

/* A new one, or other limits for what there is: also lower ones than what is used. */
static void set_quota(struct steward *w)
{
    struct sim *s = w->web.sim;
    bool make = sim_chance(s, 500);
    mem_auto char *body = mem_printf(
        "{\"metadata\":{\"name\":\"quota\"},\"spec\":{\"hard\":{\"pods\":\"%llu\",\"requests.cpu\":"
        "\"%llum\",\"limits.cpu\":\"%llum\",\"count/leases.coordination.k8s.io\":\"%llu\"}}}",
        (unsigned long long)sim_below(s, PODS + 1), (unsigned long long)sim_between(s, 50, 900),
        (unsigned long long)sim_between(s, 100, 1500),
        (unsigned long long)sim_below(s, LEASES + 1));
    steward_ask(w, make ? "POST" : "PATCH", make ? json : merge, body,
                "/api/v1/namespaces/%s/resourcequotas%s", w->place, make ? "" : "/quota");
}

static void set_limits(struct steward *w)
{
    struct sim *s = w->web.sim;
    bool make = sim_chance(s, 500);
    mem_auto char *body = mem_printf(
        "{\"metadata\":{\"name\":\"limits\"},\"spec\":{\"limits\":[{\"type\":\"Container\","
        "\"max\":{\"cpu\":\"400m\"},\"min\":{\"cpu\":\"10m\"},\"default\":{\"cpu\":\"%llum\"},"
        "\"defaultRequest\":{\"cpu\":\"%llum\"}}]}}",
        (unsigned long long)sim_between(s, 100, 400), (unsigned long long)sim_between(s, 10, 100));
    steward_ask(w, make ? "POST" : "PATCH", make ? json : merge, body,
                "/api/v1/namespaces/%s/limitranges%s", w->place, make ? "" : "/limits");
}

static void drop_rule(struct steward *w)
{
    bool quota = sim_chance(w->web.sim, 500);
    steward_ask(w, "DELETE", NULL, NULL, "/api/v1/namespaces/%s/%s", w->place,
                quota ? "resourcequotas/quota" : "limitranges/limits");
}

static void set_class(struct steward *w)
{
    struct sim *s = w->web.sim;
    unsigned which = (unsigned)sim_below(s, CLASSES);
    if (sim_chance(s, 200)) {
        steward_ask(w, "DELETE", NULL, NULL, "/apis/scheduling.k8s.io/v1/priorityclasses/%s",
                    classes[which]);
        return;
    }
    mem_auto char *body = mem_printf("{\"metadata\":{\"name\":\"%s\"},\"value\":%llu}",
                                     classes[which], (unsigned long long)sim_between(s, 1, 1000));
    steward_ask(w, "POST", json, body, "/apis/scheduling.k8s.io/v1/priorityclasses");
}

static void put_cpu(struct buf *b, const char *which, uint64_t milli)
{
    buf_printf(b, "%s\"%s\":{\"cpu\":\"%llum\"}", b->len ? "," : "", which,
               (unsigned long long)milli);
}

static void make_pod(struct steward *w)
{
    struct sim *s = w->web.sim;
    buf_auto struct buf cpu = BUF_INIT;
    buf_puts(&cpu, "");
    if (sim_chance(s, 500)) put_cpu(&cpu, "requests", sim_between(s, 5, 300));
    if (sim_chance(s, 500)) put_cpu(&cpu, "limits", sim_between(s, 5, 500));
    mem_auto char *class = sim_chance(s, 300) ? mem_printf(",\"priorityClassName\":\"%s\"",
                                                           classes[sim_below(s, CLASSES)])
                                              : mem_strdup("");
    mem_auto char *body =
        mem_printf("{\"metadata\":{\"name\":\"e%llu\"%s},\"spec\":{\"containers\":[{\"name\":\"c\","
                   "\"image\":\"i\",\"resources\":{%s}}]%s}}",
                   (unsigned long long)sim_below(s, PODS),
                   sim_chance(s, 200) ? ",\"finalizers\":[\"sim.example/hold\"]" : "",
                   cpu.len ? cpu.data : "", class);
    steward_ask(w, "POST", json, body, "/api/v1/namespaces/%s/pods", w->place);
}

static void drop_pod(struct steward *w)
{
    struct sim *s = w->web.sim;
    unsigned long long pod = sim_below(s, PODS);
    if (sim_chance(s, 300))
        steward_ask(w, "PATCH", merge, "{\"metadata\":{\"finalizers\":null}}",
                    "/api/v1/namespaces/%s/pods/e%llu", w->place, pod);
    else
        steward_ask(w, "DELETE", NULL, NULL, "/api/v1/namespaces/%s/pods/e%llu", w->place, pod);
}

static void make_lease(struct steward *w)
{
    mem_auto char *body = mem_printf("{\"metadata\":{\"name\":\"l%llu\"},\"spec\":{}}",
                                     (unsigned long long)sim_below(w->web.sim, LEASES));
    steward_ask(w, "POST", json, body, "/apis/coordination.k8s.io/v1/namespaces/%s/leases",
                w->place);
}

static void drop_lease(struct steward *w)
{
    steward_ask(w, "DELETE", NULL, NULL, "/apis/coordination.k8s.io/v1/namespaces/%s/leases/l%llu",
                w->place, (unsigned long long)sim_below(w->web.sim, LEASES));
}

static void (*const first[])(struct steward *) = {make_place, set_quota, set_limits, set_class};
static void (*const deeds[])(struct steward *) = {
    make_place, set_quota, set_limits, drop_rule, set_class,  make_pod,   make_pod,   make_pod,
    make_pod,   make_pod,  drop_pod,   drop_pod,  make_lease, make_lease, make_lease, drop_lease,
};

/* One pod after the other: nothing holds it, and it goes. */
static void steward_close(struct steward *w)
{
    unsigned pod = w->closed / WAYS % PODS, place = w->closed / WAYS / PODS;
    if (place >= PLACES)
        w->done = true;
    else if (w->closed % WAYS == 0)
        steward_ask(w, "PATCH", merge, "{\"metadata\":{\"finalizers\":null}}",
                    "/api/v1/namespaces/%s/pods/e%u", places[place], pod);
    else
        steward_ask(w, "DELETE", NULL, NULL, "/api/v1/namespaces/%s/pods/e%u", places[place], pod);
}

static void steward_next(void *arg)
{
    struct steward *w = arg;
    struct sim *s = w->web.sim;
    if (!s->writing) {
        steward_close(w);
        return;
    }
    w->place = places[sim_below(s, PLACES)];
    if (sim_chance(s, 50)) web_move(&w->web);
    unsigned step = w->step++;
    if (step < PLACES * sizeof first / sizeof *first) {
        w->place = places[step % PLACES];
        first[step / PLACES](w);
    } else {
        deeds[sim_below(s, sizeof deeds / sizeof *deeds)](w);
    }
}

const char *web_estate_busy(struct sim *s)
{
    struct web_estate *e = s->webs->estate;
    return !e || (e->steward[0].done && e->steward[1].done)
               ? NULL
               : "a steward has not let go of all pods";
}

void web_estate_start(struct sim *s)
{
    if (sim_of_seed(s, "estate") % 3) return;
    struct web_estate *e = s->webs->estate = mem_new(struct web_estate);
    memset(e, 0, sizeof *e);
    for (unsigned i = 0; i < 2; i++) {
        mem_auto char *name = mem_printf("e%u", i + 1);
        web_init(&e->steward[i].web, s, name);
        sim_after(s, NULL, 1 + sim_below(s, US), steward_next, &e->steward[i]);
    }
}
