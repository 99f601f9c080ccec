/* What everything in this process does to files, LMDB included: the executable's own symbols are
 * found before libc's. Files of masters' directories go through their medium, all others straight
 * to the kernel. LMDB's lock files are no part of the disk. */
#include "medium.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { FILES_MAX = 8192 };

static struct opened {
    struct medium *medium;
    struct medium_file *file; /* NULL: a directory */
    char *dir;
    bool durable; /* O_DSYNC */
} opened[FILES_MAX];
static struct sim *seams_sim;

void seams_disk_begin(struct sim *s)
{
    seams_sim = s;
}

static struct medium *seam_medium(const char *path)
{
    struct sim *s = seams_sim;
    size_t n = s ? strlen(s->root) : 0, length = strlen(path);
    if (!n || strncmp(path, s->root, n) != 0 || path[n] != '/') return NULL;
    if (length > 5 && strcmp(path + length - 5, "-lock") == 0) return NULL;
    if (length > 5 && strcmp(path + length - 5, "/lock") == 0) return NULL;
    for (unsigned i = 0; i < s->master_count; i++) {
        size_t k = strlen(s->masters[i].dir);
        if (strncmp(path, s->masters[i].dir, k) == 0 && (path[k] == '/' || path[k] == '\0'))
            return s->masters[i].medium;
    }
    return NULL;
}

static struct opened *seam_of(int fd)
{
    return fd >= 0 && fd < FILES_MAX && opened[fd].medium ? &opened[fd] : NULL;
}

static int seam_fail(int number)
{
    errno = number;
    return -1;
}

void seams_disk_forget(struct medium *md)
{
    for (int fd = 0; fd < FILES_MAX; fd++)
        if (opened[fd].medium == md) close(fd);
}

static int seam_open(struct medium *md, const char *path, int flags, unsigned mode)
{
    bool makes = (flags & O_CREAT) && access(path, F_OK) != 0;
    if (makes && medium_before(md, MEDIUM_WRITES)) return seam_fail(EIO);
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, flags & ~O_TRUNC, mode);
    if (fd < 0 || fd >= FILES_MAX) return fd;
    struct opened *o = &opened[fd];
    *o = (struct opened){.medium = md, .durable = (flags & O_DSYNC) != 0};
    o->file = medium_file_of(md, fd, path);
    if (!o->file) o->dir = mem_strdup(path);
    if (makes) medium_changed(md, CHANGE_MADE, path, NULL, NULL);
    if (!o->file || !(flags & O_TRUNC) || makes || ftruncate(fd, 0) == 0) return fd;
    int number = errno;
    close(fd);
    return seam_fail(number);
}

int open(const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    unsigned mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(args, unsigned) : 0;
    va_end(args);
    struct medium *md = seam_medium(path);
    if (md) return seam_open(md, path, flags, mode);
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...) __attribute__((alias("open")));

int close(int fd)
{
    struct opened *o = seam_of(fd);
    if (o) {
        mem_free(o->dir);
        *o = (struct opened){0};
    }
    return (int)syscall(SYS_close, fd);
}

static uint64_t seam_size(int fd)
{
    struct stat st;
    return fstat(fd, &st) ? 0 : (uint64_t)st.st_size;
}

/* How much of [offset, offset + n) has room; what the file grows by is taken from the disk. */
static size_t seam_room(struct medium *md, int fd, uint64_t offset, size_t n)
{
    uint64_t size = seam_size(fd), grows = offset + n > size ? offset + n - size : 0;
    if (grows <= md->room) {
        md->room -= grows;
        return n;
    }
    size_t fits = n > grows - md->room ? n - (size_t)(grows - md->room) : 0;
    md->room = fits ? 0 : md->room;
    return fits;
}

ssize_t pwrite(int fd, const void *bytes, size_t n, off_t offset)
{
    struct opened *o = seam_of(fd);
    if (o && o->file) {
        if (medium_before(o->medium, MEDIUM_WRITES)) return seam_fail(EIO);
        size_t fits = seam_room(o->medium, fd, (uint64_t)offset, n);
        if (n && !fits) return seam_fail(ENOSPC);
        medium_note(o->file, (uint64_t)offset, n = fits, o->durable, bytes);
    }
    return syscall(SYS_pwrite64, fd, bytes, n, offset);
}

ssize_t pwrite64(int fd, const void *bytes, size_t n, off64_t offset)
    __attribute__((alias("pwrite")));

/* LMDB writes runs of pages so, after an lseek. A disk that fills up takes the first part only. */
ssize_t writev(int fd, const struct iovec *parts, int count)
{
    struct opened *o = seam_of(fd);
    if (!o || !o->file) return syscall(SYS_writev, fd, parts, count);
    uint64_t at = (uint64_t)syscall(SYS_lseek, fd, 0, SEEK_CUR);
    size_t n = 0;
    for (int i = 0; i < count; i++) n += parts[i].iov_len;
    if (medium_before(o->medium, MEDIUM_WRITES)) return seam_fail(EIO);
    size_t fits = seam_room(o->medium, fd, at, n);
    if (n && !fits) return seam_fail(ENOSPC);
    assert(!o->durable); /* nobody does */
    medium_note(o->file, at, fits, false, NULL);
    if (fits == n) return syscall(SYS_writev, fd, parts, count);
    size_t first = fits < parts[0].iov_len ? fits : parts[0].iov_len;
    return syscall(SYS_write, fd, parts[0].iov_base, first);
}

ssize_t write(int fd, const void *bytes, size_t n)
{
    struct opened *o = seam_of(fd);
    if (o && o->file) return writev(fd, &(struct iovec){(void *)bytes, n}, 1);
    return syscall(SYS_write, fd, bytes, n);
}

ssize_t pread(int fd, void *bytes, size_t n, off_t offset)
{
    struct opened *o = seam_of(fd);
    if (o && o->file && medium_before(o->medium, MEDIUM_READS)) return seam_fail(EIO);
    return syscall(SYS_pread64, fd, bytes, n, offset);
}

ssize_t pread64(int fd, void *bytes, size_t n, off64_t offset) __attribute__((alias("pread")));

ssize_t read(int fd, void *bytes, size_t n)
{
    struct opened *o = seam_of(fd);
    if (o && o->file && medium_before(o->medium, MEDIUM_READS)) return seam_fail(EIO);
    return syscall(SYS_read, fd, bytes, n);
}

int fdatasync(int fd)
{
    struct opened *o = seam_of(fd);
    if (!o) return (int)syscall(SYS_fdatasync, fd);
    if (medium_before(o->medium, MEDIUM_SYNCS)) return seam_fail(EIO);
    if (o->file)
        medium_synced(o->file);
    else
        medium_entries_synced(o->medium, o->dir);
    return 0;
}

int fsync(int fd)
{
    return fdatasync(fd);
}

int ftruncate(int fd, off_t size)
{
    struct opened *o = seam_of(fd);
    if (o && o->file) {
        if (medium_before(o->medium, MEDIUM_WRITES)) return seam_fail(EIO);
        medium_note_size(o->file, (uint64_t)size);
    }
    return (int)syscall(SYS_ftruncate, fd, size);
}

int ftruncate64(int fd, off64_t size) __attribute__((alias("ftruncate")));

int truncate(const char *path, off_t size)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0) return -1;
    int rc = ftruncate(fd, size);
    close(fd);
    return rc;
}

int fallocate(int fd, int mode, off_t offset, off_t n)
{
    struct opened *o = seam_of(fd);
    if (!o || !o->file) return (int)syscall(SYS_fallocate, fd, mode, offset, n);
    if (medium_before(o->medium, MEDIUM_WRITES)) return seam_fail(EIO);
    uint64_t size = seam_size(fd), end = (uint64_t)(offset + n);
    if (end <= size) return 0;
    if (end - size > o->medium->room) return seam_fail(ENOSPC);
    o->medium->room -= end - size;
    medium_note_size(o->file, end);
    return (int)syscall(SYS_ftruncate, fd, end);
}

int posix_fallocate(int fd, off_t offset, off_t n)
{
    return fallocate(fd, 0, offset, n) ? errno : 0;
}

int rename(const char *from, const char *to)
{
    struct medium *md = seam_medium(from);
    if (!md) return (int)syscall(SYS_rename, from, to);
    if (medium_before(md, MEDIUM_WRITES)) return seam_fail(EIO);
    char *saved = medium_save(md, to);
    int rc = (int)syscall(SYS_rename, from, to);
    if (rc)
        mem_free(saved);
    else
        medium_changed(md, CHANGE_RENAMED, from, to, saved);
    return rc;
}

int unlink(const char *path)
{
    struct medium *md = seam_medium(path);
    struct stat st;
    if (!md || stat(path, &st)) return (int)syscall(SYS_unlink, path);
    if (medium_before(md, MEDIUM_WRITES)) return seam_fail(EIO);
    char *saved = medium_save(md, path);
    int rc = (int)syscall(SYS_unlink, path);
    if (rc) {
        mem_free(saved);
        return rc;
    }
    md->room += (uint64_t)st.st_size;
    medium_changed(md, CHANGE_REMOVED, path, NULL, saved);
    return 0;
}

/* A disk of 16 GiB, however much fits on it. */
int statvfs(const char *path, struct statvfs *out)
{
    struct medium *md = seam_medium(path);
    if (!md) return seam_fail(ENOSYS);
    *out = (struct statvfs){.f_bsize = 4096, .f_frsize = 4096, .f_blocks = 4 << 20};
    out->f_bfree = out->f_bavail = md->room / 4096;
    return 0;
}
