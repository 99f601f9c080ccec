/* Keyframes off the core's thread: the core gives references, a bulk thread encodes and writes. */
#include "master/core.h"

#include "base/mem.h"
#include "base/trace.h"

struct image_job {
    struct bulk_job bulk;
    struct core *core;
    struct world_image *image;
    struct keyframe_meta meta;
    char *configuration;
    struct error err;
    int status;
};

static int image_record(void *ctx, struct str record, struct error *err)
{
    return keyframe_add(ctx, record, err);
}

static void image_job_work(struct bulk_job *bulk)
{
    struct image_job *job = container_of(bulk, struct image_job, bulk);
    struct keyframe_writer *writer;
    job->status = keyframe_create(job->core->store, &job->meta, &writer, &job->err);
    if (job->status) return;
    job->status = world_image_write(job->image, image_record, writer, &job->err);
    if (job->status)
        keyframe_abandon(writer);
    else
        job->status = keyframe_finish(writer, &job->err);
}

enum { KEYFRAMES_KEPT = 3, KEYFRAME_SPACING = 1000000 };

static void image_job_done(struct bulk_job *bulk, int ran)
{
    struct image_job *job = container_of(bulk, struct image_job, bulk);
    struct core *core = job->core;
    int status = ran ? ran : job->status;
    if (status)
        trace_warn("keyframe", "at revision %llu not written: %s",
                   (unsigned long long)job->meta.revision, job->err.text);
    else
        trace_info("keyframe", "revision %llu written, %zu objects",
                   (unsigned long long)job->meta.revision, job->image->count);
    core->image_running = false;
    if (!core->stopping) quorum_keyframe_done(core->quorum, &job->meta, status);
    if (!status) keyframe_prune(core->store, KEYFRAMES_KEPT, KEYFRAME_SPACING, NULL);
    world_image_free(job->image);
    mem_free(job->configuration);
    mem_free(job);
}

void image_job_start(struct core *core, const struct keyframe_meta *meta)
{
    struct image_job *job = mem_new(struct image_job);
    job->core = core;
    job->meta = *meta;
    job->configuration = mem_copy(meta->configuration.p, meta->configuration.n);
    job->meta.configuration.p = job->configuration;
    job->meta.revision = core->world->revision;
    job->meta.time_ms = core->world->time_ms;
    job->meta.state = core->world->digest;
    job->image = world_image_take(core->world);
    core->image_running = true;
    job->bulk = (struct bulk_job){image_job_work, image_job_done};
    core->options.bulk->submit(core->options.bulk, &job->bulk);
}

static int image_next(void *ctx, struct str *record, struct error *err)
{
    return keyframe_next(ctx, record, err);
}

int image_restore(struct world *w, struct keyframe *k, struct error *err)
{
    const struct keyframe_meta *meta = keyframe_meta(k);
    int rc = world_restore(w, meta->revision, meta->index, meta->time_ms, image_next, k,
                           &meta->state, err);
    return rc ? error_wrap(err, rc, "keyframe of revision %llu", (unsigned long long)meta->revision)
              : 0;
}
