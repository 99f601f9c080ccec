/* Calls of the simulated clients and their answers. */
#include "web.h"

#include "proto/json.h"

struct exchange {
    struct sim *sim;
    void (*then)(void *arg, const struct web_answer *a);
    void *arg;
    int http;
    struct buf body;
};

static void exchange_status(struct http_call *c, int status, struct str type)
{
    (void)type;
    struct exchange *e = http_call_data(c);
    e->http = status;
}

static void exchange_body(struct http_call *c, const void *bytes, size_t n)
{
    struct exchange *e = http_call_data(c);
    buf_append(&e->body, bytes, n);
}

static void exchange_done(struct http_call *c, const struct error *err)
{
    struct exchange *e = http_call_data(c);
    struct web_answer a = {.http = err->code ? 0 : e->http, .bytes = e->body.len};
    buf_auto struct buf doc = BUF_INIT;
    struct error bad = {0};
    if (a.http && json_parse(e->body.data, e->body.len, &doc, &bad))
        sim_fail(e->sim, "an answer (%d) is not JSON: %s: %.*s", a.http, bad.text,
                 (int)(e->body.len < 300 ? e->body.len : 300), e->body.data);
    if (a.http) {
        a.doc = mp_read(doc.data, doc.len);
        e->sim->webs->answers++;
        sim_mix(e->sim, "answer", e->body.data, e->body.len);
    }
    e->then(e->arg, &a);
    buf_free(&e->body);
    mem_free(e);
}

void web_kick(struct sim *s)
{
    vloop_kick(&s->webs->loop);
}

void web_init(struct web *w, struct sim *s, const char *name)
{
    *w = (struct web){.sim = s, .patience_ms = 25000};
    snprintf(w->name, sizeof w->name, "%s", name);
    s->webs->most_clients++;
}

void web_move(struct web *w)
{
    struct sim *s = w->sim;
    if (w->client) http_client_close(w->client);
    w->at = (unsigned)sim_below(s, s->master_count);
    mem_auto char *address = mem_printf("10.0.0.%u:%d", w->at + 1, VNET_PORT);
    w->client = http_client_new(&s->webs->loop.uv, address, NULL);
    web_kick(s);
}

void web_call(struct web *w, const char *method, const char *target, const char *type,
              const char *body, void (*then)(void *arg, const struct web_answer *a), void *arg)
{
    static const struct http_call_events events = {exchange_status, exchange_body, exchange_done};
    struct exchange *e = mem_new(struct exchange);
    *e = (struct exchange){.sim = w->sim, .then = then, .arg = arg};
    if (!w->client) web_move(w);
    mem_auto char *headers = type ? mem_printf("Content-Type: %s\r\n", type) : NULL;
    w->sim->webs->calls++;
    http_call(w->client, method, target, headers, body, body ? strlen(body) : 0, w->patience_ms,
              &events, e);
    web_kick(w->sim);
}

struct http_call *web_stream(struct web *w, const char *target,
                             const struct http_call_events *events, void *arg)
{
    if (!w->client) web_move(w);
    w->sim->webs->calls++;
    struct http_call *c =
        http_call(w->client, "GET", target, NULL, NULL, 0, w->patience_ms, events, arg);
    web_kick(w->sim);
    return c;
}

struct mp web_field(struct mp object, const char *dotted)
{
    return mp_path(object, dotted);
}

uint64_t web_revision(struct mp object)
{
    uint64_t revision = 0;
    str_to_u64(mp_str(mp_path(object, "metadata.resourceVersion")), &revision);
    return revision;
}

void webs_start(struct sim *s)
{
    s->webs = mem_new(struct webs);
    vloop_init(&s->webs->loop, s, NULL, 200);
    web_keys_start(s);
    web_lists_start(s);
    web_watches_start(s);
    web_house_start(s);
    web_jobs_start(s);
    web_estate_start(s);
    web_custom_start(s);
}

void webs_tell(struct sim *s)
{
    const struct webs *w = s->webs;
    if (!w) return;
    sim_tell(s,
             "the API: %llu calls, %llu answers, %llu connections, %llu resets; %llu lists in %llu "
             "pages, %llu events and %llu bookmarks of watches, %llu expired",
             (unsigned long long)w->calls, (unsigned long long)w->answers,
             (unsigned long long)s->vnet->connections, (unsigned long long)s->vnet->resets,
             (unsigned long long)w->lists_checked, (unsigned long long)w->pages,
             (unsigned long long)w->watch_events, (unsigned long long)w->bookmarks,
             (unsigned long long)w->expired);
}

const char *webs_busy(struct sim *s)
{
    const char *why = web_house_busy(s);
    if (!why) why = web_estate_busy(s);
    if (!why) why = web_custom_busy(s);
    return why;
}

const char *webs_unfinished(struct sim *s)
{
    if (!s->webs) return NULL;
    const char *why = webs_busy(s);
    return why ? why : web_watches_behind(s);
}
