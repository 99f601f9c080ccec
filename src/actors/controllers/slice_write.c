/* From a plan of slices to the commands that make it so. */
#include "actors/controllers/acting.h"
#include "actors/controllers/slices.h"
#include "actors/edit.h"
#include "base/mem.h"
#include "proto/names.h"

#include <stdio.h>

enum { NAME_BASE_MAX = 57 };

static const char trigger_key[] = "endpoints.kubernetes.io/last-change-trigger-time",
                  applied_key[] = "kubectl.kubernetes.io/last-applied-configuration";

static void put_pair(struct buf *b, const char *key, struct str value)
{
    mp_put_z(b, key);
    mp_put_str(b, value);
}

static void put_labels(struct buf *b, const struct slice_job *job)
{
    static const char named[] = "kubernetes.io/service-name",
                      managed[] = "endpointslice.kubernetes.io/managed-by",
                      headless[] = "service.kubernetes.io/headless";
    uint32_t count = 2;
    size_t mark = mp_begin(b);
    for (struct mp_iter it = mp_items(object_labels(job->owner)); mp_iter_next(&it);) {
        if (str_is(it.key, named) || str_is(it.key, managed) || str_is(it.key, headless)) continue;
        mp_put_str(b, it.key);
        mp_put(b, it.value);
        count++;
    }
    put_pair(b, named, object_name(job->owner));
    put_pair(b, managed, job->manager);
    if (job->headless) {
        put_pair(b, headless, STR(""));
        count++;
    }
    mp_end_map(b, mark, count);
}

static void put_owner(struct buf *b, const struct object *owner)
{
    char uid[UID_TEXT];
    uid_text(&owner->id->uid, uid);
    mp_put_array(b, 1);
    mp_put_map(b, 6);
    put_pair(b, "apiVersion", STR("v1"));
    put_pair(b, "kind", str_of(owner->id->kind->kind));
    put_pair(b, "name", object_name(owner));
    put_pair(b, "uid", str_of(uid));
    mp_put_z(b, "controller");
    mp_put_bool(b, true);
    mp_put_z(b, "blockOwnerDeletion");
    mp_put_bool(b, true);
}

/* The owner's where they are to be copied, and the time that the slice tells already. */
static uint32_t put_annotations(struct buf *b, const struct slice_job *job,
                                const struct object *have)
{
    uint32_t count = 0;
    struct mp of_owner = doc_path(job->owner->body, "metadata.annotations"),
              of_slice = have ? doc_path(have->body, "metadata.annotations") : (struct mp){0};
    size_t start = b->len, mark;
    mp_put_z(b, "annotations");
    mark = mp_begin(b);
    for (struct mp_iter it = mp_items(of_owner); job->annotated && mp_iter_next(&it);) {
        if (str_is(it.key, trigger_key) || str_is(it.key, applied_key)) continue;
        mp_put_str(b, it.key);
        mp_put(b, it.value);
        count++;
    }
    struct mp told = mp_get(of_slice, trigger_key);
    if (told.type == MP_STR) {
        put_pair(b, trigger_key, told.s);
        count++;
    }
    mp_end_map(b, mark, count);
    if (!count) b->len = start;
    return count > 0;
}

static void put_metadata(struct buf *b, const struct slice_job *job, const struct object *have)
{
    struct str name = object_name(job->owner);
    mem_auto char *generate =
        mem_printf("%.*s-", name.n < NAME_BASE_MAX ? (int)name.n : NAME_BASE_MAX, name.p);
    size_t mark = mp_begin(b);
    uint32_t pairs = 3 + put_annotations(b, job, have);
    put_pair(b, "generateName", str_of(generate));
    mp_put_z(b, "labels");
    put_labels(b, job);
    mp_put_z(b, "ownerReferences");
    put_owner(b, job->owner);
    mp_end_map(b, mark, pairs);
}

static struct doc *slice_doc(const struct slice_job *job, const struct slice_plan *p,
                             const struct slice_plan_slice *s)
{
    buf_auto struct buf b = BUF_INIT;
    const struct slice_plan_group *g = &p->groups[s->group];
    mp_put_map(&b, g->ports.n ? 4 : 3);
    mp_put_z(&b, "metadata");
    put_metadata(&b, job, s->have);
    put_pair(&b, "addressType", str_of(g->type));
    mp_put_z(&b, "endpoints");
    mp_put_array(&b, s->count);
    for (size_t i = s->first; i; i = job->want->items[i - 1].next)
        mp_put_raw(&b, slice_bytes(job->want, job->want->items[i - 1].doc));
    if (g->ports.n) {
        mp_put_z(&b, "ports");
        mp_put_raw(&b, g->ports);
    }
    return doc_from_buf(&b);
}

struct doc *slice_doc_triggered(struct doc *d, struct str when)
{
    buf_auto struct buf notes = BUF_INIT;
    struct mp old = doc_path(d, "metadata.annotations");
    uint32_t count = when.n ? 1 : 0;
    size_t mark = mp_begin(&notes);
    for (struct mp_iter it = mp_items(old); mp_iter_next(&it);) {
        if (str_is(it.key, trigger_key)) continue;
        mp_put_str(&notes, it.key);
        mp_put(&notes, it.value);
        count++;
    }
    if (when.n) put_pair(&notes, trigger_key, when);
    mp_end_map(&notes, mark, count);
    struct doc *out =
        edit_doc(d, "metadata.annotations", count ? edit_value(&notes) : (struct str){0});
    doc_unref(d);
    return out;
}

static void slice_create(struct slice_job *job, struct doc *body)
{
    struct host *host = system_host(job->system);
    struct str base = mp_str(doc_path(body, "metadata.generateName"));
    unsigned char random[8];
    char suffix[6], name[80];
    host->random(host, random, sizeof random);
    name_suffix(random, suffix);
    snprintf(name, sizeof name, "%.*s%s", (int)base.n, base.p, suffix);
    const struct object *owner = job->owner;
    struct command *c =
        command_new(COMMAND_CREATE, kind_endpointslice, owner->id->ns, str_of(name), job->who);
    c->body = slice_doc_triggered(body, job->trigger);
    job->send(job->ctx, c);
}

static void slice_keep(struct slice_job *job, const struct slice_plan *p,
                       const struct slice_plan_slice *s)
{
    struct doc *body = slice_doc(job, p, s);
    if (!s->have) {
        slice_create(job, body);
    } else if (mp_same(doc_root(body), doc_root(s->have->body))) {
        doc_unref(body);
    } else {
        struct command *c = acting_on_version(COMMAND_UPDATE, s->have, job->who, s->have->revision);
        c->body = slice_doc_triggered(body, job->trigger);
        job->send(job->ctx, c);
    }
}

void slices_reconcile(struct slice_job *job)
{
    struct slice_plan p = slice_plan_make(job);
    bool empty_kept = !job->keep_empty || job->want->count;
    for (size_t i = 0; i < p.slice_count; i++) {
        const struct slice_plan_slice *s = &p.slices[i];
        bool stands = s->group != PLAN_NONE && !s->count && !empty_kept;
        if (stands) empty_kept = true;
        if (s->count || stands)
            slice_keep(job, &p, s);
        else
            job->send(job->ctx,
                      acting_on_version(COMMAND_DELETE, s->have, job->who, s->have->revision));
    }
    if (!empty_kept) slice_keep(job, &p, &(struct slice_plan_slice){.group = 0});
    slice_plan_free(&p);
}
