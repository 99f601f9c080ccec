#include "proto/apply.h"

#include "base/mem.h"
#include "proto/apply_client.h"
#include "proto/apply_prune.h"
#include "proto/managed_versions.h"
#include "proto/timefmt.h"

struct applying {
    const struct apply *input;
    struct arena *arena;
    struct managers managers;
    struct fieldset last; /* what the applier owned by its last configuration */
    struct str last_version;
    struct fieldset config; /* what it owns by this one */
    struct buf merged, pruned;
};

static struct mp applying_doc(const struct buf *b)
{
    return mp_read(b->data, b->len);
}

/* What is there and nobody is known to own was there before the first apply. */
static void applying_begin(struct applying *p)
{
    struct writer before = p->input->writer;
    p->managers = managers_of(p->arena, p->input->live, (struct mp){0});
    if (p->managers.count || p->input->live.type == MP_END) return;
    before.manager = STR("before-first-apply");
    before.subresource = (struct str){0};
    if (before.scope == WRITES_STATUS) before.scope = WRITES_ALL;
    managers_update(&p->managers, &before, (struct mp){0}, p->input->live);
}

/* The applier's own set is the new configuration from here on; its time is told when that is news.
 */
static void applying_own(struct applying *p)
{
    struct manager *self = managers_find(&p->managers, &p->input->writer, true);
    p->last = self->fields;
    p->last_version = self->api_version;
    if (!self->time.n || !fieldset_equal(&p->last, &p->config) ||
        !str_eq(self->api_version, p->input->writer.api_version)) {
        char time[TIME_TEXT];
        time_format_s(p->input->writer.now_s, time);
        self->time = (struct str){arena_text(p->arena, str_of(time)), strlen(time)};
    }
    self->fields = p->config;
    self->api_version = p->input->writer.api_version;
}

struct conflict_sink {
    struct causes *causes;
    const char *with;
};

static void conflict_see(void *ctx, struct str path)
{
    struct conflict_sink *sink = ctx;
    mem_auto char *field = mem_strndup(path.p, path.n);
    causes_add(sink->causes, "FieldManagerConflict", field, "%s", sink->with);
}

static void conflict_report(const struct manager *m, const struct fieldset *fields,
                            struct causes *out)
{
    buf_auto struct buf with = BUF_INIT;
    buf_printf(&with, "conflict with \"%.*s\"", (int)m->name.n, m->name.p ? m->name.p : "");
    if (m->subresource.n)
        buf_printf(&with, " with subresource \"%.*s\"", (int)m->subresource.n, m->subresource.p);
    if (!m->applies) buf_printf(&with, " using %.*s", (int)m->api_version.n, m->api_version.p);
    fieldset_each(fields, conflict_see, &(struct conflict_sink){out, with.data});
}

/* Everybody whose fields this changes, but for those in `allowed`. */
static void applying_conflicts(struct applying *p, const struct manager *self,
                               struct changes *changes, const struct fieldset *allowed,
                               struct causes *out)
{
    for (uint32_t i = 0; i < p->managers.count; i++) {
        const struct manager *m = &p->managers.items[i];
        if (m == self) continue;
        const struct change_seen *seen = changes_seen(changes, m->api_version);
        struct fieldset theirs =
            fieldset_combine(p->arena, FIELDSET_INTERSECTION, &m->fields, &seen->taken);
        theirs = fieldset_combine(p->arena, FIELDSET_DIFFERENCE, &theirs, allowed);
        if (!fieldset_empty(&theirs)) conflict_report(m, &theirs, out);
    }
}

static int applying_settle(struct applying *p, struct causes *conflicts, struct error *err)
{
    const struct writer *w = &p->input->writer;
    struct changes changes = {.arena = p->arena,
                              .writer = w,
                              .before = p->input->live,
                              .after = applying_doc(&p->pruned),
                              .written_only = true};
    struct manager *self = managers_find(&p->managers, w, true);
    if (!p->input->force) {
        struct fieldset allowed = apply_client_owned(p->arena, p->input);
        applying_conflicts(p, self, &changes, &allowed, conflicts);
    }
    if (conflicts->count) return error_set(err, E_CONFLICT, "there are conflicts");
    managers_take(&p->managers, self, &changes);
    return 0;
}

static int applying_run(struct applying *p, struct buf *out, struct buf *managed,
                        struct causes *conflicts, struct error *err)
{
    const struct apply *in = p->input;
    struct fieldset config = {0};
    int rc = typed_fields(p->arena, in->writer.type, in->config, &config, err);
    if (rc) return rc;
    p->config = managed_strip(p->arena, &in->writer, &config);
    applying_begin(p);
    applying_own(p);
    if (in->live.type == MP_END)
        mp_put(&p->merged, in->config);
    else
        typed_merge(in->writer.type, in->live, in->config, &p->merged);
    apply_prune(&(struct prune){in, p->arena, &p->managers, &p->last, p->last_version},
                applying_doc(&p->merged), &p->pruned);
    rc = applying_settle(p, conflicts, err);
    if (rc) return rc;
    apply_client_follow(in, applying_doc(&p->pruned), out);
    if (p->managers.count) managers_write(&p->managers, managed);
    return 0;
}

int apply_config(const struct apply *a, struct buf *out, struct buf *managed,
                 struct causes *conflicts, struct error *err)
{
    struct applying p = {.input = a, .arena = arena_new()};
    int rc = applying_run(&p, out, managed, conflicts, err);
    buf_free(&p.merged);
    buf_free(&p.pruned);
    arena_free(p.arena);
    return rc;
}
