/* Which keyframes stay, and whether they are whole. */
#include "store/files.h"
#include "store/keyframe_inside.h"

#include <inttypes.h>
#include <stdio.h>

int keyframe_prune(struct store *s, unsigned keep, uint64_t spacing, struct error *err)
{
    uint64_t *revisions = NULL;
    size_t n = 0;
    int rc = files_numbers(s->keyframe_dir, ".mdb", &revisions, &n, err);
    uint64_t base = store_bounds(s).first_index - 1, kept = base;
    for (size_t i = 0; !rc && i + keep < n; i++) {
        mem_auto char *path = keyframe_path(s, revisions[i]);
        struct keyframe_trailer t;
        if (keyframe_trailer_read(path, &t, NULL)) continue; /* damage is left for store_verify */
        if (t.index == base) continue;
        if (spacing && t.index > kept && t.index - kept >= spacing)
            kept = t.index;
        else
            rc = files_remove(path, err);
    }
    mem_free(revisions);
    return rc;
}

static int keyframe_check(struct store *s, uint64_t revision, bool by_log, uint64_t *records,
                          struct error *err)
{
    mem_auto char *path = keyframe_path(s, revision);
    struct keyframe *k;
    struct str record;
    int rc = keyframe_open_file(path, &k, err);
    if (rc) return rc;
    while ((rc = keyframe_next(k, &record, err)) == 0) continue;
    const struct keyframe_meta *meta = keyframe_meta(k);
    *records = meta->record_count;
    struct digest chain;
    if (rc == E_NOTFOUND) rc = 0;
    if (!rc && meta->revision != revision)
        rc = error_set(err, E_CORRUPT, "%s: holds revision %" PRIu64, path, meta->revision);
    if (!rc && by_log && store_chain_at(s, meta->index, &chain, NULL) == 0 &&
        !digest_equal(&chain, &meta->chain))
        rc = error_set(err, E_CORRUPT, "%s: was made of another log", path);
    keyframe_close(k);
    return rc;
}

int keyframe_check_all(struct store *s, bool by_log, store_report_fn *report, void *ctx)
{
    uint64_t *revisions = NULL, records = 0;
    size_t n = 0;
    struct error err = {0};
    int worst = files_numbers(s->keyframe_dir, ".mdb", &revisions, &n, &err);
    if (worst) report(ctx, true, err.text);
    for (size_t i = 0; i < n; i++) {
        int rc = keyframe_check(s, revisions[i], by_log, &records, &err);
        if (rc == E_NOTFOUND) continue; /* pruned meanwhile */
        char line[120];
        snprintf(line, sizeof line, "keyframes/%020" PRIu64 ".mdb: %" PRIu64 " records",
                 revisions[i], records);
        report(ctx, rc != 0, rc ? err.text : line);
        if (rc) worst = rc;
    }
    mem_free(revisions);
    return worst;
}
