/* Small durable files and paths, for the inside of the store. Any thread. */
#ifndef LOGSHIP_STORE_FILES_H
#define LOGSHIP_STORE_FILES_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Fills err from errno: E_FULL for a full disk, E_DENIED, E_NOTFOUND, else E_IO. */
int files_errno(struct error *err, const char *what, const char *path);
bool files_is_full(int number); /* an errno that means: no space */

int files_make_dir(const char *path, struct error *err); /* not an error when it is there */
int files_sync_dir(const char *path, struct error *err);
int files_exists(const char *path);
/* Writes the whole file under a temporary name, syncs it, renames it, syncs the directory. */
int files_replace(const char *dir, const char *name, const void *bytes, size_t n, bool sync,
                  struct error *err);
/* Reads at most n bytes; E_NOTFOUND when there is no such file. */
int files_read(const char *path, void *bytes, size_t n, size_t *out_n, struct error *err);
int files_write_at(int fd, const void *bytes, size_t n, uint64_t offset); /* 0 or -errno */
int files_remove(const char *path, struct error *err); /* not an error when it is gone */

/* The numbers N of the files "N<suffix>" in a directory, ascending; the caller frees them. */
int files_numbers(const char *dir, const char *suffix, uint64_t **out, size_t *out_count,
                  struct error *err);
int files_remove_suffix(const char *dir, const char *suffix, struct error *err);

#endif
