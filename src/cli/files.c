#include "cli/files.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int file_read(const char *path, struct buf *out, struct error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_set(err, errno == ENOENT ? E_NOTFOUND : E_IO, "%s: %s", path, strerror(errno));
    ssize_t n;
    while ((n = read(fd, buf_reserve(out, 4096), 4096)) > 0) out->len += (size_t)n;
    close(fd);
    if (n < 0) return error_set(err, E_IO, "%s: %s", path, strerror(errno));
    out->data[out->len] = '\0';
    return 0;
}

int file_write(const char *path, const void *bytes, size_t n, unsigned mode, struct error *err)
{
    mem_auto char *beside = mem_printf("%s.new", path);
    int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    bool good = fd >= 0 && write(fd, bytes, n) == (ssize_t)n && fsync(fd) == 0;
    if (fd >= 0) close(fd);
    if (good && rename(beside, path) == 0) return 0;
    return error_set(err, E_IO, "%s: %s", path, strerror(errno));
}

int dir_make(const char *path, struct error *err)
{
    mem_auto char *copy = mem_strdup(path);
    for (char *p = copy + 1;; p++) {
        if (*p && *p != '/') continue;
        char kept = *p;
        *p = '\0';
        if (mkdir(copy, 0755) != 0 && errno != EEXIST)
            return error_set(err, E_IO, "%s: %s", copy, strerror(errno));
        if (!kept) return 0;
        *p = kept;
    }
}
