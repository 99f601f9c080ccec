#include "node/paths.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

int path_read(const char *path, struct buf *out, struct error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        int code = errno == ENOENT ? E_NOTFOUND : E_IO;
        return error_set(err, code, "%s: %s", path, strerror(errno));
    }
    ssize_t n;
    while ((n = read(fd, buf_reserve(out, 16384), 16384)) > 0) out->len += (size_t)n;
    int failure = errno;
    close(fd);
    buf_append(out, "", 0);
    return n < 0 ? error_set(err, E_IO, "%s: %s", path, strerror(failure)) : 0;
}

int path_write(const char *path, struct str bytes, mode_t mode, struct error *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    if (fd < 0) return error_set(err, E_IO, "%s: %s", path, strerror(errno));
    size_t at = 0;
    while (at < bytes.n) {
        ssize_t n = write(fd, bytes.p + at, bytes.n - at);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) break;
        at += (size_t)n;
    }
    int failure = errno;
    if (fchmod(fd, mode) < 0 && at == bytes.n)
        failure = errno, at = bytes.n + 1; /* whatever the umask */
    if (close(fd) < 0 && at == bytes.n) failure = errno, at = bytes.n + 1;
    if (at == bytes.n) return 0;
    return error_set(err, failure == ENOSPC ? E_FULL : E_IO, "%s: %s", path, strerror(failure));
}

int path_replace(const char *path, struct str bytes, mode_t mode, struct error *err)
{
    mem_auto char *temporary = mem_printf("%s.new", path);
    int rc = path_write(temporary, bytes, mode, err);
    if (rc == 0 && rename(temporary, path) < 0) {
        rc = error_set(err, E_IO, "%s: %s", path, strerror(errno));
    }
    return rc;
}

bool path_exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}

int path_make_dir(const char *path, mode_t mode, struct error *err)
{
    mem_auto char *at = mem_strdup(path);
    for (char *p = at + 1; *p; p++) {
        if (*p != '/') continue;
        *p = '\0';
        if (mkdir(at, 0755) < 0 && errno != EEXIST) break;
        *p = '/';
    }
    if (mkdir(path, mode) < 0 && errno != EEXIST) {
        return error_set(err, E_IO, "%s: %s", path, strerror(errno));
    }
    return 0;
}

static int tree_remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    (void)remove(path);
    return 0;
}

void path_remove_tree(const char *path)
{
    (void)nftw(path, tree_remove_one, 32, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

bool mount_is(const char *path)
{
    mem_auto char *above = mem_printf("%s/..", path);
    struct stat here, up;
    if (stat(path, &here) < 0 || stat(above, &up) < 0) return false;
    return here.st_dev != up.st_dev;
}

int mount_tmpfs(const char *path, const char *options, struct error *err)
{
    int rc = path_make_dir(path, 0755, err);
    if (rc < 0) return rc;
    if (mount_is(path)) return 0;
    if (mount("tmpfs", path, "tmpfs", MS_NOSUID | MS_NODEV, options) < 0) {
        return error_set(err, E_IO, "tmpfs on %s: %s", path, strerror(errno));
    }
    return 0;
}

void mount_remove(const char *path)
{
    (void)umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW);
}
