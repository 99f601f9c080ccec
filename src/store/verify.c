/* Reading everything there is, and saying what is wrong with it. */
#include "store/inside.h"

#include <inttypes.h>
#include <stdio.h>

struct verify_name {
    uint64_t first;
    char *path, name[sizeof((struct segment *)0)->name];
};

/* The table may change while segments are read: work on a copy of its names. */
static struct verify_name *verify_names(struct store *s, size_t *n)
{
    pthread_mutex_lock(&s->lock);
    struct verify_name *names = mem_alloc((s->count + 1) * sizeof *names);
    *n = s->count;
    for (size_t i = 0; i < s->count; i++) {
        names[i].first = s->segments[i]->first;
        names[i].path = mem_strdup(s->segments[i]->path);
        memcpy(names[i].name, s->segments[i]->name, sizeof names[i].name);
    }
    pthread_mutex_unlock(&s->lock);
    return names;
}

static int verify_segment(struct store *s, const struct segment *seg, bool has_before,
                          struct record_base *end, store_report_fn *report, void *ctx)
{
    struct check_result result = {0};
    struct error err = {0};
    char line[160];
    const struct check_job job = {seg, UINT64_MAX};
    int rc = probe(s, seg->name, check_named, &job, &result, &err);
    if (!rc && has_before) rc = check_joint(seg, end, &result.base, &err);
    if (rc)
        report(ctx, true, err.text);
    else {
        snprintf(line, sizeof line, "%s: %" PRIu64 " entries, up to %" PRIu64, seg->name,
                 result.records, result.last.index);
        report(ctx, false, line);
    }
    *end = result.last;
    return rc;
}

static int verify_log(struct store *s, store_report_fn *report, void *ctx)
{
    size_t n;
    struct verify_name *names = verify_names(s, &n);
    struct record_base end = {0};
    int worst = 0;
    bool known = false; /* where the segment before ended */
    for (size_t i = 0; i < n; i++) {
        struct segment seg = {.first = names[i].first, .path = names[i].path};
        memcpy(seg.name, names[i].name, sizeof seg.name);
        int rc = verify_segment(s, &seg, known, &end, report, ctx);
        known = rc == 0;
        if (rc) worst = rc;
        mem_free(names[i].path);
    }
    mem_free(names);
    return worst;
}

int store_verify(struct store *s, store_report_fn *report, void *ctx, struct error *err)
{
    struct store_identity identity;
    struct error why = {0};
    int found = identity_read(s->dir, &identity, &why);
    if (found && found != E_NOTFOUND) report(ctx, true, why.text);
    int worst = found == E_NOTFOUND ? 0 : found, rc;
    if ((rc = slots_check(s, report, ctx))) worst = rc;
    if (s->read_only && (rc = segments_scan(s, err))) return rc;
    if ((rc = verify_log(s, report, ctx))) worst = rc;
    if ((rc = keyframe_check_all(s, report, ctx))) worst = rc;
    return worst ? error_set(err, E_CORRUPT, "%s: damage was found", s->dir) : 0;
}
