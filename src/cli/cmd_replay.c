/* logship replay: the cluster as it was. */
#include "cli/cli.h"

#include "api/api.h"
#include "base/digest.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/store_pick.h"
#include "master/gate_past.h"
#include "master/replay.h"

#include <inttypes.h>
#include <stdio.h>
#include <uv.h>

static const char about[] =
    "Replays a log up to a revision or a time, and shows the state's digest (--digest), or serves "
    "that\n"
    "moment as a read-only API (--serve): kubectl --server http://ADDR get pods -A";

struct replay_words {
    const char *dir, *master, *until, *serve;
    bool digest;
};

static void replay_wake(void *arg)
{
    uv_async_send(arg);
}

struct replay_server {
    uv_async_t wake;
    struct inbox inbox;
};

static void replay_drain(uv_async_t *async)
{
    inbox_drain(&container_of(async, struct replay_server, wake)->inbox);
}

static int replay_serve(struct world *w, const char *address, struct error *err)
{
    struct replay_server server;
    uv_loop_t *loop = uv_default_loop();
    uv_async_init(loop, &server.wake, replay_drain);
    inbox_init(&server.inbox, replay_wake, &server.wake);
    static const unsigned char no_key[API_SEAL_KEY_BYTES];
    struct api_options options = {.loop = loop,
                                  .home = &server.inbox,
                                  .gate = gate_past_new(w, &server.inbox),
                                  .address = address,
                                  .cluster = w->cluster,
                                  .master = "replay",
                                  .seal_key = no_key};
    struct api *api;
    int rc = api_start(&api, &options, err);
    if (rc) return rc;
    printf("revision %" PRIu64 " at http://%s (read-only; Ctrl-C ends it)\n"
           "try:  kubectl --server http://%s get pods -A -o wide\n",
           w->revision, api_address(api), api_address(api));
    fflush(stdout);
    return uv_run(loop, UV_RUN_DEFAULT);
}

static int replay_show(struct replay *r, const struct replay_words *w, struct error *err)
{
    struct world *world = replay_world(r);
    char hex[DIGEST_HEX];
    digest_hex(&world->digest, hex);
    if (w->digest) {
        printf("{\"revision\":%" PRIu64 ",\"digest\":\"%s\"}\n", world->revision, hex);
        fflush(stdout);
    }
    if (w->serve) return replay_serve(world, w->serve, err);
    if (w->digest) return 0;
    printf("revision %" PRIu64 ", entry %" PRIu64 ", digest %s\n", world->revision, world->index,
           hex);
    for (unsigned i = 0; i < kind_count(); i++)
        if (world_count(world, kind_at(i)))
            printf("  %-28s %zu\n", kind_at(i)->key, world_count(world, kind_at(i)));
    return 0;
}

/* From the newest keyframe before the moment to the moment itself; without --until, to the end. */
static int replay_go(struct replay **out, struct store *s, const char *until, struct error *err)
{
    uint64_t revision = UINT64_MAX;
    int rc = until ? replay_moment(s, until, MOMENT_END, &revision, err) : 0;
    if (!rc) rc = replay_open(out, s, revision, err);
    if (rc) return rc;
    rc = replay_to(*out, revision, err);
    if (rc != E_NOTFOUND) return rc;
    if (!until) return 0;
    return error_set(err, rc, "the log is known to be committed only up to revision %" PRIu64,
                     replay_world(*out)->revision);
}

static int replay_run(const struct replay_words *w, struct error *err)
{
    struct store *s;
    struct replay *r = NULL;
    int rc = store_pick(w->dir, w->master, &s, err);
    if (rc) return rc;
    rc = replay_go(&r, s, w->until, err);
    if (!rc) rc = replay_show(r, w, err);
    replay_close(r);
    store_close(s);
    return rc;
}

static int cmd_replay(int argc, char **argv)
{
    struct replay_words w = {0};
    const struct option_row rows[] = {
        {"dir", OPTION_TEXT, &w.dir, "DIR  a cluster's or a master's directory", true},
        {"master", OPTION_TEXT, &w.master, "NAME  whose log (m1); else the one that goes furthest",
         false},
        {"until", OPTION_TEXT, &w.until, "REV  the revision, or a time (2026-01-31T03:12:00Z)",
         false},
        {"digest", OPTION_FLAG, &w.digest, "print {\"revision\":N,\"digest\":\"...\"}", false},
        {"serve", OPTION_TEXT, &w.serve, "ADDR  serve that moment to kubectl (127.0.0.1:8001)",
         false},
    };
    int rc = OPTIONS_PARSE("replay", about, rows, argc, argv, NULL);
    if (rc) return rc > 0 ? 0 : 2;
    struct error err = {0};
    return replay_run(&w, &err) ? cli_fail("replay", &err) : 0;
}

const struct verb verb_replay = {"replay", "the cluster as it was at a revision or a time",
                                 cmd_replay};
