#include "master/masters_hook.h"

#include "base/mem.h"
#include "base/trace.h"
#include "master/core.h"
#include "net/http_server.h"
#include "net/tls.h"
#include "proto/json.h"

#include <stdio.h>

struct masters_hook {
    struct core *core;
    struct inbox *home;
};

/* One request: to the core's thread, and home again. */
struct masters_ask {
    struct note note;
    struct masters_hook *hook;
    struct http_exchange *x; /* NULL: the client has gone */
    uint64_t lost, holder;   /* lost 0: only who there is */
    bool votes;
    int status;
    struct error err;
    char leader[32], names[256];
};

struct masters_hook *masters_hook_new(struct core *core, struct inbox *home)
{
    struct masters_hook *h = mem_new(struct masters_hook);
    *h = (struct masters_hook){core, home};
    return h;
}

static int masters_http(int status)
{
    switch (status) {
    case 0:
    case E_EXISTS:
        return 200;
    case E_INVALID:
        return 400;
    case E_NOTFOUND:
        return 404;
    case E_CONFLICT:
        return 409;
    default:
        return 503;
    }
}

static void masters_reply(struct http_exchange *x, int http, const char *key, const char *text)
{
    buf_auto struct buf json = BUF_INIT;
    buf_printf(&json, "{\"%s\":", key);
    json_write_str(str_of(text), &json);
    buf_puts(&json, "}\n");
    http_reply(x, http, "application/json", NULL, json.data, json.len);
}

static void masters_put_names(const struct masters_ask *a, struct buf *json)
{
    buf_printf(json, "{\"leader\":\"%s\",\"votes\":%s,\"masters\":[%s]", a->leader,
               a->votes ? "true" : "false", a->names);
}

static void masters_home(struct note *n)
{
    struct masters_ask *a = container_of(n, struct masters_ask, note);
    buf_auto struct buf json = BUF_INIT;
    int http = masters_http(a->status);
    masters_put_names(a, &json);
    if (http != 200) {
        buf_puts(&json, ",\"message\":");
        json_write_str(str_of(a->err.text), &json);
    } else if (a->lost) {
        buf_printf(&json, ",\"replaced\":\"m%llu\",\"by\":\"m%llu\",\"id\":%llu",
                   (unsigned long long)a->lost, (unsigned long long)a->holder,
                   (unsigned long long)a->holder);
    }
    buf_puts(&json, "}\n");
    if (a->x) {
        http_set_data(a->x, NULL, NULL);
        http_reply(a->x, http, "application/json", NULL, json.data, json.len);
    }
    mem_free(a);
}

static void masters_answer(struct masters_ask *a, int status)
{
    struct core *core = a->hook->core;
    struct quorum_status q = quorum_status(core->quorum);
    size_t at = 0;
    a->status = status;
    a->votes = quorum_votes(core->quorum);
    snprintf(a->leader, sizeof a->leader, "%s", master_name_of(core, q.leader_id));
    for (unsigned i = 1; i <= core->options.server_count; i++)
        at += (size_t)snprintf(a->names + at, sizeof a->names - at, "%s\"%s\"", i > 1 ? "," : "",
                               master_name_of(core, i));
    a->note.run = masters_home;
    inbox_post(a->hook->home, &a->note);
}

static void masters_given(void *arg, int status, uint64_t index)
{
    struct masters_ask *a = arg;
    (void)index;
    if (status)
        error_set(&a->err, status,
                  "the outcome is not known, the leader may have changed: ask again");
    else
        trace_info("core", "m%llu is replaced by m%llu", (unsigned long long)a->lost,
                   (unsigned long long)a->holder);
    masters_answer(a, status);
}

static void masters_on_core(struct note *n)
{
    struct masters_ask *a = container_of(n, struct masters_ask, note);
    struct core *core = a->hook->core;
    if (!a->lost) {
        masters_answer(a, 0);
        return;
    }
    int rc = quorum_replace(core->quorum, a->lost, core->host->wall_ms(core->host), &a->holder,
                            masters_given, a, &a->err);
    if (rc) masters_answer(a, rc);
}

static void masters_gone(struct http_exchange *x, void *data)
{
    (void)x;
    ((struct masters_ask *)data)->x = NULL;
}

static bool masters_is_admin(const struct http_exchange *x)
{
    const struct tls_peer *peer = http_peer(x);
    for (unsigned i = 0; peer && i < peer->organization_count; i++)
        if (strcmp(peer->organizations[i], "system:masters") == 0) return true;
    return false;
}

void masters_hook_handle(void *ctx, struct http_exchange *x)
{
    struct str name = http_param(x, "replace");
    bool post = str_is(http_method(x), "POST");
    uint64_t lost = 0;
    if (!masters_is_admin(x)) {
        masters_reply(x, 403, "message", "this is for certificates of system:masters");
        return;
    }
    if (!post && !str_is(http_method(x), "GET")) {
        masters_reply(x, 405, "message", "GET, or POST ?replace=NAME");
        return;
    }
    if (name.n && *name.p == 'm') name.p++, name.n--;
    if (post && (!str_to_u64(name, &lost) || !lost)) {
        masters_reply(x, 400, "message", "?replace= must name a master, as m2");
        return;
    }
    struct masters_ask *a = mem_new(struct masters_ask);
    *a = (struct masters_ask){.note.run = masters_on_core, .hook = ctx, .x = x, .lost = lost};
    http_set_data(x, a, masters_gone);
    inbox_post(a->hook->core->inbox, &a->note);
}
