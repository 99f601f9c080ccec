/* Small whole files. */
#ifndef LOGSHIP_CLI_FILES_H
#define LOGSHIP_CLI_FILES_H

#include "base/buf.h"
#include "base/error.h"

int file_read(const char *path, struct buf *out, struct error *err);
/* Written beside and renamed: a reader sees the old or the new one. */
int file_write(const char *path, const void *bytes, size_t n, unsigned mode, struct error *err);
int dir_make(const char *path, struct error *err); /* parents too; there already is fine */

#endif
