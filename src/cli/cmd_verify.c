/* logship verify: is everything on disk as it was written? */
#include "cli/cli.h"

#include "base/digest.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/store_pick.h"
#include "master/replay.h"
#include "store/keyframe.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

static const char about[] = "Reads every record and keyframe of a master's directory, or of each "
                            "master of a cluster's directory:\n"
                            "checksums, the hash chain, and the digest of the state that the log "
                            "leads to. Running masters may go\n"
                            "on. Exit status 1 when anything is damaged.";

static void verify_report(void *ctx, bool damage, const char *line)
{
    (void)ctx;
    printf("  %s%s\n", damage ? "DAMAGED " : "", line);
}

/* Folds the log from the newest keyframe at or before `from` up to `to`. 0: the world got there;
 * E_NOTFOUND: the log ends before, and the world is at its end. */
static int verify_fold(struct store *s, uint64_t from, uint64_t to, struct digest *out,
                       uint64_t *out_revision, struct error *err)
{
    struct replay *r;
    int rc = replay_open(&r, s, from, err);
    if (rc) return rc;
    rc = replay_to(r, to, err);
    *out = replay_world(r)->digest;
    *out_revision = replay_world(r)->revision;
    replay_close(r);
    return rc;
}

/* Newest keyframe at or before `at_most`. */
static int verify_keyframe(struct store *s, uint64_t at_most, uint64_t *out_revision,
                           struct digest *out, struct error *err)
{
    struct keyframe *k;
    int rc = keyframe_open(s, at_most, &k, err);
    if (rc) return rc;
    *out_revision = keyframe_meta(k)->revision;
    *out = keyframe_meta(k)->state;
    keyframe_close(k);
    return 0;
}

/* Folds the log from every keyframe's predecessor, the newest keyframe first: the digest in the
 * keyframe must come out. The oldest one of a log that begins with it has nothing before it. */
static int verify_keyframes(struct store *s, struct error *err)
{
    uint64_t revision, folded;
    struct digest stated, state;
    int rc = verify_keyframe(s, UINT64_MAX, &revision, &stated, err);
    while (!rc && revision) {
        rc = verify_fold(s, revision - 1, revision, &state, &folded, err);
        if (!rc && !digest_equal(&state, &stated))
            return error_set(err, E_CORRUPT,
                             "keyframe of revision %" PRIu64
                             ": the log before it leads to another state",
                             revision);
        if (!rc) rc = verify_keyframe(s, revision - 1, &revision, &stated, err);
    }
    return rc == E_NOTFOUND || rc == E_GONE ? 0 : rc;
}

static int verify_replay(struct store *s, struct error *err)
{
    struct digest state = {0};
    uint64_t revision = 0;
    int rc = verify_keyframes(s, err);
    if (!rc) rc = verify_fold(s, UINT64_MAX, UINT64_MAX, &state, &revision, err);
    if (rc != E_NOTFOUND) return rc;
    char hex[DIGEST_HEX];
    digest_hex(&state, hex);
    printf("  state at revision %" PRIu64 ": digest %s\n", revision, hex);
    return 0;
}

/* A directory that no longer opens can still be checked; one that is good is opened as every reader
 * does, and folded. */
static int verify_open(const char *dir, struct error *err)
{
    struct store *s;
    struct store_options options = {.dir = dir, .read_only = true, .check_only = true};
    int rc = store_open(&s, &options, err);
    if (rc) return rc;
    rc = store_verify(s, verify_report, NULL, err);
    store_close(s);
    if (rc) return rc;
    options.check_only = false;
    rc = store_open(&s, &options, err);
    if (rc) return rc;
    rc = verify_replay(s, err);
    store_close(s);
    return rc;
}

static int verify_one(const char *dir)
{
    struct error err = {0};
    printf("%s\n", dir);
    int rc = verify_open(dir, &err);
    if (rc)
        printf("  DAMAGED %s\n", err.text[0] ? err.text : error_name(rc));
    else
        puts("  good");
    return rc;
}

static int cmd_verify(int argc, char **argv)
{
    const char *dir = NULL, *master = NULL;
    const struct option_row rows[] = {
        {"dir", OPTION_TEXT, &dir, "DIR  a cluster's or a master's directory", true},
        {"master", OPTION_TEXT, &master, "NAME  only this master (m1)", false},
    };
    int rc = OPTIONS_PARSE("verify", about, rows, argc, argv, NULL);
    if (rc) return rc > 0 ? 0 : 2;
    mem_auto char *own = mem_printf("%s/identity", dir);
    if (access(own, F_OK) == 0) return verify_one(dir) ? 1 : 0;
    unsigned seen = 0, damaged = 0;
    for (unsigned k = 1; k <= MASTER_IDS; k++) {
        mem_auto char *name = mem_printf("m%u", k);
        mem_auto char *path = mem_printf("%s/%s", dir, name);
        if ((master && strcmp(master, name) != 0) || access(path, F_OK) != 0) continue;
        seen++;
        damaged += verify_one(path) != 0;
    }
    if (!seen) fprintf(stderr, "logship verify: %s holds no master's directory\n", dir);
    return !seen || damaged;
}

const struct verb verb_verify = {"verify", "checks everything on disk: checksums, chain, digest",
                                 cmd_verify};
