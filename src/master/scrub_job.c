/* Old data is looked at all the time, slowly: a step on a bulk thread, then a pause as long as its
 * bytes are worth. */
#include "master/core.h"

#include "base/mem.h"
#include "store/scrub.h"

#include <stdio.h>

enum { SCRUB_FIRST_MS = 2000, SCRUB_ROUND_MS = 5 * 60 * 1000, SCRUB_STEP_MS = 20 };

struct scrub_job {
    struct bulk_job bulk;
    struct core *core;
    struct scrub *scrub;
    bool running;
    uint64_t due_ms, bytes;
    struct scrub_report told; /* the core's own copy */
};

static void scrub_job_work(struct bulk_job *bulk)
{
    struct scrub_job *job = container_of(bulk, struct scrub_job, bulk);
    job->bytes = scrub_step(job->scrub);
}

static void scrub_job_done(struct bulk_job *bulk, int ran)
{
    struct scrub_job *job = container_of(bulk, struct scrub_job, bulk);
    job->running = false;
    if (ran) return;
    const struct core_options *o = &job->core->options;
    uint64_t pause = job->bytes * 1000 / o->scrub_bytes_s;
    if (!job->bytes)
        pause = o->scrub_round_ms ? o->scrub_round_ms : SCRUB_ROUND_MS;
    else if (pause < SCRUB_STEP_MS)
        pause = SCRUB_STEP_MS;
    job->due_ms = core_now_ms(job->core) + pause;
    job->told = *scrub_report(job->scrub);
}

struct scrub_job *scrub_job_new(struct core *core)
{
    struct scrub_job *job = mem_new(struct scrub_job);
    job->core = core;
    job->scrub = scrub_new(core->store);
    job->due_ms = core_now_ms(core) + SCRUB_FIRST_MS;
    job->bulk = (struct bulk_job){scrub_job_work, scrub_job_done};
    return job;
}

void scrub_job_tick(struct scrub_job *job)
{
    struct core *core = job->core;
    if (!core->options.scrub_bytes_s || job->running || core->stopping) return;
    if (core_now_ms(core) < job->due_ms) return;
    job->running = true;
    core->options.bulk->submit(core->options.bulk, &job->bulk);
}

void scrub_job_tell(const struct scrub_job *job, struct gate_scrub *out)
{
    const struct scrub_report *r = &job->told;
    *out = (struct gate_scrub){.rounds = r->rounds,
                               .segments = r->last.segments,
                               .keyframes = r->last.keyframes,
                               .damaged = r->last.count};
    for (unsigned i = 0; i < GATE_SCRUB_FINDINGS && i < r->last.count && i < SCRUB_FINDINGS; i++)
        snprintf(out->text[i], sizeof out->text[i], "%s", r->last.text[i]);
}
