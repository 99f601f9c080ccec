/* Paths about the server itself. */
#include "api/inner.h"

#include "base/mem.h"
#include "proto/json.h"

#include <inttypes.h>

#ifndef LOGSHIP_COMMIT
#define LOGSHIP_COMMIT "0000000000000000000000000000000000000000"
#endif
#ifdef __x86_64__
#define PLATFORM "linux/amd64"
#else
#define PLATFORM "linux/arm64"
#endif

void health_version(struct request *r)
{
    static const char version[] =
        "{\"major\":\"1\",\"minor\":\"20+\",\"gitVersion\":\"v1.20.2+logship.0.1.0\","
        "\"gitCommit\":\"" LOGSHIP_COMMIT "\",\"gitTreeState\":\"clean\","
        "\"buildDate\":\"2026-11-23T00:00:00Z\",\"goVersion\":\"go1.15.5\","
        "\"compiler\":\"gc\",\"platform\":\"" PLATFORM "\"}";
    http_reply(r->x, 200, "application/json", NULL, version, sizeof version - 1);
}

struct health_check {
    const char *name;
    const char *failure; /* NULL: it is fine */
};

/* "ok"; or every check, where the client wants to know (?verbose) or one has failed. */
static void health_tell(struct request *r, const struct health_check *checks, unsigned count)
{
    bool failed = false;
    buf_auto struct buf text = BUF_INIT;
    for (unsigned i = 0; i < count; i++) {
        const struct health_check *c = &checks[i];
        if (c->failure)
            buf_printf(&text, "[-]%s failed: %s\n", c->name, c->failure);
        else
            buf_printf(&text, "[+]%s ok\n", c->name);
        failed = failed || c->failure;
    }
    struct str path = http_path(r->x); /* "/readyz" */
    buf_printf(&text, "%.*s check %s\n", (int)path.n - 1, path.p + 1, failed ? "failed" : "passed");
    bool all = failed || http_param(r->x, "verbose").p;
    reply_text(r, failed ? 500 : 200, all ? text.data : "ok");
}

void health_live(struct request *r)
{
    health_tell(r, (struct health_check[]){{"ping", NULL}}, 1);
}

/* Ready: a quorum answers, and what every cluster begins with is there: who is told so may go on
 * and make a pod. */
struct readiness {
    struct ask ask;
    struct request *request;
    bool begun;
};

static void health_asked(struct ask *a, int status)
{
    struct readiness *h = container_of(a, struct readiness, ask);
    struct request *r = h->request;
    const struct health_check checks[] = {
        {"ping", NULL},
        {"quorum", status ? "no leader confirms reads" : NULL},
        {"bootstrap", status || h->begun ? NULL : "the first objects are being made"},
    };
    if (r->x) health_tell(r, checks, status ? 2 : 3);
    mem_free(h);
    request_unref(r);
}

static void health_on_core(struct ask *a, struct system *s)
{
    struct readiness *h = container_of(a, struct readiness, ask);
    struct str name = STR("default");
    h->begun = world_get(system_world(s), kind_namespace, NULL, name) &&
               world_get(system_world(s), kind_serviceaccount, istr_get(name), name);
}

void health_ready(struct request *r)
{
    struct readiness *h = mem_new(struct readiness);
    h->request = request_ref(r);
    h->ask = (struct ask){.home = r->api->options.home,
                          .freshness = FRESH_LINEARIZABLE,
                          .on_core = health_on_core,
                          .done = health_asked};
    gate_ask(r->api->options.gate, &h->ask);
}

static void digest_answer(struct request *r, struct fetch *f)
{
    char hex[DIGEST_HEX];
    buf_auto struct buf json = BUF_INIT;
    digest_hex(&f->facts.digest, hex);
    buf_printf(&json, "{\"revision\":%" PRIu64 ",\"digest\":\"%s\"}", f->facts.revision, hex);
    reply_json(r, 200, &json);
}

void logship_digest(struct request *r)
{
    fetch_start(r, NULL, (struct str){0}, (struct str){0}, FRESH_LINEARIZABLE, digest_answer);
}

static void status_text(struct buf *json, const char *key, const char *value)
{
    buf_printf(json, ",\"%s\":", key);
    json_write_str(str_of(value ? value : ""), json);
}

static void status_scrub(struct buf *json, const struct gate_scrub *s)
{
    buf_printf(json,
               ",\"scrub\":{\"rounds\":%" PRIu64 ",\"segments\":%" PRIu64 ",\"keyframes\":%" PRIu64
               ",\"damaged\":%u,\"findings\":[",
               s->rounds, s->segments, s->keyframes, s->damaged);
    for (unsigned i = 0; i < s->damaged && i < GATE_SCRUB_FINDINGS; i++) {
        if (i) buf_putc(json, ',');
        json_write_str(str_of(s->text[i]), json);
    }
    buf_printf(json, "]}");
}

static void status_answer(struct request *r, struct fetch *f)
{
    const struct gate_status *s = &f->facts;
    char hex[DIGEST_HEX];
    buf_auto struct buf json = BUF_INIT;
    digest_hex(&s->digest, hex);
    buf_printf(&json, "{\"revision\":%" PRIu64 ",\"term\":%" PRIu64, s->revision, s->term);
    status_text(&json, "leader", s->leader);
    status_text(&json, "self", s->self[0] ? s->self : r->api->options.master);
    status_text(&json, "role", s->role);
    status_text(&json, "cluster", r->api->options.cluster);
    status_text(&json, "digest", hex);
    buf_printf(&json,
               ",\"appliedIndex\":%" PRIu64 ",\"commitIndex\":%" PRIu64
               ",\"keyframeIndex\":%" PRIu64 ",\"leads\":%s,\"lowSpace\":%s",
               s->applied_index, s->commit_index, s->keyframe_index, s->leads ? "true" : "false",
               s->low_space ? "true" : "false");
    status_scrub(&json, &s->scrub);
    buf_putc(&json, '}');
    reply_json(r, 200, &json);
}

/* Any master answers for itself, also without a leader. */
void logship_status(struct request *r)
{
    fetch_start(r, NULL, (struct str){0}, (struct str){0}, FRESH_ANY, status_answer);
}
