/* Memory that is given back all at once: for structures that are built once and never change. One
 * thread builds; afterwards any may read. */
#ifndef LOGSHIP_BASE_ARENA_H
#define LOGSHIP_BASE_ARENA_H

#include "base/str.h"

struct arena;

struct arena *arena_new(void);
void arena_free(struct arena *a); /* NULL is fine */
/* Zeroed, aligned for anything. */
void *arena_alloc(struct arena *a, size_t size) __attribute__((alloc_size(2), returns_nonnull));
char *arena_text(struct arena *a, struct str text); /* a NUL-terminated copy */
/* When the arena is freed, `release(what)` is called first: for what holds memory of its own. */
void arena_keep(struct arena *a, void *what, void (*release)(void *what));

#define arena_array(a, type, count) ((type *)arena_alloc((a), (count) * sizeof(type)))
#define arena_new_of(a, type)       arena_array(a, type, 1)

#endif
