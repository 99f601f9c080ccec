/* Custom objects: a definition that comes and goes, objects of it, with and against its schema,
 * owned by config maps or with finalizers, listed and compared with the log; and fields that two
 * appliers own. In some seeds only. What holds of every object is checked where it is of others
 * (check_rules.c, check_log.c); what only the answers tell, here. */
#include "web.h"

enum { OBJECTS = 5 };

#define DEFINITIONS "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
#define WIDGETS     "/apis/sim.example/v1/namespaces/default/widgets"

struct maker {
    struct web web;
    unsigned number;
    bool against, listing, applies, began, done;
    unsigned closed; /* at the end: what is let go */
    uint64_t value;  /* that it applies */
};

struct web_custom {
    struct maker makers[2];
};

static const char json[] = "application/json", merge[] = "application/merge-patch+json";

static const char definition[] =
    "{\"metadata\":{\"name\":\"widgets.sim.example\"},\"spec\":{\"group\":\"sim.example\","
    "\"scope\":\"Namespaced\",\"names\":{\"plural\":\"widgets\",\"kind\":\"Widget\"},\"versions\":"
    "[{\"name\":\"v1\",\"served\":true,\"storage\":true,\"subresources\":{\"status\":{}},"
    "\"schema\":{\"openAPIV3Schema\":{\"type\":\"object\",\"properties\":{\"spec\":{\"type\":"
    "\"object\",\"properties\":{\"size\":{\"type\":\"integer\",\"minimum\":0,\"default\":7},\"v\":"
    "{\"type\":\"string\"}}},\"status\":{\"type\":\"object\",\"properties\":{\"seen\":{\"type\":"
    "\"integer\"}}}}}}}]}}";

static void maker_next(void *arg);

/* What the schema gives, and takes. */
static void maker_check_widget(struct maker *k, struct mp doc)
{
    struct sim *s = k->web.sim;
    struct mp size = mp_path(doc, "spec.size");
    if (lie_now(s, LIE_CUSTOM_BARE)) size.type = MP_END;
    if (mp_i64(size, -1) < 0)
        sim_fail(s, "%s: a custom object has no size, or a wrong one, at revision %llu",
                 k->web.name, (unsigned long long)web_revision(doc));
    if (mp_path(doc, "spec.other").type != MP_END)
        sim_fail(s, "%s: a field outside the schema was kept", k->web.name);
}

static void maker_check_applied(struct maker *k, struct mp doc)
{
    struct sim *s = k->web.sim;
    uint64_t n = 0;
    mem_auto char *path = mem_printf("data.by%u", k->number);
    str_to_u64(mp_str(mp_path(doc, path)), &n);
    if (lie_now(s, LIE_APPLY_OTHER)) n++;
    if (n != k->value)
        sim_fail(s, "%s: applied %llu, and the answer of revision %llu has %llu", k->web.name,
                 (unsigned long long)k->value, (unsigned long long)web_revision(doc),
                 (unsigned long long)n);
    mem_auto char *gone = mem_printf("data.was%u", k->number);
    if (k->value % 2 && mp_path(doc, gone).type != MP_END)
        sim_fail(s, "%s: what it applies no more is still there", k->web.name);
}

static void maker_check_list(struct maker *k, struct mp doc)
{
    uint64_t revision = 0;
    str_to_u64(mp_str(mp_path(doc, "metadata.resourceVersion")), &revision);
    log_check_list(k->web.sim, kind_by_key(STR("widgets.sim.example")), istr_of("default"),
                   revision, mp_path(doc, "items"), k->web.name);
    k->web.sim->webs->lists_checked++;
}

static void maker_answered(void *arg, const struct web_answer *a)
{
    struct maker *k = arg;
    struct sim *s = k->web.sim;
    bool well = a->http == 200 || a->http == 201;
    struct str message = mp_str(mp_get(a->doc, "message"));
    sim_tell(s, "%s: %d %.*s", k->web.name, a->http, (int)message.n, message.n ? message.p : "");
    if (a->http == 400 || a->http == 406 || a->http == 415)
        sim_fail(s, "%s: is answered %d: %.*s", k->web.name, a->http, (int)message.n,
                 message.n ? message.p : "");
    if (k->against && (well || lie_now(s, LIE_CUSTOM_AGAINST)))
        sim_fail(s, "%s: an object against its schema was taken", k->web.name);
    if (well && k->applies) maker_check_applied(k, a->doc);
    if (well && k->listing) maker_check_list(k, a->doc);
    if (well && mp_is(mp_get(a->doc, "kind"), "Widget")) maker_check_widget(k, a->doc);
    if (!s->writing && (well || a->http == 404)) k->closed++;
    if (!a->http || a->http == 503) web_move(&k->web);
    k->against = k->listing = k->applies = false;
    sim_after(s, NULL, 1 + sim_below(s, s->writing ? 8 * s->profile.think_us : 20 * MS), maker_next,
              k);
}

static void maker_ask(struct maker *k, const char *method, const char *type, const char *body,
                      const char *format, ...) __attribute__((format(printf, 5, 6)));

static void maker_ask(struct maker *k, const char *method, const char *type, const char *body,
                      const char *format, ...)
{
    buf_auto struct buf target = BUF_INIT;
    va_list args;
    va_start(args, format);
    buf_vprintf(&target, format, args);
    va_end(args);
    sim_tell(k->web.sim, "%s %s %s at m%u", k->web.name, method, target.data, k->web.at + 1);
    web_call(&k->web, method, target.data, type, body, maker_answered, k);
}

static unsigned any(struct maker *k)
{
    return (unsigned)sim_below(k->web.sim, OBJECTS);
}

static void define(struct maker *k)
{
    if (sim_chance(k->web.sim, 150))
        maker_ask(k, "DELETE", NULL, NULL, DEFINITIONS "/widgets.sim.example");
    else
        maker_ask(k, "POST", json, definition, DEFINITIONS);
}

/* Without a size, which the schema gives it; with a field that it does not know. */
static void make_widget(struct maker *k)
{
    struct sim *s = k->web.sim;
    k->against = sim_chance(s, 150);
    mem_auto char *body = mem_printf(
        "{\"apiVersion\":\"sim.example/v1\",\"kind\":\"Widget\",\"metadata\":{\"name\":\"w%u\"%s},"
        "\"spec\":{\"v\":\"%llu\",\"other\":1%s}}",
        any(k), sim_chance(s, 250) ? ",\"finalizers\":[\"sim.example/hold\"]" : "",
        (unsigned long long)sim_below(s, 1000),
        k->against           ? ",\"size\":-1"
        : sim_chance(s, 500) ? ",\"size\":3"
                             : "");
    maker_ask(k, "POST", json, body, WIDGETS);
}

static void put_widget(struct maker *k)
{
    unsigned which = any(k);
    mem_auto char *body = mem_printf(
        "{\"apiVersion\":\"sim.example/v1\",\"kind\":\"Widget\",\"metadata\":{\"name\":\"w%u\"},"
        "\"spec\":{\"v\":\"%llu\"}}",
        which, (unsigned long long)sim_below(k->web.sim, 1000));
    maker_ask(k, "PUT", json, body, WIDGETS "/w%u", which);
}

static void patch_widget(struct maker *k)
{
    struct sim *s = k->web.sim;
    static const char *const patches[] = {"{\"metadata\":{\"finalizers\":null}}",
                                          "{\"spec\":{\"size\":null}}", "{\"spec\":{\"size\":9}}",
                                          "{\"spec\":{\"size\":-5}}"};
    unsigned which = (unsigned)sim_below(s, 4);
    k->against = which == 3;
    maker_ask(k, "PATCH", merge, patches[which], WIDGETS "/w%u", any(k));
}

static void tell_widget(struct maker *k)
{
    mem_auto char *body =
        mem_printf("{\"status\":{\"seen\":%llu}}", (unsigned long long)sim_below(k->web.sim, 1000));
    maker_ask(k, "PATCH", merge, body, WIDGETS "/w%u/status", any(k));
}

static void drop_widget(struct maker *k)
{
    static const char *const policies[] = {"Background", "Foreground", "Orphan"};
    maker_ask(k, "DELETE", NULL, NULL, WIDGETS "/w%u?propagationPolicy=%s", any(k),
              policies[sim_below(k->web.sim, 3)]);
}

static void list_widgets(struct maker *k)
{
    k->listing = true;
    maker_ask(k, "GET", NULL, NULL, WIDGETS);
}

/* Every other time one field more, which is gone the next time. */
static void apply(struct maker *k)
{
    k->applies = true;
    k->value = ++k->web.sim->next_value;
    mem_auto char *more = k->value % 2 ? mem_strdup("") : mem_printf(",\"was%u\":\"1\"", k->number);
    mem_auto char *body = mem_printf(
        "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"applied\"},"
        "\"data\":{\"by%u\":\"%llu\"%s}}",
        k->number, (unsigned long long)k->value, more);
    maker_ask(k, "PATCH", "application/apply-patch+yaml", body,
              "/api/v1/namespaces/default/configmaps/applied?fieldManager=%s%s", k->web.name,
              sim_chance(k->web.sim, 300) ? "&force=true" : "");
}

static void (*const deeds[])(struct maker *) = {
    define,      make_widget, make_widget, make_widget,  put_widget, patch_widget, patch_widget,
    tell_widget, drop_widget, drop_widget, list_widgets, apply,      apply,        apply,
};

/* At the end nothing is held any more. */
static void maker_close(struct maker *k)
{
    if (k->closed < OBJECTS)
        maker_ask(k, "PATCH", merge, "{\"metadata\":{\"finalizers\":null}}", WIDGETS "/w%u",
                  k->closed);
    else
        k->done = true;
}

static void maker_next(void *arg)
{
    struct maker *k = arg;
    struct sim *s = k->web.sim;
    if (!s->writing) {
        maker_close(k);
        return;
    }
    if (sim_chance(s, 50)) web_move(&k->web);
    if (k->began)
        deeds[sim_below(s, sizeof deeds / sizeof *deeds)](k);
    else
        define(k);
    k->began = true;
}

const char *web_custom_busy(struct sim *s)
{
    struct web_custom *c = s->webs->custom;
    return !c || (c->makers[0].done && c->makers[1].done) ? NULL : "custom objects are still held";
}

void web_custom_start(struct sim *s)
{
    if (sim_of_seed(s, "custom") % 3) return;
    struct web_custom *c = s->webs->custom = mem_new(struct web_custom);
    memset(c, 0, sizeof *c);
    for (unsigned i = 0; i < 2; i++) {
        struct maker *k = &c->makers[i];
        mem_auto char *name = mem_printf("x%u", i + 1);
        k->number = i + 1;
        web_init(&k->web, s, name);
        sim_after(s, NULL, 1 + sim_below(s, US), maker_next, k);
    }
}
