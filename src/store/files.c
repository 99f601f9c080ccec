#include "store/files.h"
#include "store/marks.h"

#include "base/mem.h"
#include "base/str.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

bool files_is_full(int number)
{
    return number == ENOSPC || number == EDQUOT || number == EFBIG;
}

int files_errno(struct error *err, const char *what, const char *path)
{
    int number = errno;
    int code = files_is_full(number)                                    ? E_FULL
               : number == EACCES || number == EPERM || number == EROFS ? E_DENIED
               : number == ENOENT                                       ? E_NOTFOUND
                                                                        : E_IO;
    char text[128];
    return error_set(err, code, "cannot %s %s: %s", what, path,
                     strerror_r(number, text, sizeof text));
}

int files_make_dir(const char *path, struct error *err)
{
    if (mkdir(path, 0700) == 0 || errno == EEXIST) return 0;
    return files_errno(err, "create directory", path);
}

int files_sync_dir(const char *path, struct error *err)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return files_errno(err, "open", path);
    int rc = fsync(fd) ? files_errno(err, "sync", path) : 0;
    close(fd);
    return rc;
}

int files_exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}

int files_write_at(int fd, const void *bytes, size_t n, uint64_t offset)
{
    const char *p = bytes;
    while (n) {
        ssize_t done = pwrite(fd, p, n, (off_t)offset);
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) return -errno;
        p += done;
        n -= (size_t)done;
        offset += (uint64_t)done;
    }
    return 0;
}

int files_replace(const char *dir, const char *name, const void *bytes, size_t n, bool sync,
                  struct error *err)
{
    mem_auto char *path = mem_printf("%s/%s", dir, name);
    mem_auto char *temporary = mem_printf("%s/%s.tmp", dir, name);
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) return files_errno(err, "create", temporary);
    int rc = files_write_at(fd, bytes, n, 0);
    if (!rc && sync && fsync(fd)) rc = -errno;
    close(fd);
    if (!rc && rename(temporary, path)) rc = -errno;
    if (rc) {
        errno = -rc;
        rc = files_errno(err, "write", path);
        unlink(temporary);
        return rc;
    }
    return sync ? files_sync_dir(dir, err) : 0;
}

int files_read(const char *path, void *bytes, size_t n, size_t *out_n, struct error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return files_errno(err, "open", path);
    size_t have = 0;
    while (have < n) {
        ssize_t got = read(fd, (char *)bytes + have, n - have);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) {
            int rc = files_errno(err, "read", path);
            close(fd);
            return rc;
        }
        if (got == 0) break;
        have += (size_t)got;
    }
    close(fd);
    *out_n = have;
    return 0;
}

int files_remove(const char *path, struct error *err)
{
    if (unlink(path) == 0 || errno == ENOENT) return 0;
    return files_errno(err, "remove", path);
}

static int compare_u64(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

int files_numbers(const char *dir, const char *suffix, uint64_t **out, size_t *out_count,
                  struct error *err)
{
    DIR *d = opendir(dir);
    if (!d) return files_errno(err, "read directory", dir);
    uint64_t *numbers = NULL;
    size_t count = 0, cap = 0;
    for (struct dirent *e; (e = readdir(d));) {
        struct str name = str_of(e->d_name);
        uint64_t number;
        if (!str_ends(name, suffix)) continue;
        name.n -= strlen(suffix);
        if (!str_to_u64(name, &number)) continue;
        if (count == cap)
            numbers = mem_resize(numbers, (cap = cap ? cap * 2 : 16) * sizeof *numbers);
        numbers[count++] = number;
    }
    closedir(d);
    if (count) qsort(numbers, count, sizeof *numbers, compare_u64);
    *out = numbers;
    *out_count = count;
    return 0;
}

int files_remove_suffix(const char *dir, const char *suffix, struct error *err)
{
    DIR *d = opendir(dir);
    if (!d) return files_errno(err, "read directory", dir);
    int rc = 0;
    for (struct dirent *e; !rc && (e = readdir(d));) {
        if (!str_ends(str_of(e->d_name), suffix)) continue;
        mem_auto char *path = mem_printf("%s/%s", dir, e->d_name);
        store_mark(STORE_MARK_leftover_swept);
        rc = files_remove(path, err);
    }
    closedir(d);
    return rc;
}
