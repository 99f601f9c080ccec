/* logship verify: is everything on disk as it was written? */
#include "cli/cli.h"

#include "base/digest.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/store_pick.h"
#include "master/replay.h"

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

/* Folds the log from every keyframe's predecessor: the digest in the keyframe must come out. */
static int verify_replay(struct store *s, struct error *err)
{
    struct replay *r;
    int rc = replay_open(&r, s, UINT64_MAX, err);
    if (rc) return rc;
    while ((rc = replay_step(r, err)) == 0) {
    }
    char hex[DIGEST_HEX];
    digest_hex(&replay_world(r)->digest, hex);
    if (rc == E_NOTFOUND)
        printf("  state at revision %" PRIu64 ": digest %s\n", replay_world(r)->revision, hex);
    replay_close(r);
    return rc == E_NOTFOUND ? 0 : rc;
}

static int verify_one(const char *dir)
{
    struct error err = {0};
    struct store *s;
    printf("%s\n", dir);
    struct store_options options = {.dir = dir, .read_only = true};
    int rc = store_open(&s, &options, &err);
    if (!rc) {
        rc = store_verify(s, verify_report, NULL, &err);
        if (!rc) rc = verify_replay(s, &err);
        store_close(s);
    }
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
    for (unsigned k = 1; k <= 7; k++) {
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
