/* How much of the log is Raft's while it is being completed from another master's: an index and its
 * complement, synced. No file: all of it. */
#include "store/files.h"
#include "store/inside.h"
#include "store/marks.h"

#include <inttypes.h>

static const char backfill_name[] = "backfill";

int store_backfill_begin(struct store *s, uint64_t last, struct error *err)
{
    const uint64_t pair[2] = {last, ~last};
    store_mark(STORE_MARK_backfill_noted);
    return files_replace(s->dir, backfill_name, pair, sizeof pair, !s->no_sync, err);
}

int store_backfill_end(struct store *s, struct error *err)
{
    mem_auto char *path = mem_printf("%s/%s", s->dir, backfill_name);
    if (!files_exists(path)) return 0;
    int rc = files_remove(path, err);
    if (!rc && !s->no_sync) rc = files_sync_dir(s->dir, err);
    return rc;
}

int store_backfill_get(struct store *s, uint64_t *out_last, struct error *err)
{
    mem_auto char *path = mem_printf("%s/%s", s->dir, backfill_name);
    uint64_t pair[2] = {0};
    size_t n = 0;
    *out_last = 0;
    int rc = files_read(path, pair, sizeof pair, &n, err);
    if (rc == E_NOTFOUND) return 0;
    if (rc) return rc;
    if (n != sizeof pair || pair[0] != ~pair[1])
        return error_set(err, E_CORRUPT, "%s is damaged", path);
    *out_last = pair[0];
    return 0;
}
