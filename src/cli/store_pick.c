#include "cli/store_pick.h"

#include "base/mem.h"

#include <stdio.h>
#include <unistd.h>

static bool holds_store(const char *dir)
{
    mem_auto char *identity = mem_printf("%s/identity", dir);
    return access(identity, R_OK) == 0;
}

static int pick_open(const char *dir, struct store **out, struct error *err)
{
    struct store_options options = {.dir = dir, .read_only = true};
    return store_open(out, &options, err);
}

/* The master whose committed log goes furthest; one that cannot be read is told and passed over. */
static int pick_furthest(const char *dir, struct store **out, struct error *err)
{
    struct store *best = NULL;
    int rc = error_set(err, E_NOTFOUND, "%s holds no master's log", dir);
    for (unsigned k = 1; k <= MASTER_IDS; k++) {
        mem_auto char *path = mem_printf("%s/m%u", dir, k);
        struct store *s;
        if (!holds_store(path)) continue;
        rc = pick_open(path, &s, err);
        if (rc) {
            fprintf(stderr, "logship: %s is passed over: %s\n", path, err ? err->text : "");
            continue;
        }
        if (best && store_committed_get(best) >= store_committed_get(s)) {
            store_close(s);
            continue;
        }
        if (best) store_close(best);
        best = s;
    }
    if (!best) return rc;
    *out = best;
    return 0;
}

int store_pick(const char *dir, const char *master, struct store **out, struct error *err)
{
    if (holds_store(dir)) return pick_open(dir, out, err);
    if (!master) return pick_furthest(dir, out, err);
    mem_auto char *path = mem_printf("%s/%s", dir, master);
    return pick_open(path, out, err);
}
