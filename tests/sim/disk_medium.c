/* The content of a master's files: what is not durable, and what a crash makes of it. */
#include "medium.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static ssize_t medium_pread(int fd, void *bytes, size_t n, uint64_t at)
{
    return syscall(SYS_pread64, fd, bytes, n, at);
}

static void medium_pwrite(int fd, const void *bytes, size_t n, uint64_t at)
{
    if (syscall(SYS_pwrite64, fd, bytes, n, at) != (long)n) abort();
}

static void medium_resize(int fd, uint64_t size)
{
    if (syscall(SYS_ftruncate, fd, size)) abort();
}

static uint64_t medium_size(int fd)
{
    struct stat st;
    return fstat(fd, &st) ? 0 : (uint64_t)st.st_size;
}

struct medium *medium_new(struct sim_master *m)
{
    struct medium *md = mem_new(struct medium);
    *md = (struct medium){.sim = m->sim, .master = m, .room = MEDIUM_ROOM};
    list_init(&md->files);
    list_init(&md->changes);
    list_init(&md->changes_after);
    return md;
}

static bool medium_is_plain(const char *path)
{
    size_t n = strlen(path);
    return !strstr(path, "/log/") && !strstr(path, "/keyframes/") && n > 0;
}

struct medium_file *medium_file_of(struct medium *md, int fd, const char *path)
{
    struct stat st;
    if (fstat(fd, &st) || !S_ISREG(st.st_mode)) return NULL;
    list_each(it, &md->files)
    {
        struct medium_file *f = container_of(it, struct medium_file, link);
        if (f->inode == st.st_ino) return f;
    }
    struct medium_file *f = mem_new(struct medium_file);
    *f = (struct medium_file){.medium = md, .inode = st.st_ino, .plain = medium_is_plain(path)};
    f->fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0);
    if (f->fd < 0) abort();
    list_push(&md->files, &f->link);
    return f;
}

static void undo_clear(struct medium_undo *u)
{
    mem_free(u->pages);
    *u = (struct medium_undo){0};
}

static struct medium_page *undo_page(struct medium_undo *u, uint64_t number)
{
    for (size_t i = u->count; i-- > 0;)
        if (u->pages[i].number == number) return &u->pages[i];
    return NULL;
}

static void undo_begin(struct medium_undo *u, int fd)
{
    if (u->touched) return;
    u->touched = true;
    u->size = medium_size(fd);
}

/* Keeps the pages of [offset, end) as they are. */
static void undo_keep(struct medium_undo *u, int fd, uint64_t offset, uint64_t end)
{
    undo_begin(u, fd);
    if (end > u->size) end = u->size;
    for (uint64_t page = offset / MEDIUM_PAGE; page * MEDIUM_PAGE < end; page++) {
        if (undo_page(u, page)) continue;
        if (u->count == u->room) {
            u->room = u->room ? u->room * 2 : 4;
            u->pages = mem_resize(u->pages, u->room * sizeof *u->pages);
        }
        struct medium_page *p = &u->pages[u->count++];
        memset(p, 0, sizeof *p);
        p->number = page;
        medium_pread(fd, p->old, sizeof p->old, page * MEDIUM_PAGE);
    }
}

/* What a synced write wrote is not undone any more, whatever was owed to its pages before. */
static void undo_overwrite(struct medium_undo *u, uint64_t offset, uint64_t n, const char *bytes)
{
    if (!u->touched) return;
    if (u->size < offset + n) u->size = offset + n;
    for (size_t i = 0; i < u->count; i++) {
        uint64_t from = u->pages[i].number * MEDIUM_PAGE, to = from + MEDIUM_PAGE;
        uint64_t a = offset > from ? offset : from, b = offset + n < to ? offset + n : to;
        if (a < b) memcpy(u->pages[i].old + (a - from), bytes + (a - offset), b - a);
    }
}

void medium_note(struct medium_file *f, uint64_t offset, uint64_t n, bool durable,
                 const void *bytes)
{
    if (f->medium->frozen)
        undo_keep(&f->after, f->fd, offset, offset + n);
    else if (durable)
        undo_overwrite(&f->unsynced, offset, n, bytes);
    else
        undo_keep(&f->unsynced, f->fd, offset, offset + n);
}

void medium_note_size(struct medium_file *f, uint64_t new_size)
{
    struct medium_undo *u = f->medium->frozen ? &f->after : &f->unsynced;
    undo_begin(u, f->fd);
    if (new_size < u->size) undo_keep(u, f->fd, new_size, u->size);
}

void medium_synced(struct medium_file *f)
{
    if (!f->medium->frozen) undo_clear(&f->unsynced);
}

static void undo_all(struct medium_undo *u, int fd)
{
    if (!u->touched) return;
    medium_resize(fd, u->size);
    for (size_t i = 0; i < u->count; i++) {
        uint64_t at = u->pages[i].number * MEDIUM_PAGE;
        size_t n = u->size - at < MEDIUM_PAGE ? (size_t)(u->size - at) : MEDIUM_PAGE;
        medium_pwrite(fd, u->pages[i].old, n, at);
    }
    undo_clear(u);
}

enum lottery { LOSE_ALL, LOSE_NOTHING, LOSE_PAGES, LOSE_SECTORS, LOSE_KINDS };

/* Part of a page goes back to what it was: whole sectors, of a plain file also half of one. */
static void undo_some(struct medium_file *f, const struct medium_page *p, uint64_t size,
                      enum lottery how)
{
    struct sim *s = f->medium->sim;
    uint64_t at = p->number * MEDIUM_PAGE;
    size_t n = size - at < MEDIUM_PAGE ? (size_t)(size - at) : MEDIUM_PAGE;
    if (how == LOSE_ALL || (how == LOSE_PAGES && sim_chance(s, 500)))
        medium_pwrite(f->fd, p->old, n, at);
    if (how != LOSE_SECTORS) return;
    for (size_t sector = 0; sector < n; sector += MEDIUM_SECTOR) {
        size_t length = n - sector < MEDIUM_SECTOR ? n - sector : MEDIUM_SECTOR, from = 0;
        if (sim_chance(s, 500)) continue;
        if (f->plain && sim_chance(s, 300)) from = sim_below(s, length);
        medium_pwrite(f->fd, p->old + sector + from, length - from, at + sector + from);
    }
}

/* What the file grew by: the size goes back, or stays over pages that were never written. */
static void undo_growth(struct medium_file *f, uint64_t before, uint64_t now, enum lottery how)
{
    static const char zeros[MEDIUM_PAGE];
    struct sim *s = f->medium->sim;
    if (how == LOSE_NOTHING || now <= before) return;
    if (how == LOSE_ALL || sim_chance(s, 500)) {
        medium_resize(f->fd, before);
        return;
    }
    for (uint64_t at = before; at < now; at += MEDIUM_PAGE - at % MEDIUM_PAGE) {
        uint64_t end = at + MEDIUM_PAGE - at % MEDIUM_PAGE;
        if (end > now) end = now;
        if (sim_chance(s, 500)) medium_pwrite(f->fd, zeros, (size_t)(end - at), at);
    }
}

static void file_lose_power(struct medium_file *f)
{
    struct medium_undo *u = &f->unsynced;
    if (!u->touched) return;
    enum lottery how = (enum lottery)sim_below(f->medium->sim, LOSE_KINDS);
    uint64_t now = medium_size(f->fd);
    if (now < u->size && how != LOSE_NOTHING) medium_resize(f->fd, now = u->size);
    uint64_t size = now < u->size ? now : u->size;
    for (size_t i = 0; i < u->count; i++)
        if (u->pages[i].number * MEDIUM_PAGE < size) undo_some(f, &u->pages[i], size, how);
    undo_growth(f, u->size, now, how);
    undo_clear(u);
}

void medium_crash(struct medium *md, bool power)
{
    list_each(it, &md->files)
    {
        struct medium_file *f = container_of(it, struct medium_file, link);
        undo_all(&f->after, f->fd);
        if (power) file_lose_power(f);
    }
    medium_entries_crash(md, power);
    list_each_safe(it, &md->files)
    {
        struct medium_file *f = container_of(it, struct medium_file, link);
        if (f->unsynced.touched) continue; /* still owed */
        list_remove(&f->link);
        close(f->fd);
        mem_free(f);
    }
    md->frozen = false;
    md->freeze_in = 0;
}

void medium_freeze(struct medium *md, uint64_t calls)
{
    md->freeze_in = calls + 1;
}

void medium_fail(struct medium *md, unsigned calls, uint64_t in, unsigned times)
{
    md->fail_calls = calls;
    md->fail_in = in;
    md->fail_times = times;
}

void medium_heal(struct medium *md)
{
    md->fail_calls = 0;
    md->room = MEDIUM_ROOM;
}

/* A frozen process must not be seen to do anything: it ends with the event that is going on. */
static void medium_count_down(struct medium *md)
{
    if (!md->freeze_in || --md->freeze_in) return;
    md->frozen = true;
    md->sim->doomed = md->master;
}

int medium_before(struct medium *md, enum medium_call call)
{
    if (call != MEDIUM_READS) medium_count_down(md);
    if (md->frozen || !(md->fail_calls & call)) return 0;
    if (md->fail_in) {
        md->fail_in--;
        return 0;
    }
    if (--md->fail_times == 0) md->fail_calls = 0;
    md->failed_us = md->sim->now_us;
    return EIO;
}
