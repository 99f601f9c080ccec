#include "store/committer.h"

#include "store/inside.h"

#include "base/trace.h"

#include <inttypes.h>
#include <pthread.h>
#include <time.h>

enum {
    COMMIT_BYTES = 32 << 20,
    COMMIT_JOBS = 4096,
    RETRY_MS = 50,
    TRACE_MS = 1000,
    BALLAST_MS = 10000
};

struct committer {
    struct disk disk;
    struct inbox *home;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct note *head, **tail; /* submitted, not taken yet */
    bool stopping;
    uint64_t busy_since_ms; /* when the oldest unfinished job was submitted; 0: idle */
    bool gave_up;           /* the thread's own from here on: something found no room at the end */
    struct record *merged;
    size_t merged_cap;
    uint64_t traced_ms, ballast_ms;
};

static struct disk_job *job_of(struct note *note)
{
    return container_of(note, struct disk_job, note);
}

static uint64_t clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000 + 1;
}

static void committer_done(struct note *note)
{
    struct disk_job *job = job_of(note);
    job->done(job, job->status);
}

static void committer_submit(struct disk *d, struct disk_job *job)
{
    struct committer *c = container_of(d, struct committer, disk);
    job->note.next = NULL;
    job->note.run = committer_done;
    job->submitted_ms = clock_ms();
    pthread_mutex_lock(&c->lock);
    *c->tail = &job->note;
    c->tail = &job->note.next;
    if (!c->busy_since_ms) c->busy_since_ms = job->submitted_ms;
    pthread_cond_signal(&c->changed);
    pthread_mutex_unlock(&c->lock);
}

static uint64_t committer_stuck_ms(struct disk *d)
{
    struct committer *c = container_of(d, struct committer, disk);
    pthread_mutex_lock(&c->lock);
    uint64_t since = c->busy_since_ms;
    pthread_mutex_unlock(&c->lock);
    return since ? clock_ms() - since : 0;
}

static bool committer_is_stopping(struct committer *c)
{
    pthread_mutex_lock(&c->lock);
    bool stopping = c->stopping;
    pthread_mutex_unlock(&c->lock);
    return stopping;
}

/* Takes the first job, and the appends right behind it as long as one commit should hold them. */
static struct note *committer_take(struct committer *c)
{
    pthread_mutex_lock(&c->lock);
    while (!c->head && !c->stopping) pthread_cond_wait(&c->changed, &c->lock);
    struct note *first = c->head, *last = first;
    size_t bytes = 0, jobs = 0;
    for (struct note *n = first; n; n = n->next) {
        struct disk_job *job = job_of(n);
        if (n != first && (job->type != DISK_APPEND || job_of(first)->type != DISK_APPEND)) break;
        for (size_t i = 0; job->type == DISK_APPEND && i < job->count; i++)
            bytes += record_size(&job->records[i]);
        if (n != first && (bytes > COMMIT_BYTES || ++jobs >= COMMIT_JOBS)) break;
        last = n;
    }
    if (first) {
        c->head = last->next;
        if (!c->head) c->tail = &c->head;
        last->next = NULL;
    }
    pthread_mutex_unlock(&c->lock);
    return first;
}

static int committer_append(struct committer *c, struct note *jobs, struct error *err)
{
    if (!jobs->next)
        return store_append(c->disk.store, job_of(jobs)->records, job_of(jobs)->count, err);
    size_t n = 0;
    for (struct note *it = jobs; it; it = it->next) n += job_of(it)->count;
    if (n > c->merged_cap)
        c->merged = mem_resize(c->merged, (c->merged_cap = n * 2) * sizeof *c->merged);
    n = 0;
    for (struct note *it = jobs; it; it = it->next) {
        struct disk_job *job = job_of(it);
        if (job->count) memcpy(&c->merged[n], job->records, job->count * sizeof *c->merged);
        n += job->count;
    }
    return store_append(c->disk.store, c->merged, n, err);
}

static int committer_try(struct committer *c, struct note *jobs, struct error *err)
{
    struct store *s = c->disk.store;
    struct disk_job *job = job_of(jobs);
    switch (job->type) {
    case DISK_APPEND:
        return committer_append(c, jobs, err);
    case DISK_TRUNCATE:
        return store_truncate(s, job->index, err);
    case DISK_RESET:
        return store_reset(s, job->index, job->term, &job->chain, err);
    case DISK_CALL:
        return job->call(job, s);
    }
    return E_INVALID;
}

/* No space: throw the ballast out at once, then wait for somebody to make room. */
static void committer_full(struct committer *c, const struct error *err)
{
    if (space_ballast_release(c->disk.store)) {
        trace_warn("store", "%s; the ballast was released", err->text);
        return;
    }
    uint64_t now = clock_ms();
    if (now - c->traced_ms >= TRACE_MS) {
        c->traced_ms = now;
        trace_error("store", "%s; trying again until there is room (stuck for %" PRIu64 " ms)",
                    err->text, committer_stuck_ms(&c->disk));
    }
    nanosleep(&(struct timespec){.tv_nsec = RETRY_MS * 1000000L}, NULL);
}

static int committer_run(struct committer *c, struct note *jobs)
{
    struct error err = {0};
    for (;;) {
        int rc = committer_try(c, jobs, &err);
        if (job_of(jobs)->type == DISK_CALL || rc == 0) return rc;
        if (rc != E_FULL) trace_fatal("store", "cannot write the log: %s", err.text);
        if (committer_is_stopping(c)) {
            c->gave_up = true;
            return E_CLOSED;
        }
        committer_full(c, &err);
    }
}

static void committer_answer(struct committer *c, struct note *jobs, int status)
{
    pthread_mutex_lock(&c->lock);
    c->busy_since_ms = c->head ? job_of(c->head)->submitted_ms : 0;
    pthread_mutex_unlock(&c->lock);
    while (jobs) {
        struct note *next = jobs->next; /* posting hands the job over */
        job_of(jobs)->status = status;
        inbox_post(c->home, jobs);
        jobs = next;
    }
}

static void committer_refill(struct committer *c)
{
    uint64_t now = clock_ms();
    if (!c->disk.store->ballast_spent || now - c->ballast_ms < BALLAST_MS) return;
    c->ballast_ms = now;
    space_ballast_fill(c->disk.store);
}

/* What found no room at the end is not written, nor is anything behind it: a log has no gaps. */
static void *committer_main(void *arg)
{
    struct committer *c = arg;
    for (struct note *jobs; (jobs = committer_take(c));) {
        int status = c->gave_up ? E_CLOSED : committer_run(c, jobs);
        committer_answer(c, jobs, status);
        if (!c->disk.store->no_sync) committer_refill(c);
    }
    return NULL;
}

struct disk *committer_start(struct store *s, struct inbox *home)
{
    struct committer *c = mem_new(struct committer);
    c->disk = (struct disk){committer_submit, committer_stuck_ms, s};
    c->home = home;
    c->tail = &c->head;
    c->ballast_ms = clock_ms();
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->changed, NULL);
    if (pthread_create(&c->thread, NULL, committer_main, c))
        trace_fatal("store", "cannot start the committing thread");
    return &c->disk;
}

void committer_stop(struct disk *d)
{
    if (!d) return;
    struct committer *c = container_of(d, struct committer, disk);
    pthread_mutex_lock(&c->lock);
    c->stopping = true;
    pthread_cond_signal(&c->changed);
    pthread_mutex_unlock(&c->lock);
    pthread_join(c->thread, NULL);
    pthread_cond_destroy(&c->changed);
    pthread_mutex_destroy(&c->lock);
    mem_free(c->merged);
    mem_free(c);
}
