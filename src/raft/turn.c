#include "raft/internal.h"

#include <assert.h>

enum { TURN_STEPS_MAX = 4096 };

struct turn_job {
    struct disk_job job;
    struct quorum *q;
};

void turn_begin(struct quorum *q)
{
    q->depth++;
}

void turn_defer(struct quorum *q, struct deferred *d,
                void (*run)(struct quorum *, struct deferred *))
{
    d->run = run;
    list_push(&q->deferred, &d->link);
}

static void turn_job_ran(struct disk_job *job, int status)
{
    (void)status;
    struct turn_job *t = container_of(job, struct turn_job, job);
    struct quorum *q = t->q;
    mem_free(t);
    q->turn_asked = false;
    turn_begin(q);
    turn_job_done(q);
    turn_end(q);
}

static int turn_job_nothing(struct disk_job *job, struct store *s)
{
    (void)job, (void)s;
    return 0;
}

/* An empty job at the disk brings the turn; it is seldom needed, nearly everything ends with an
 * event. */
void turn_ask(struct quorum *q)
{
    if (q->turn_asked) return;
    struct turn_job *t = mem_new(struct turn_job);
    t->q = q;
    t->job.type = DISK_CALL;
    t->job.call = turn_job_nothing;
    t->job.done = turn_job_ran;
    q->turn_asked = true;
    turn_submit(q, &t->job);
}

/* Runs what was deferred, in order, and what became possible by it. */
static bool turn_drain(struct quorum *q)
{
    struct list *link = list_shift(&q->deferred);
    if (!link) return false;
    struct deferred *d = container_of(link, struct deferred, link);
    d->run(q, d);
    return true;
}

/* The end of an event: nobody is on the stack but us, so callbacks may run. An application that
 * answers every callback with a new request does not keep the loop for itself: it goes on in the
 * next turn. */
void turn_end(struct quorum *q)
{
    assert(q->depth > 0);
    if (q->depth > 1) {
        q->depth--;
        return;
    }
    assert(q->in_raft == 0);
    bool more = true;
    for (unsigned n = 0; more && n < TURN_STEPS_MAX; n++) {
        more = turn_drain(q);
        if (!more && q->started && !q->closing) more = reads_step(q);
    }
    if (q->started && !q->closing) lead_announce_commit(q);
    if (more || !list_empty(&q->deferred)) turn_ask(q);
    q->depth--;
    if (q->closing) io_try_close(q); /* may free q */
}

/* The end of a call by the application: it must not be called back from inside. */
void turn_quiet(struct quorum *q)
{
    assert(q->depth > 0);
    q->depth--;
    if (q->depth == 0 && (!list_empty(&q->deferred) || q->closing)) turn_ask(q);
}

void turn_submit(struct quorum *q, struct disk_job *job)
{
    q->jobs++;
    q->options.disk->submit(q->options.disk, job);
}

void turn_job_done(struct quorum *q)
{
    assert(q->jobs > 0);
    q->jobs--;
}
