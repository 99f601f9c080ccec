/* The hint how far the log is committed: an index and its complement, unsynced. */
#include "store/files.h"
#include "store/inside.h"

#include "base/trace.h"

#include <fcntl.h>
#include <unistd.h>

/* 0: nothing is known. False: the disk cannot read it. */
static bool committed_read(const struct store *s, uint64_t *out)
{
    uint64_t pair[2];
    ssize_t n = s->committed_fd < 0 ? 0 : pread(s->committed_fd, pair, sizeof pair, 0);
    *out = n == sizeof pair && pair[0] == ~pair[1] ? pair[0] : 0;
    return n >= 0;
}

int committed_open(struct store *s, struct error *err)
{
    if (s->committed_fd >= 0) close(s->committed_fd);
    mem_auto char *path = mem_printf("%s/committed", s->dir);
    s->committed_fd = open(path, (s->read_only ? O_RDONLY : O_RDWR | O_CREAT) | O_CLOEXEC, 0600);
    if (s->committed_fd < 0 && !s->read_only) return files_errno(err, "open", path);
    uint64_t hint;
    if (!committed_read(s, &hint)) return files_errno(err, "read", path);
    s->committed = hint;
    return 0;
}

void store_committed_set(struct store *s, uint64_t index)
{
    const uint64_t pair[2] = {index, ~index};
    s->committed = index;
    if (files_write_at(s->committed_fd, pair, sizeof pair, 0))
        trace_debug("store", "the committed hint cannot be written");
}

uint64_t store_committed_get(struct store *s)
{
    uint64_t hint;
    if (s->read_only && committed_read(s, &hint)) s->committed = hint;
    return s->committed;
}
