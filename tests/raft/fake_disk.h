/* A disk in virtual time over the real store: jobs run in order, each when its time has come, so
 * that what is not done at a crash is not on the disk. */
#ifndef LOGSHIP_TESTS_RAFT_FAKE_DISK_H
#define LOGSHIP_TESTS_RAFT_FAKE_DISK_H

#include "fake_net.h"

#include "base/list.h"

#include <stdio.h>

struct fake_disk {
    struct disk disk;
    struct fake_world *world;
    unsigned delay_min, delay_max;
    bool stuck; /* nothing is done until this is false again */
    bool dead;  /* after a crash: jobs are answered, so that their memory comes back, but do nothing
                 */
    struct list jobs;
    bool scheduled;
    struct fake_event event;
};

struct fake_job {
    struct list link;
    struct disk_job *job;
    uint64_t since;
};

static inline void fake_disk_arm(struct fake_disk *d)
{
    if (d->scheduled || list_empty(&d->jobs)) return;
    d->scheduled = true;
    uint64_t delay =
        d->dead ? 0
                : d->delay_min + fake_random(&d->world->seed) % (d->delay_max - d->delay_min + 1);
    fake_schedule(d->world, &d->event, delay);
}

static inline int fake_disk_work(struct store *s, struct disk_job *job)
{
    struct error err = {0};
    int rc = 0;
    switch (job->type) {
    case DISK_APPEND:
        rc = store_append(s, job->records, job->count, &err);
        break;
    case DISK_TRUNCATE:
        rc = store_truncate(s, job->index, &err);
        break;
    case DISK_RESET:
        rc = store_reset(s, job->index, job->term, &job->chain, &err);
        break;
    case DISK_CALL:
        return job->call(job, s);
    }
    if (rc) fprintf(stderr, "disk: %s\n", err.text);
    assert(rc == 0);
    return rc;
}

static inline void fake_disk_run(struct fake_event *e)
{
    struct fake_disk *d = container_of(e, struct fake_disk, event);
    d->scheduled = false;
    if (d->stuck && !d->dead) {
        d->scheduled = true;
        fake_schedule(d->world, &d->event, 10);
        return;
    }
    struct list *link = list_shift(&d->jobs);
    if (!link) return;
    struct fake_job *f = container_of(link, struct fake_job, link);
    struct disk_job *job = f->job;
    mem_free(f);
    int status = d->dead ? (job->type == DISK_CALL ? E_IO : 0) : fake_disk_work(d->disk.store, job);
    fake_disk_arm(d);
    job->done(job, status); /* may be the last thing that ever happens to this disk */
}

static inline void fake_disk_submit(struct disk *disk, struct disk_job *job)
{
    struct fake_disk *d = container_of(disk, struct fake_disk, disk);
    struct fake_job *f = mem_new(struct fake_job);
    f->job = job;
    f->since = d->world->now;
    list_push(&d->jobs, &f->link);
    fake_disk_arm(d);
}

static inline uint64_t fake_disk_stuck_ms(struct disk *disk)
{
    struct fake_disk *d = container_of(disk, struct fake_disk, disk);
    if (list_empty(&d->jobs)) return 0;
    return d->world->now - container_of(d->jobs.next, struct fake_job, link)->since;
}

static inline void fake_disk_init(struct fake_disk *d, struct fake_world *w, struct store *s)
{
    *d = (struct fake_disk){.world = w, .delay_min = 1, .delay_max = 3, .event.run = fake_disk_run};
    d->disk = (struct disk){.submit = fake_disk_submit, .stuck_ms = fake_disk_stuck_ms, .store = s};
    list_init(&d->jobs);
}

#endif
