/* Whole files and directory trees, as the agent needs them. Blocking. */
#ifndef LOGSHIP_NODE_PATHS_H
#define LOGSHIP_NODE_PATHS_H

#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"

#include <stdbool.h>
#include <sys/types.h>

int path_read(const char *path, struct buf *out, struct error *err); /* E_NOTFOUND, E_IO */
int path_write(const char *path, struct str bytes, mode_t mode, struct error *err);
/* Through a temporary file and a rename: the old or the new text, never a part. */
int path_replace(const char *path, struct str bytes, mode_t mode, struct error *err);
bool path_exists(const char *path);
int path_make_dir(const char *path, mode_t mode, struct error *err); /* parents too */
void path_remove_tree(
    const char *path); /* does not cross into other file systems; what is missing is fine */
int mount_tmpfs(const char *path, const char *options, struct error *err); /* makes the directory */
void mount_remove(const char *path); /* lazily; not mounted is fine */
bool mount_is(const char *path);     /* a mount point? */

#endif
