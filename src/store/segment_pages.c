/* Whether the pages of a segment can be given to LMDB. LMDB trusts its pages: a damaged one may
 * lead it out of the file, into an assertion, or to a free list that hands out pages in use. So
 * before this process maps a segment, its pages are walked here, by pread (an unreadable sector is
 * an error, not a signal): both meta pages, the tree of records and the tree of free pages, every
 * bound, count, order and reference, each page referred to once. What records hold is not looked
 * at; their own checksums tell when they are read.
 *
 * The numbers are those of LMDB 0.9's data format: page head of 16 bytes (number, -, flags, lower
 * and upper end of the free space, or the count of overflow pages), then 16-bit offsets of nodes;
 * a node has a head of 8 bytes (32 bits of size or, in a branch, 48 of page number; flags; length
 * of key), key, data. */
#include "store/files.h"
#include "store/inside.h"
#include "store/marks.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    PAGE_HEAD = 16,
    NODE_HEAD = 8,
    PAGE_BRANCH = 1,
    PAGE_LEAF = 2,
    PAGE_OVERFLOW = 4,
    PAGE_META = 8,
    PAGE_DIRTY = 16,
    NODE_BIG = 1,
    TREE_INTEGER_KEYS = 8,
    TREE_FLAGS = 0x3f,
    DEPTH_MAX = 32,
    META_BYTES = 152,
    META_VERSION = 1,
};
#define META_MAGIC 0xBEEFC0DEu

struct tree {
    uint32_t pad;
    uint16_t flags, depth;
    uint64_t branches, leaves, overflows, entries, root;
};

struct meta {
    uint32_t magic, version;
    uint64_t address, map_size;
    struct tree free, main;
    uint64_t last_page, txn;
};
static_assert(sizeof(struct meta) == META_BYTES - PAGE_HEAD, "as on disk");

struct walk {
    const char *name;
    struct error *err;
    int fd;
    size_t page_size;
    uint64_t pages; /* page numbers are below this */
    unsigned char *seen;
    struct tree count; /* what was found of the tree that is walked */
    bool free_list;
    uint64_t next_key; /* keys ascend: the smallest that may come */
    unsigned char *level[DEPTH_MAX];
};

struct page {
    const unsigned char *bytes;
    unsigned flags, lower, upper, count;
};

struct node {
    const unsigned char *data;
    uint64_t child, key, size;
    unsigned flags, key_size, room;
};

static uint64_t get(const unsigned char *p, unsigned bytes)
{
    uint64_t value = 0;
    memcpy(&value, p, bytes);
    return value;
}

static int walk_damage(const struct walk *w, uint64_t page, const char *what)
{
    return error_set(w->err, E_CORRUPT, "%s: page %" PRIu64 ": %s", w->name, page, what);
}

static int walk_read(const struct walk *w, uint64_t page, void *bytes, size_t n)
{
    ssize_t got;
    do got = pread(w->fd, bytes, n, (off_t)(page * w->page_size));
    while (got < 0 && errno == EINTR);
    if (got < 0) return files_errno(w->err, "read", w->name);
    return (size_t)got == n ? 0 : walk_damage(w, page, "is cut off");
}

/* Every page is referred to once: by a tree, or by the list of free ones. */
static int walk_take(struct walk *w, uint64_t page)
{
    if (page < 2 || page >= w->pages) return walk_damage(w, page, "does not exist");
    if (w->seen[page / 8] & (1u << page % 8)) return walk_damage(w, page, "is used twice");
    w->seen[page / 8] |= (unsigned char)(1u << page % 8);
    return 0;
}

static int page_open(const struct walk *w, uint64_t number, const unsigned char *bytes,
                     struct page *p)
{
    *p = (struct page){.bytes = bytes,
                       .flags = (unsigned)get(bytes + 10, 2) & ~(unsigned)PAGE_DIRTY,
                       .lower = (unsigned)get(bytes + 12, 2),
                       .upper = (unsigned)get(bytes + 14, 2)};
    if (get(bytes, 8) != number) return walk_damage(w, number, "bears another number");
    if (p->flags != PAGE_BRANCH && p->flags != PAGE_LEAF)
        return walk_damage(w, number, "is neither branch nor leaf");
    if (p->lower < PAGE_HEAD || p->lower % 2 || p->lower > p->upper || p->upper > w->page_size)
        return walk_damage(w, number, "its bounds are damaged");
    p->count = (p->lower - PAGE_HEAD) / 2;
    return 0;
}

static int node_open(const struct walk *w, uint64_t number, const struct page *p, unsigned i,
                     struct node *n)
{
    size_t at = get(p->bytes + PAGE_HEAD + (size_t)i * 2, 2);
    if (at < p->upper || at % 2 || at + NODE_HEAD > w->page_size)
        return walk_damage(w, number, "a node lies outside");
    const unsigned char *b = p->bytes + at;
    *n = (struct node){.size = get(b, 4), .flags = (unsigned)get(b + 4, 2)};
    n->key_size = (unsigned)get(b + 6, 2);
    n->child = n->size | (uint64_t)n->flags << 32;
    bool branch = p->flags == PAGE_BRANCH, big = !branch && n->flags == NODE_BIG;
    if ((!branch && n->flags && !big) || (n->key_size != 8 && !(branch && i == 0 && !n->key_size)))
        return walk_damage(w, number, "a node is damaged");
    uint64_t room = NODE_HEAD + n->key_size + (branch ? 0 : big ? 8 : n->size);
    if (at + room > w->page_size) return walk_damage(w, number, "a node reaches outside");
    n->room = (unsigned)(room + 1) & ~1u;
    n->key = n->key_size ? get(b + NODE_HEAD, 8) : 0;
    n->data = b + NODE_HEAD + n->key_size;
    return 0;
}

/* Data in pages of its own: the head is on the first, the others have none. */
static int walk_big(struct walk *w, uint64_t page, uint64_t size)
{
    unsigned char head[PAGE_HEAD];
    uint64_t pages = (PAGE_HEAD - 1 + size) / w->page_size + 1;
    if (page >= w->pages || pages > w->pages - page) return walk_damage(w, page, "does not exist");
    int rc = walk_read(w, page, head, sizeof head);
    if (!rc &&
        (get(head, 8) != page || get(head + 10, 2) != PAGE_OVERFLOW || get(head + 12, 4) != pages))
        rc = walk_damage(w, page, "is not the head of a long record");
    for (uint64_t i = 0; !rc && i < pages; i++) rc = walk_take(w, page + i);
    w->count.overflows += pages;
    return rc;
}

/* The pages that one transaction freed: their count, and their numbers. */
static int walk_freed(struct walk *w, uint64_t number, const struct node *n)
{
    uint64_t size = n->size, room = size / 8;
    mem_auto unsigned char *copy = NULL;
    const unsigned char *list = n->data;
    if (n->flags == NODE_BIG) {
        uint64_t first = get(n->data, 8);
        copy = mem_alloc(size + 8);
        ssize_t got = pread(w->fd, copy, size, (off_t)(first * w->page_size + PAGE_HEAD));
        if (got < 0) return files_errno(w->err, "read", w->name);
        if ((uint64_t)got != size) return walk_damage(w, first, "is cut off");
        list = copy;
    }
    uint64_t count = room ? get(list, 8) : 0;
    if (room == 0 || count > room - 1) return walk_damage(w, number, "a list of pages is damaged");
    int rc = 0;
    for (uint64_t i = 1; !rc && i <= count; i++) {
        uint64_t page = get(list + i * 8, 8);
        if (i > 1 && page >= get(list + (i - 1) * 8, 8))
            return walk_damage(w, number, "a list of pages is out of order");
        rc = walk_take(w, page);
    }
    return rc;
}

static int walk_leaf(struct walk *w, uint64_t number, const struct node *n)
{
    if (n->key < w->next_key) return walk_damage(w, number, "its records are out of order");
    if (n->key == UINT64_MAX) return walk_damage(w, number, "a record's number is damaged");
    w->next_key = n->key + 1;
    w->count.entries++;
    int rc = n->flags == NODE_BIG ? walk_big(w, get(n->data, 8), n->size) : 0;
    return rc || !w->free_list ? rc : walk_freed(w, number, n);
}

static int walk_page(struct walk *w, uint64_t number, unsigned depth)
{
    struct page p;
    struct node n;
    int rc = walk_take(w, number);
    if (!rc) rc = walk_read(w, number, w->level[depth], w->page_size);
    if (!rc) rc = page_open(w, number, w->level[depth], &p);
    if (rc) return rc;
    bool leaf = p.flags == PAGE_LEAF;
    if (leaf != (depth == 1)) return walk_damage(w, number, "stands at the wrong depth");
    if (p.count < (leaf || w->free_list ? 1u : 2u)) return walk_damage(w, number, "is empty");
    w->count.leaves += leaf;
    w->count.branches += !leaf;
    size_t used = 0;
    for (unsigned i = 0; !rc && i < p.count; i++) {
        if ((rc = node_open(w, number, &p, i, &n))) return rc;
        used += n.room;
        if (leaf) {
            rc = walk_leaf(w, number, &n);
            continue;
        }
        if (n.key < w->next_key && i > 0)
            return walk_damage(w, number, "its keys are out of order");
        if (i > 0) w->next_key = n.key;
        rc = walk_page(w, n.child, depth - 1);
    }
    if (!rc && used != w->page_size - p.upper) rc = walk_damage(w, number, "its nodes overlap");
    return rc;
}

static int walk_tree(struct walk *w, const struct tree *t, bool free_list)
{
    w->count = (struct tree){0};
    w->free_list = free_list;
    w->next_key = 0;
    if ((t->flags & TREE_FLAGS) != TREE_INTEGER_KEYS || t->depth >= DEPTH_MAX)
        return walk_damage(w, 0, "the head of a tree is damaged");
    int rc = 0;
    if (t->root != UINT64_MAX) rc = walk_page(w, t->root, t->depth);
    if (rc) return rc;
    const struct tree *c = &w->count;
    if (c->entries != t->entries || c->leaves != t->leaves || c->branches != t->branches ||
        c->overflows != t->overflows || (t->root == UINT64_MAX && t->depth))
        return walk_damage(w, t->root, "the tree has other pages or entries than its head says");
    return 0;
}

/* The two metas are those of two transactions in a row, or of a file that was just made; LMDB goes
 * by the newer. */
static int walk_metas(struct walk *w, struct meta *newest)
{
    struct meta m[2];
    unsigned char bytes[META_BYTES];
    w->page_size = 0;
    for (unsigned i = 0; i < 2; i++) {
        int rc = walk_read(w, i, bytes, sizeof bytes); /* page 0 first: it says where page 1 is */
        if (rc) return rc;
        memcpy(&m[i], bytes + PAGE_HEAD, sizeof m[i]);
        size_t page_size = m[i].free.pad;
        bool power = page_size >= 512 && page_size <= 65536 && !(page_size & (page_size - 1));
        if (get(bytes, 8) != i || !(get(bytes + 10, 2) & PAGE_META) || m[i].magic != META_MAGIC ||
            m[i].version != META_VERSION || !power || (i && page_size != w->page_size))
            return walk_damage(w, i, "is damaged");
        w->page_size = page_size;
    }
    bool made = m[0].txn == 0 && m[1].txn == 0;
    uint64_t newer = m[0].txn > m[1].txn ? 0 : 1;
    if (!made && (m[newer].txn - m[1 - newer].txn != 1 || m[newer].txn % 2 != newer))
        return walk_damage(w, newer, "does not follow the other one");
    *newest = m[made ? 0 : newer];
    return 0;
}

int segment_pages_check(const char *path, const char *name, struct error *err)
{
    struct walk w = {.name = name, .err = err, .fd = open(path, O_RDONLY | O_CLOEXEC)};
    struct meta meta;
    struct stat st;
    if (w.fd < 0 || fstat(w.fd, &st)) return files_errno(err, "open", name);
    int rc = st.st_size ? walk_metas(&w, &meta)
                        : error_set(err, E_CORRUPT, "%s: the file is empty", name);
    if (!rc && (meta.last_page < 1 || meta.last_page >= (uint64_t)st.st_size / w.page_size))
        rc = error_set(err, E_CORRUPT, "%s: is cut off", name);
    if (!rc) {
        w.pages = meta.last_page + 1;
        w.seen = mem_zalloc((size_t)(w.pages / 8 + 1));
        unsigned char *buffers = mem_alloc(DEPTH_MAX * w.page_size);
        for (unsigned i = 0; i < DEPTH_MAX; i++) w.level[i] = buffers + i * w.page_size;
        rc = walk_tree(&w, &meta.main, false);
        if (!rc) rc = walk_tree(&w, &meta.free, true);
        mem_free(buffers);
        mem_free(w.seen);
    }
    close(w.fd);
    if (rc == E_CORRUPT) store_mark(STORE_MARK_pages_damaged);
    return rc;
}
