/* The committer in virtual time over the real store. A job is written at one instant and answered
 * at a later one; a crash before the first leaves nothing of it, one between them leaves a write
 * that nobody was told of. */
#include "medium.h"

#include "base/trace.h"
#include "store/inside.h"

enum { DISK_RETRY_US = 50 * MS };

struct disk_answer {
    struct list link;
    struct sim_disk *disk;
    struct disk_job *job;
    int status;
};

static void disk_next(struct sim_disk *d);

struct disk_wait {
    struct list link;
    struct disk_job *job;
};

static int disk_write(struct sim_disk *d, struct disk_job *job, struct error *err)
{
    switch (job->type) {
    case DISK_APPEND:
        return store_append(d->disk.store, job->records, job->count, err);
    case DISK_TRUNCATE:
        return store_truncate(d->disk.store, job->index, err);
    case DISK_RESET:
        return store_reset(d->disk.store, job->index, job->term, &job->chain, err);
    case DISK_CALL:
        return job->call(job, d->disk.store);
    }
    return E_INVALID;
}

/* As the committer does: what finds no room throws the ballast out, and then waits; any other
 * failure ends the process. */
static bool disk_wrote(struct sim_disk *d, struct disk_job *job, int *status)
{
    struct error err = {0};
    *status = disk_write(d, job, &err);
    if (*status == 0 || job->type == DISK_CALL) return true;
    if (*status != E_FULL) trace_fatal("store", "cannot write the log: %s", err.text);
    sim_tell(d->life->m->sim, "%s: %s", d->life->m->name, err.text);
    if (space_ballast_release(d->disk.store)) return disk_wrote(d, job, status);
    return false;
}

static void disk_answered(void *arg)
{
    struct disk_answer *a = arg;
    struct life *l = a->disk->life;
    list_remove(&a->link);
    a->job->done(a->job, a->status);
    mem_free(a);
    life_wake(l);
}

static void disk_done(void *arg)
{
    struct sim_disk *d = arg;
    struct sim *s = d->life->m->sim;
    if (d->stuck_until > s->now_us) {
        sim_after(s, d->life, d->stuck_until - s->now_us, disk_done, d);
        return;
    }
    struct disk_wait *w = container_of(d->jobs.next, struct disk_wait, link);
    int status;
    if (!disk_wrote(d, w->job, &status)) {
        sim_after(s, d->life, DISK_RETRY_US, disk_done, d);
        return;
    }
    struct disk_answer *a = mem_new(struct disk_answer);
    *a = (struct disk_answer){.disk = d, .job = w->job, .status = status};
    list_push(&d->answers, &a->link);
    list_remove(&w->link);
    mem_free(w);
    if (d->disk.store->ballast_spent && d->life->m->medium->room > MEDIUM_ROOM / 2)
        space_ballast_fill(d->disk.store);
    sim_after(s, d->life, 1 + sim_below(s, 50), disk_answered, a);
    d->busy = false;
    disk_next(d);
}

static void disk_next(struct sim_disk *d)
{
    struct sim *s = d->life->m->sim;
    if (d->busy || list_empty(&d->jobs)) return;
    d->busy = true;
    d->busy_since = s->now_us;
    const struct profile *p = &s->profile;
    uint64_t us = s->calm ? 200 : sim_between(s, p->disk_min, p->disk_max);
    sim_after(s, d->life, us, disk_done, d);
}

static void disk_submit(struct disk *disk, struct disk_job *job)
{
    struct sim_disk *d = container_of(disk, struct sim_disk, disk);
    struct disk_wait *w = mem_new(struct disk_wait);
    w->job = job;
    list_push(&d->jobs, &w->link);
    disk_next(d);
}

static uint64_t disk_stuck_ms(struct disk *disk)
{
    struct sim_disk *d = container_of(disk, struct sim_disk, disk);
    return d->busy ? (d->life->m->sim->now_us - d->busy_since) / MS : 0;
}

void disk_init(struct sim_disk *d, struct life *l)
{
    *d = (struct sim_disk){.life = l};
    d->disk = (struct disk){disk_submit, disk_stuck_ms, l->store};
    list_init(&d->jobs);
    list_init(&d->answers);
}

/* The committer stops: what was submitted is written, but for what finds no room and all behind it.
 * Answers go to whoever still waits; for what was not written there is none: the process ends. */
bool disk_drain(struct sim_disk *d, bool answers)
{
    bool all = true;
    for (struct list *link; answers && (link = list_shift(&d->answers)) != NULL;) {
        struct disk_answer *a = container_of(link, struct disk_answer, link);
        a->job->done(a->job, a->status);
    }
    for (struct list *link; (link = list_shift(&d->jobs)) != NULL;) {
        struct disk_wait *w = container_of(link, struct disk_wait, link);
        int status = 0;
        all = all && disk_wrote(d, w->job, &status);
        if (answers && all) w->job->done(w->job, status);
        mem_free(w);
    }
    return all;
}
