/* What a master remembers of everybody's past, in a file of its own: two equal copies of 512 bytes,
 * written and synced one after the other, in place, so that it works when the disk is full. */
#include "store/files.h"
#include "store/inside.h"
#include "store/marks.h"

#include "base/trace.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

static const char past_name[] = "past", past_magic[8] = "past 01\n";

struct past_bytes {
    char magic[8];
    uint64_t sequence;
    struct store_past past;
};
enum { PAST_CRC = PAST_SIZE - sizeof(uint32_t) };
static_assert(sizeof(struct past_bytes) <= PAST_CRC, "one sector");
static_assert(sizeof(struct store_past) ==
                  40 + STORE_PEERS_MAX * (sizeof(struct store_peer) + sizeof(uint64_t)),
              "no padding: it is written as it is");

static void past_encode(const struct past_bytes *value, unsigned char out[PAST_SIZE])
{
    memset(out, 0, PAST_SIZE);
    memcpy(out, value, sizeof *value);
    memcpy(out, past_magic, sizeof past_magic);
    uint32_t crc = crc32c(0, out, PAST_CRC);
    memcpy(out + PAST_CRC, &crc, sizeof crc);
}

static bool past_decode(const unsigned char *bytes, struct past_bytes *out)
{
    uint32_t crc;
    memcpy(&crc, bytes + PAST_CRC, sizeof crc);
    memcpy(out, bytes, sizeof *out);
    return memcmp(out->magic, past_magic, sizeof past_magic) == 0 &&
           crc == crc32c(0, bytes, PAST_CRC) && out->past.count <= STORE_PEERS_MAX;
}

bool past_is_whole(const unsigned char *copy)
{
    struct past_bytes ignored;
    return past_decode(copy, &ignored);
}

static int past_read(const char *dir, struct past_bytes *out, bool whole[2], struct error *err)
{
    mem_auto char *path = mem_printf("%s/%s", dir, past_name);
    unsigned char bytes[2 * PAST_SIZE];
    struct past_bytes copy[2];
    size_t n;
    int rc = files_read(path, bytes, sizeof bytes, &n, err);
    if (rc) return rc;
    for (unsigned i = 0; i < 2; i++)
        whole[i] = n == sizeof bytes && past_decode(bytes + i * PAST_SIZE, &copy[i]);
    if (!whole[0] && !whole[1]) {
        store_mark(STORE_MARK_past_lost);
        return error_set(err, E_CORRUPT,
                         "past: both copies are damaged, this master cannot prove that it is not "
                         "an older copy of itself");
    }
    if (!whole[0] || !whole[1]) store_mark(STORE_MARK_past_replaced);
    *out = copy[!whole[0] || (whole[1] && copy[1].sequence > copy[0].sequence)];
    return 0;
}

int store_past_get(struct store *s, struct store_past *out, struct error *err)
{
    struct past_bytes value;
    bool whole[2];
    pthread_mutex_lock(&s->past_lock);
    int rc = past_read(s->dir, &value, whole, err);
    for (unsigned i = 0; !rc && i < 2; i++)
        if (!whole[i])
            trace_warn("store", "past: copy %u is damaged, the other one is used", i + 1);
    if (!rc) s->past_sequence = value.sequence;
    pthread_mutex_unlock(&s->past_lock);
    if (!rc) *out = value.past;
    return rc == E_NOTFOUND ? error_set(err, rc, "nothing is remembered yet") : rc;
}

static int past_write(struct store *s, const unsigned char bytes[PAST_SIZE], struct error *err)
{
    mem_auto char *path = mem_printf("%s/%s", s->dir, past_name);
    int fd = open(path, O_WRONLY | O_CLOEXEC), rc = 0;
    if (fd < 0 && errno == ENOENT) {
        unsigned char both[2 * PAST_SIZE];
        memcpy(both, bytes, PAST_SIZE);
        memcpy(both + PAST_SIZE, bytes, PAST_SIZE);
        return files_replace(s->dir, past_name, both, sizeof both, !s->no_sync, err);
    }
    if (fd < 0) return files_errno(err, "open", path);
    for (unsigned i = 0; !rc && i < 2; i++) {
        rc = files_write_at(fd, bytes, PAST_SIZE, (uint64_t)i * PAST_SIZE);
        if (!rc && !s->no_sync && fdatasync(fd)) rc = -errno;
    }
    close(fd);
    if (!rc) return 0;
    errno = -rc;
    return files_errno(err, "write", path);
}

int store_past_set(struct store *s, const struct store_past *past, uint64_t version,
                   struct error *err)
{
    assert(!s->read_only && past->count <= STORE_PEERS_MAX);
    unsigned char bytes[PAST_SIZE];
    pthread_mutex_lock(&s->past_lock);
    int rc = 0;
    if (version > s->past_version) {
        struct past_bytes value = {.sequence = s->past_sequence + 1, .past = *past};
        past_encode(&value, bytes);
        rc = past_write(s, bytes, err);
        if (!rc) {
            s->past_sequence++;
            s->past_version = version;
        }
    }
    pthread_mutex_unlock(&s->past_lock);
    return rc;
}
