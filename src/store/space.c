/* Room on the disk: what is left, and the ballast that is thrown out when nothing is. */
#include "store/files.h"
#include "store/inside.h"
#include "store/marks.h"

#include "base/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum {
    SPACE_LOW = 64 << 20,
    SPACE_NONE = 1 << 20,
    SPACE_STEP_MAX = 1 << 20,
    SPACE_STEP_MIN = 64 << 10
};

static bool space_read(const char *dir, uint64_t *free_bytes, uint64_t *all)
{
    struct statvfs fs;
    if (statvfs(dir, &fs)) return false;
    *free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
    *all = (uint64_t)fs.f_blocks * fs.f_frsize;
    return true;
}

/* Low: less than 64 MiB, on small disks less than a fifth. */
static uint64_t space_limit(uint64_t all)
{
    return all / 5 < SPACE_LOW ? all / 5 : SPACE_LOW;
}

bool space_nearly_none(const char *dir)
{
    uint64_t left, all;
    return space_read(dir, &left, &all) && left < SPACE_NONE;
}

/* A commit into blocks that were allocated but never written has to wait for the filesystem's
 * journal, and so for everybody else who writes there; a commit into written ones does not. So they
 * are written once ahead (bench_store, three stores on one ext4: two to five times the commits). */
static int space_zero(int fd, uint64_t from, uint64_t to, const char *name, struct error *err)
{
    static const char zeros[64 << 10];
    while (from < to) {
        size_t n = to - from < sizeof zeros ? (size_t)(to - from) : sizeof zeros;
        int rc = files_write_at(fd, zeros, n, from);
        if (rc) {
            errno = -rc;
            return files_errno(err, "extend", name);
        }
        from += n;
    }
    return 0;
}

/* LMDB reports a short write at the end of the space as EIO; asking for the blocks before it writes
 * tells a full disk from a broken one. Filesystems that cannot preallocate only get the length: a
 * file shorter than its pages is how readers know that it was cut. */
int space_reserve(struct store *s, struct segment *seg, size_t bytes, struct error *err)
{
    MDB_envinfo info;
    MDB_stat stat;
    struct stat st;
    int fd;
    mdb_env_info(seg->env, &info);
    mdb_env_stat(seg->env, &stat);
    mdb_env_get_fd(seg->env, &fd);
    if (fstat(fd, &st)) return files_errno(err, "look at", seg->name);
    uint64_t end = (uint64_t)(info.me_last_pgno + 1) * stat.ms_psize;
    uint64_t need = end + bytes + bytes / 8 + 32 * stat.ms_psize;
    if (need <= (uint64_t)st.st_size) return 0;
    uint64_t step = s->segment_bytes / 32;
    if (step > SPACE_STEP_MAX) step = SPACE_STEP_MAX;
    if (step < SPACE_STEP_MIN) step = SPACE_STEP_MIN;
    uint64_t size = (need + step - 1) / step * step;
    if (!s->no_sync) {
        if (fallocate(fd, 0, st.st_size, (off_t)(size - (uint64_t)st.st_size)) == 0)
            return space_zero(fd, (uint64_t)st.st_size, size, seg->name, err);
        if (errno != EOPNOTSUPP && errno != ENOSYS) return files_errno(err, "extend", seg->name);
    }
    if (ftruncate(fd, (off_t)size) == 0) return 0;
    return files_errno(err, "extend", seg->name);
}

void space_ballast_fill(struct store *s)
{
    mem_auto char *path = mem_printf("%s/ballast", s->dir);
    struct stat st;
    uint64_t left, all;
    if (stat(path, &st) == 0 && (size_t)st.st_size == s->ballast_bytes) {
        s->ballast_spent = false;
        return;
    }
    s->ballast_spent = true;
    if (!space_read(s->dir, &left, &all) || left < space_limit(all) + s->ballast_bytes) return;
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) return;
    if (posix_fallocate(fd, 0, (off_t)s->ballast_bytes) == 0) {
        s->ballast_spent = false;
        store_mark(STORE_MARK_ballast_refilled);
    } else
        unlink(path);
    close(fd);
}

bool space_ballast_release(struct store *s)
{
    if (s->ballast_spent) return false;
    mem_auto char *path = mem_printf("%s/ballast", s->dir);
    s->ballast_spent = true;
    store_mark(STORE_MARK_ballast_released);
    return unlink(path) == 0;
}

static uint64_t space_file(const char *path)
{
    struct stat st;
    return stat(path, &st) ? 0 : (uint64_t)st.st_blocks * 512;
}

static uint64_t space_dir(const char *dir)
{
    uint64_t *numbers = NULL, sum = 0;
    size_t n = 0;
    if (files_numbers(dir, ".mdb", &numbers, &n, NULL)) return 0;
    for (size_t i = 0; i < n; i++) {
        mem_auto char *path = mem_printf("%s/%020" PRIu64 ".mdb", dir, numbers[i]);
        sum += space_file(path);
    }
    mem_free(numbers);
    return sum;
}

struct store_usage store_usage(struct store *s)
{
    struct store_usage usage = {.log_bytes = space_dir(s->log_dir),
                                .keyframe_bytes = space_dir(s->keyframe_dir),
                                .ballast_spent = !s->read_only && s->ballast_spent};
    uint64_t all = 0;
    if (space_read(s->dir, &usage.disk_free_bytes, &all))
        usage.low = usage.disk_free_bytes < space_limit(all);
    return usage;
}
