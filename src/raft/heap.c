#include "raft/internal.h"

static void *heap_malloc(void *data, size_t n)
{
    return (void)data, mem_alloc(n);
}
static void heap_free(void *data, void *p)
{
    (void)data, mem_free(p);
}
static void *heap_calloc(void *data, size_t count, size_t n)
{
    (void)data;
    return mem_zalloc(count * n);
}
static void *heap_realloc(void *data, void *p, size_t n)
{
    return (void)data, mem_resize(p, n);
}
static void *heap_aligned(void *data, size_t alignment, size_t n)
{
    (void)data;
    return aligned_alloc(alignment, n);
}
static void heap_aligned_free(void *data, size_t alignment, void *p)
{
    (void)data, (void)alignment;
    mem_free(p);
}

/* libraft's error paths after a failed allocation are broken: it gets memory that never runs out.
 */
void heap_install(void)
{
    static struct raft_heap heap = {NULL,         heap_malloc,  heap_free,        heap_calloc,
                                    heap_realloc, heap_aligned, heap_aligned_free};
    raft_heap_set(&heap);
}
