/* logship log: the events, one a line. */
#include "cli/cli.h"

#include "cli/log_server.h"
#include "cli/store_pick.h"
#include "master/event_line.h"
#include "master/replay.h"
#include "raft/wire.h"

#include <raft.h>
#include <stdio.h>
#include <time.h>

static const char about[] =
    "Prints the events of the log, one a line: revision, time, who, what happened, to which "
    "object, and\n"
    "after '<-' the revision that caused it. Reads a cluster's or a master's directory (running or "
    "not),\n"
    "or asks a master (--server, with the kubeconfig's certificates taken from --dir).";

struct log_words {
    const char *dir, *master, *server, *since, *until, *kind, *name, *ns, *output;
    unsigned long long last;
    bool follow;
};

struct log_reader {
    struct event_filter filter;
    bool json;
    struct buf line;
    uint64_t shown, skip; /* --last: events to pass over first */
};

static int log_print(void *ctx, const struct entry_head *head, const struct txn *txn,
                     uint64_t revision, const struct event *e)
{
    struct log_reader *r = ctx;
    if (!event_filter_wants(&r->filter, revision, e)) return 0;
    if (r->skip) {
        r->skip--;
        return 0;
    }
    struct logged_event l = {head->time_ms, revision, txn, e};
    buf_clear(&r->line);
    if (r->json)
        event_line_json(&l, &r->line);
    else
        event_line_text(&l, &r->line);
    buf_putc(&r->line, '\n');
    fwrite(r->line.data, 1, r->line.len, stdout);
    r->shown++;
    return 0;
}

static int log_count(void *ctx, const struct entry_head *head, const struct txn *txn,
                     uint64_t revision, const struct event *e)
{
    struct log_reader *r = ctx;
    (void)head;
    (void)txn;
    if (event_filter_wants(&r->filter, revision, e)) r->shown++;
    return 0;
}

/* A master was replaced: no event of an object, and counted like one. */
static void log_seat(struct log_reader *r, entry_event_fn *fn, const struct record *record)
{
    if (!event_filter_wants_all(&r->filter)) return;
    if (fn == log_count || r->skip) {
        fn == log_count ? r->shown++ : r->skip--;
        return;
    }
    buf_clear(&r->line);
    event_line_seat(record->payload, r->json, &r->line);
    buf_putc(&r->line, '\n');
    fwrite(r->line.data, 1, r->line.len, stdout);
    r->shown++;
}

/* Reads what is there from `index` on; 0 at the end of what is committed. */
static int log_read(struct store *s, struct store_cursor *cursor, entry_event_fn *fn,
                    struct log_reader *r, struct error *err)
{
    struct record record;
    int rc;
    while ((rc = store_cursor_next(cursor, &record, err)) == 0) {
        if (record.index > store_committed_get(s)) return E_BUSY;
        if (record.type == RECORD_SEAT) log_seat(r, fn, &record);
        if (record.type != RAFT_COMMAND) continue;
        if (r->filter.until && record.first_revision > r->filter.until) return 0;
        rc = entry_read(record.payload, fn, r, err);
        if (rc) return error_wrap(err, rc, "entry %llu", (unsigned long long)record.index);
    }
    return rc == E_NOTFOUND ? 0 : rc;
}

static int log_start(struct store *s, const struct log_words *w, struct log_reader *r,
                     uint64_t *index, struct error *err)
{
    int rc = 0;
    if (w->since) rc = replay_moment(s, w->since, MOMENT_BEGIN, &r->filter.since, err);
    if (!rc && w->until) rc = replay_moment(s, w->until, MOMENT_END, &r->filter.until, err);
    if (rc == E_NOTFOUND) rc = 0, r->filter.since = UINT64_MAX; /* it ends before the log begins */
    *index = store_bounds(s).first_index;
    if (!rc && r->filter.since) rc = store_find_revision(s, r->filter.since, index, err);
    if (rc == E_NOTFOUND) rc = 0, *index = store_bounds(s).last_index + 1;
    return rc;
}

static int log_pass(struct store *s, uint64_t index, entry_event_fn *fn, struct log_reader *r,
                    struct error *err)
{
    struct store_cursor *cursor;
    int rc = store_cursor_open(s, index, &cursor, err);
    if (rc) return rc == E_NOTFOUND ? 0 : rc;
    rc = log_read(s, cursor, fn, r, err);
    store_cursor_close(cursor);
    return rc == E_BUSY ? 0 : rc;
}

/* Follows by opening again behind what was shown: the log grows, segments roll, the reader keeps
 * nothing. */
static int log_follow(struct store *s, uint64_t index, struct log_reader *r, struct error *err)
{
    for (;;) {
        struct record record;
        struct store_cursor *cursor;
        int rc = store_cursor_open(s, index, &cursor, err);
        while (!rc && index <= store_committed_get(s) &&
               (rc = store_cursor_next(cursor, &record, err)) == 0) {
            if (record.type == RECORD_SEAT) log_seat(r, log_print, &record);
            if (record.type == RAFT_COMMAND) rc = entry_read(record.payload, log_print, r, err);
            index = record.index + 1;
        }
        if (cursor) store_cursor_close(cursor);
        if (rc && rc != E_NOTFOUND) return rc;
        fflush(stdout);
        nanosleep(&(struct timespec){0, 100000000}, NULL);
    }
}

static int log_local(const struct log_words *w, struct error *err)
{
    struct store *s;
    struct log_reader r = {.filter = {.kind = w->kind, .name = w->name, .ns = w->ns},
                           .json = w->output && strcmp(w->output, "json") == 0};
    int rc = event_filter_check(&r.filter, err);
    if (!rc) rc = store_pick(w->dir, w->master, &s, err);
    if (rc) return rc;
    uint64_t index;
    rc = log_start(s, w, &r, &index, err);
    if (!rc && w->last) {
        rc = log_pass(s, index, log_count, &r, err);
        r.skip = r.shown > w->last ? r.shown - w->last : 0;
    }
    if (!rc && w->follow)
        rc = log_follow(s, index, &r, err);
    else if (!rc)
        rc = log_pass(s, index, log_print, &r, err);
    buf_free(&r.line);
    store_close(s);
    return rc;
}

static int cmd_log(int argc, char **argv)
{
    struct log_words w = {0};
    const struct option_row rows[] = {
        {"dir", OPTION_TEXT, &w.dir, "DIR  a cluster's or a master's directory", false},
        {"master", OPTION_TEXT, &w.master, "NAME  whose log (m1); else the one that goes furthest",
         false},
        {"server", OPTION_TEXT, &w.server, "URL  ask this master instead of reading files", false},
        {"since", OPTION_TEXT, &w.since, "REV  first revision, or a time", false},
        {"until", OPTION_TEXT, &w.until, "REV  last revision, or a time", false},
        {"kind", OPTION_TEXT, &w.kind, "K  only this kind (pods, po, ReplicaSet, ...)", false},
        {"name", OPTION_TEXT, &w.name, "N  only this object (name or namespace/name)", false},
        {"namespace", OPTION_TEXT, &w.ns, "NS  only this namespace", false},
        {"n", OPTION_TEXT, &w.ns, "NS  the same", false},
        {"last", OPTION_NUMBER, &w.last, "N  only the last N", false},
        {"output", OPTION_TEXT, &w.output, "json  one JSON object a line", false},
        {"o", OPTION_TEXT, &w.output, "json  the same", false},
        {"follow", OPTION_FLAG, &w.follow, "go on as events come", false},
        {"f", OPTION_FLAG, &w.follow, "the same", false},
    };
    int rc = OPTIONS_PARSE("log", about, rows, argc, argv, NULL);
    if (rc) return rc > 0 ? 0 : 2;
    if (!w.dir && !w.server) {
        fputs("logship log: --dir or --server is needed\nTry 'logship log --help'.\n", stderr);
        return 2;
    }
    if (w.output && strcmp(w.output, "json") != 0) {
        fputs("logship log: -o takes json\n", stderr);
        return 2;
    }
    if (w.server && w.last) {
        fputs("logship log: --last counts in files (--dir), not with --server\n", stderr);
        return 2;
    }
    struct error err = {0};
    struct log_server_query query = {w.server, w.dir, w.since,          w.until, w.kind,
                                     w.name,   w.ns,  w.output != NULL, w.follow};
    rc = w.server ? log_from_server(&query, &err) : log_local(&w, &err);
    return rc ? cli_fail("log", &err) : 0;
}

const struct verb verb_log = {"log", "prints the events: who did what, when, and why", cmd_log};
