/* The bytes of a keyframe: meta, records, trailer. */
#include "store/files.h"
#include "store/keyframe_inside.h"

#include "base/buf.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEYFRAME_FORMAT = 1, KEYFRAME_CHUNK = 1 << 20 };
static const char keyframe_magic[8] = "keyframe";

static_assert(sizeof(struct keyframe_head) == 128, "no padding: every byte is checked");
static_assert(sizeof(struct keyframe_trailer) == 40, "no padding: every byte is checked");

void keyframe_head_encode(const struct keyframe_meta *meta, uint32_t records_crc, struct buf *out)
{
    struct keyframe_head h = {
        .format = KEYFRAME_FORMAT,
        .revision = meta->revision,
        .index = meta->index,
        .term = meta->term,
        .time_ms = meta->time_ms,
        .state = meta->state,
        .chain = meta->chain,
        .configuration_index = meta->configuration_index,
        .record_count = meta->record_count,
        .records_crc = records_crc,
        .configuration_length = (uint32_t)meta->configuration.n,
    };
    size_t at = out->len;
    buf_append(out, &h, sizeof h);
    buf_append(out, meta->configuration.p, meta->configuration.n);
    h.crc = crc32c(0, out->data + at + sizeof h.crc, out->len - at - sizeof h.crc);
    memcpy(out->data + at, &h.crc, sizeof h.crc);
}

int keyframe_head_decode(const void *bytes, size_t n, struct keyframe_meta *out,
                         uint32_t *records_crc)
{
    struct keyframe_head h;
    if (n < sizeof h) return E_CORRUPT;
    memcpy(&h, bytes, sizeof h);
    if (h.crc != crc32c(0, (const char *)bytes + sizeof h.crc, n - sizeof h.crc)) return E_CORRUPT;
    if (h.format != KEYFRAME_FORMAT) return E_UNSUPPORTED;
    if (h.configuration_length != n - sizeof h) return E_CORRUPT;
    *out = (struct keyframe_meta){
        .revision = h.revision,
        .index = h.index,
        .term = h.term,
        .time_ms = h.time_ms,
        .state = h.state,
        .chain = h.chain,
        .configuration_index = h.configuration_index,
        .configuration = {(const char *)bytes + sizeof h, h.configuration_length},
        .record_count = h.record_count,
    };
    *records_crc = h.records_crc;
    return 0;
}

uint32_t keyframe_record_crc(uint64_t number, struct str record)
{
    return crc32c(crc32c(0, &number, sizeof number), record.p, record.n);
}

static uint32_t trailer_crc(const struct keyframe_trailer *t)
{
    return crc32c(0, t, offsetof(struct keyframe_trailer, crc));
}

static int trailer_get(int fd, struct keyframe_trailer *out, const char *path, struct error *err)
{
    struct stat st;
    if (fstat(fd, &st)) return files_errno(err, "look at", path);
    uint64_t size = (uint64_t)st.st_size;
    ssize_t n = size > sizeof *out ? pread(fd, out, sizeof *out, (off_t)(size - sizeof *out)) : 0;
    if (n < 0) return files_errno(err, "read", path);
    if (n == sizeof *out && memcmp(out->magic, keyframe_magic, sizeof out->magic) == 0 &&
        out->crc == trailer_crc(out) && out->size == size - sizeof *out)
        return 0;
    return error_set(err, E_CORRUPT, "%s: its end is damaged or missing", path);
}

int keyframe_trailer_read(const char *path, struct keyframe_trailer *out, struct error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return files_errno(err, "open", path);
    int rc = trailer_get(fd, out, path, err);
    close(fd);
    return rc;
}

static int content_crc(int fd, uint64_t size, uint32_t *out, const char *path, struct error *err)
{
    mem_auto char *chunk = mem_alloc(KEYFRAME_CHUNK);
    uint32_t crc = 0;
    for (uint64_t at = 0; at < size;) {
        size_t want = size - at < KEYFRAME_CHUNK ? (size_t)(size - at) : KEYFRAME_CHUNK;
        ssize_t n = pread(fd, chunk, want, (off_t)at);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return files_errno(err, "read", path);
        if (n == 0) return error_set(err, E_CORRUPT, "%s: is cut off", path);
        crc = crc32c(crc, chunk, (size_t)n);
        at += (uint64_t)n;
    }
    *out = crc;
    return 0;
}

int keyframe_file_check(const char *path, struct error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return files_errno(err, "open", path);
    struct keyframe_trailer t = {0};
    uint32_t crc = 0;
    int rc = trailer_get(fd, &t, path, err);
    if (!rc) rc = content_crc(fd, t.size, &crc, path, err);
    if (!rc && crc != t.content_crc) rc = error_set(err, E_CORRUPT, "%s: checksum mismatch", path);
    close(fd);
    return rc;
}

int keyframe_trailer_add(const char *path, const struct keyframe_meta *meta, struct error *err)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0) return files_errno(err, "open", path);
    struct stat st;
    struct keyframe_trailer t = {.revision = meta->revision, .index = meta->index};
    memcpy(t.magic, keyframe_magic, sizeof t.magic);
    int rc = fstat(fd, &st) ? files_errno(err, "look at", path) : 0;
    t.size = rc ? 0 : (uint64_t)st.st_size;
    if (!rc) rc = content_crc(fd, t.size, &t.content_crc, path, err);
    t.crc = trailer_crc(&t);
    int written = rc ? 0 : files_write_at(fd, &t, sizeof t, t.size);
    if (written) {
        errno = -written;
        rc = files_errno(err, "write", path);
    }
    close(fd);
    return rc;
}

char *keyframe_path(const struct store *s, uint64_t revision)
{
    return mem_printf("%s/%020" PRIu64 ".mdb", s->keyframe_dir, revision);
}

char *keyframe_temporary(const struct store *s)
{
    static _Atomic unsigned number;
    return mem_printf("%s/%u.tmp", s->keyframe_dir, ++number);
}

static bool keyframe_later_there(const char *path, uint64_t index)
{
    struct keyframe_trailer there = {0};
    struct error err;
    return keyframe_trailer_read(path, &there, &err) == 0 && there.index > index &&
           keyframe_file_check(path, &err) == 0;
}

int keyframe_publish(struct store *s, const char *temporary, const struct keyframe_meta *meta,
                     struct error *err)
{
    mem_auto char *path = keyframe_path(s, meta->revision);
    if (!s->no_sync) {
        int fd = open(temporary, O_RDONLY | O_CLOEXEC);
        int rc = fd < 0 || fsync(fd) ? files_errno(err, "sync", temporary) : 0;
        if (fd >= 0) close(fd);
        if (rc) return rc;
    }
    pthread_mutex_lock(&s->lock);
    bool stays = keyframe_later_there(path, meta->index);
    int failed = !stays && rename(temporary, path) ? files_errno(err, "rename to", path) : 0;
    pthread_mutex_unlock(&s->lock);
    if (stays) unlink(temporary);
    if (stays || failed) return failed;
    return s->no_sync ? 0 : files_sync_dir(s->keyframe_dir, err);
}
