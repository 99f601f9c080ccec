/* struct raft_io: the log on its way to the disk. Jobs run in order; a job that is done is durable,
 * and it never fails (disk.h), so libraft's broken error paths are never taken. */
#include "raft/backfill.h"
#include "raft/seats.h"

#include <assert.h>
#include <endian.h>

struct write {
    struct disk_job job;
    struct quorum *q;
    struct raft_io_append *req;
    raft_io_append_cb cb;
    struct record records[];
};

static struct record io_record_of(const struct raft_entry *e, uint64_t index)
{
    struct record r = {.index = index, .term = e->term, .type = (uint8_t)e->type};
    if (e->type == RAFT_BARRIER) return r; /* its bytes mean nothing, and differ between masters */
    r.payload = (struct str){e->buf.base, e->buf.len};
    if (e->type == RAFT_COMMAND) {
        assert(e->buf.len >= ENTRY_HEADER);
        uint64_t header[2];
        memcpy(header, e->buf.base, sizeof header);
        r.payload = (struct str){(char *)e->buf.base + ENTRY_HEADER, e->buf.len - ENTRY_HEADER};
        if (seats_is_entry(e)) {
            r.type = RECORD_SEAT;
            return r;
        }
        r.first_revision = le64toh(header[0]);
        r.time_ms = (int64_t)le64toh(header[1]);
    }
    return r;
}

static void io_append_done(struct disk_job *job, int status)
{
    struct write *w = container_of(job, struct write, job);
    struct quorum *q = w->q;
    if (status != 0) trace_fatal("quorum", "the log cannot be written: %s", error_name(status));
    turn_begin(q);
    turn_job_done(q);
    q->writes--;
    /* Also while closing: it is durable, and libraft's path for a failed append truncates past the
     * end. */
    RAFT_CALL(q, w->cb(w->req, 0));
    mem_free(w);
    receive_retry_held(q);
    turn_end(q);
}

/* True: nothing that changes the members is among them. */
static bool io_members_stay(struct quorum *q, const struct raft_entry entries[], unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        struct raft_configuration conf;
        if (entries[i].type != RAFT_CHANGE) continue;
        if (configuration_read((struct str){entries[i].buf.base, entries[i].buf.len}, &conf, NULL))
            return false;
        bool foreign = guard_s8_foreign_change(q, &conf);
        raft_configuration_close(&conf);
        if (foreign) return false;
    }
    return true;
}

int io_append(struct raft_io *io, struct raft_io_append *req, const struct raft_entry entries[],
              unsigned n, raft_io_append_cb cb)
{
    struct quorum *q = io_quorum(io);
    if (!io_members_stay(q, entries, n))
        trace_fatal("quorum", "libraft would write a change of the members, which are fixed");
    for (unsigned i = 0; i < n; i++)
        if (seats_is_entry(&entries[i])) seats_stored(q, &entries[i]);
    backfill_yield(q, q->log_last + 1);
    struct write *w = mem_zalloc(sizeof *w + n * sizeof w->records[0]);
    w->q = q;
    w->req = req;
    w->cb = cb;
    for (unsigned i = 0; i < n; i++) w->records[i] = io_record_of(&entries[i], ++q->log_last);
    w->job.type = DISK_APPEND;
    w->job.records = w->records;
    w->job.count = n;
    w->job.done = io_append_done;
    q->writes++;
    turn_submit(q, &w->job);
    return 0;
}

struct cut {
    struct disk_job job;
    struct quorum *q;
};

static void io_truncate_done(struct disk_job *job, int status)
{
    struct cut *c = container_of(job, struct cut, job);
    struct quorum *q = c->q;
    if (status != 0) trace_fatal("quorum", "the log cannot be truncated: %s", error_name(status));
    turn_begin(q);
    turn_job_done(q);
    q->cuts--;
    mem_free(c);
    receive_retry_held(q);
    turn_end(q);
}

void io_cut(struct quorum *q, uint64_t from)
{
    struct cut *c = mem_new(struct cut);
    c->q = q;
    c->job.type = DISK_TRUNCATE;
    c->job.index = from;
    c->job.done = io_truncate_done;
    q->cuts++;
    turn_submit(q, &c->job);
}

int io_truncate(struct raft_io *io, raft_index index)
{
    struct quorum *q = io_quorum(io);
    if (index > q->log_last) return 0;
    q->log_last = index - 1;
    if (q->ahead)
        backfill_yield(q, index);
    else
        io_cut(q, index);
    return 0;
}
