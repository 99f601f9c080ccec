/* Receiving a keyframe from another master. */
#include "store/files.h"
#include "store/keyframe_inside.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

struct keyframe_incoming {
    struct store *s;
    char *path; /* temporary */
    int fd;
    uint64_t size;
};

int keyframe_receive(struct store *s, uint64_t size, struct keyframe_incoming **out,
                     struct error *err)
{
    assert(!s->read_only);
    if (size <= sizeof(struct keyframe_trailer) || size > INT64_MAX)
        return error_set(err, E_INVALID, "a keyframe cannot have %" PRIu64 " bytes", size);
    struct keyframe_incoming *in = mem_new(struct keyframe_incoming);
    in->s = s;
    in->size = size;
    in->path = keyframe_temporary(s);
    in->fd = open(in->path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    int rc = in->fd < 0 ? files_errno(err, "create", in->path) : 0;
    if (!rc && fallocate(in->fd, 0, 0, (off_t)size) && errno != EOPNOTSUPP && errno != ENOSYS)
        rc = files_errno(err, "make room for", in->path);
    if (rc) {
        keyframe_receive_abandon(in);
        return rc;
    }
    *out = in;
    return 0;
}

int keyframe_receive_write(struct keyframe_incoming *in, uint64_t offset, const void *bytes,
                           size_t n, struct error *err)
{
    if (offset > in->size || n > in->size - offset)
        return error_set(err, E_INVALID, "bytes beyond the end of the keyframe");
    int rc = files_write_at(in->fd, bytes, n, offset);
    if (!rc) return 0;
    errno = -rc;
    return files_errno(err, "write", in->path);
}

static int incoming_check(struct keyframe_incoming *in, struct keyframe_meta *out,
                          struct error *err)
{
    struct keyframe *k;
    struct str record;
    int rc = keyframe_open_file(in->path, &k, err);
    if (rc) return rc;
    while ((rc = keyframe_next(k, &record, err)) == 0) continue;
    if (rc == E_NOTFOUND) {
        rc = 0;
        *out = *keyframe_meta(k);
        out->configuration = (struct str){0}; /* goes with k */
    }
    keyframe_close(k);
    return rc;
}

int keyframe_receive_finish(struct keyframe_incoming *in, struct keyframe_meta *out,
                            struct error *err)
{
    struct keyframe_meta meta = {0};
    int rc = incoming_check(in, &meta, err);
    if (!rc) rc = keyframe_publish(in->s, in->path, &meta, err);
    if (!rc) *out = meta;
    keyframe_receive_abandon(in);
    return rc;
}

void keyframe_receive_abandon(struct keyframe_incoming *in)
{
    if (!in) return;
    if (in->fd >= 0) close(in->fd);
    unlink(in->path);
    mem_free(in->path);
    mem_free(in);
}
