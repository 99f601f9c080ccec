/* Allocation that never returns NULL.
 *
 * Out of memory ends the process: a master that cannot allocate cannot keep its promises, the
 * others carry on, and no error path for it has to be written or tested (the reason libraft gets
 * the same allocator, see quorum.h). */
#ifndef LOGSHIP_BASE_MEM_H
#define LOGSHIP_BASE_MEM_H

#include <stddef.h>
#include <stdlib.h>

void *mem_alloc(size_t size) __attribute__((malloc, alloc_size(1), returns_nonnull));
void *mem_zalloc(size_t size) __attribute__((malloc, alloc_size(1), returns_nonnull));
void *mem_resize(void *old, size_t size) __attribute__((alloc_size(2), returns_nonnull));
void *mem_copy(const void *from, size_t size)
    __attribute__((malloc, alloc_size(2), returns_nonnull));
char *mem_strdup(const char *text) __attribute__((malloc, returns_nonnull));
char *mem_strndup(const char *text, size_t n) __attribute__((malloc, returns_nonnull));
char *mem_printf(const char *format, ...) __attribute__((format(printf, 1, 2), returns_nonnull));
#define mem_new(type) ((type *)mem_zalloc(sizeof(type)))
#define mem_free      free

/* container_of: the structure that holds this member. */
#define container_of(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

/* Declared where the resource is born: `mem_auto char *path = mem_printf(...)`. */
static inline void mem_auto_free(void *slot)
{
    free(*(void **)slot);
}
#define mem_auto __attribute__((cleanup(mem_auto_free)))

#endif
