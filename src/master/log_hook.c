#include "master/log_hook.h"

#include "base/mem.h"
#include "master/event_line.h"
#include "master/replay.h"
#include "net/http_server.h"
#include "raft/wire.h"
#include "store/store.h"

#include <raft.h>
#include <uv.h>

enum { LOG_AHEAD_BYTES = 256 * 1024, LOG_FOLLOW_MS = 100, LOG_ENTRIES_A_TURN = 64 };

struct log_hook {
    struct store *store;
    uv_loop_t *loop;
};

/* One client that reads the log. */
struct log_reading {
    uv_timer_t timer;
    struct log_hook *hook;
    struct http_exchange *x; /* NULL: the client has gone */
    struct event_filter filter;
    uint64_t index;
    bool json, follow;
    struct buf lines;
};

struct log_hook *log_hook_new(struct store *store, struct uv_loop_s *loop)
{
    struct log_hook *h = mem_new(struct log_hook);
    *h = (struct log_hook){store, loop};
    return h;
}

static int reading_event(void *ctx, const struct entry_head *head, const struct txn *txn,
                         uint64_t revision, const struct event *e)
{
    struct log_reading *r = ctx;
    if (!event_filter_wants(&r->filter, revision, e)) return 0;
    struct logged_event l = {head->time_ms, revision, txn, e};
    if (r->json)
        event_line_json(&l, &r->lines);
    else
        event_line_text(&l, &r->lines);
    buf_putc(&r->lines, '\n');
    return 0;
}

/* Reads a bounded number of committed entries into lines. 0: there may be more; E_NOTFOUND: not
 * now. */
static int reading_fill(struct log_reading *r)
{
    struct store_cursor *cursor;
    struct error err = {0};
    if (r->index > store_committed_get(r->hook->store)) return E_NOTFOUND;
    int rc = store_cursor_open(r->hook->store, r->index, &cursor, &err);
    if (rc) return rc;
    uint64_t committed = store_committed_get(r->hook->store);
    for (int n = 0; !rc && n < LOG_ENTRIES_A_TURN && r->index <= committed; n++) {
        struct record record;
        rc = store_cursor_next(cursor, &record, &err);
        if (rc) break;
        r->index = record.index + 1;
        if (record.type == RECORD_SEAT && event_filter_wants_all(&r->filter)) {
            event_line_seat(record.payload, r->json, &r->lines);
            buf_putc(&r->lines, '\n');
        }
        if (record.type == RAFT_COMMAND) rc = entry_read(record.payload, reading_event, r, &err);
    }
    store_cursor_close(cursor);
    return rc;
}

static void reading_pump(struct log_reading *r);

static void reading_timer(uv_timer_t *timer)
{
    reading_pump(container_of(timer, struct log_reading, timer));
}

static void reading_drained(struct http_exchange *x)
{
    reading_pump(http_data(x));
}

static void reading_pump(struct log_reading *r)
{
    int rc = 0;
    while (r->x && !rc && http_stream_queued(r->x) < LOG_AHEAD_BYTES) {
        rc = reading_fill(r);
        if (r->lines.len) http_stream_write(r->x, r->lines.data, r->lines.len);
        buf_clear(&r->lines);
    }
    if (!r->x || !rc) return;
    if (rc == E_NOTFOUND && r->follow)
        uv_timer_start(&r->timer, reading_timer, LOG_FOLLOW_MS, 0);
    else if (rc == E_NOTFOUND)
        http_stream_end(r->x);
    else
        http_abort(r->x); /* damage: a cut answer, never a wrong one */
}

static void reading_free(uv_handle_t *timer)
{
    struct log_reading *r = container_of((uv_timer_t *)timer, struct log_reading, timer);
    mem_free((char *)r->filter.kind);
    mem_free((char *)r->filter.name);
    mem_free((char *)r->filter.ns);
    buf_free(&r->lines);
    mem_free(r);
}

static void reading_gone(struct http_exchange *x, void *data)
{
    struct log_reading *r = data;
    (void)x;
    r->x = NULL;
    uv_timer_stop(&r->timer);
    uv_close((uv_handle_t *)&r->timer, reading_free);
}

static char *param_text(struct http_exchange *x, const char *name)
{
    struct str v = http_param(x, name);
    return v.p ? mem_strndup(v.p, v.n) : NULL;
}

static int param_moment(struct log_reading *r, const char *name, enum moment moment, uint64_t *out,
                        struct error *err)
{
    mem_auto char *text = param_text(r->x, name);
    return text && *text ? replay_moment(r->hook->store, text, moment, out, err) : 0;
}

/* Where to begin and to end; false: answered. */
static bool reading_bounds(struct log_reading *r)
{
    struct error err = {0};
    r->index = store_bounds(r->hook->store).first_index;
    int rc = param_moment(r, "since", MOMENT_BEGIN, &r->filter.since, &err);
    if (!rc) rc = param_moment(r, "until", MOMENT_END, &r->filter.until, &err);
    if (rc == E_NOTFOUND) rc = 0, r->filter.since = UINT64_MAX; /* it ends before the log begins */
    if (!rc) rc = event_filter_check(&r->filter, &err);
    if (!rc && r->filter.since)
        store_find_revision(r->hook->store, r->filter.since, &r->index, NULL);
    if (!rc) return true;
    buf_printf(&r->lines, "%s\n", err.text);
    http_reply(r->x, rc == E_INVALID ? 400 : 500, "text/plain; charset=utf-8", NULL, r->lines.data,
               r->lines.len);
    return false;
}

void log_hook_handle(void *ctx, struct http_exchange *x)
{
    struct log_hook *h = ctx;
    struct log_reading *r = mem_new(struct log_reading);
    r->hook = h;
    r->x = x;
    r->filter.kind = param_text(x, "kind");
    r->filter.name = param_text(x, "name");
    r->filter.ns = param_text(x, "namespace");
    r->json = !str_is(http_param(x, "output"), "text");
    r->follow = str_is(http_param(x, "follow"), "true");
    uv_timer_init(h->loop, &r->timer);
    http_set_data(x, r, reading_gone);
    if (!reading_bounds(r)) return;
    http_stream_begin(x, 200, r->json ? "application/x-ndjson" : "text/plain; charset=utf-8", NULL);
    http_stream_on_drain(x, reading_drained);
    reading_pump(r);
}
