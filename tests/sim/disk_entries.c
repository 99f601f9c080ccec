/* The entries of a master's directories: what a loss of power takes back. */
#include "medium.h"

#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

static void entries_unlink(const char *path)
{
    syscall(SYS_unlink, path);
}

static void entries_rename(const char *from, const char *to)
{
    syscall(SYS_rename, from, to);
}

char *medium_save(struct medium *md, const char *path)
{
    char *saved = mem_printf("%s/saved-%s-%u", md->sim->root, md->master->name, ++md->saved);
    if (link(path, saved) == 0) return saved;
    mem_free(saved);
    return NULL;
}

/* With what medium_save kept before the change, or NULL. */
void medium_changed(struct medium *md, enum medium_change_kind kind, const char *path,
                    const char *to, char *saved)
{
    struct medium_change *c = mem_new(struct medium_change);
    *c = (struct medium_change){
        .kind = kind, .path = mem_strdup(path), .to = to ? mem_strdup(to) : NULL, .saved = saved};
    list_push(md->frozen ? &md->changes_after : &md->changes, &c->link);
}

static void entries_free(struct medium_change *c)
{
    if (c->saved) entries_unlink(c->saved);
    list_remove(&c->link);
    mem_free(c->path);
    mem_free(c->to);
    mem_free(c->saved);
    mem_free(c);
}

static void entries_undo(struct medium_change *c)
{
    if (c->kind == CHANGE_MADE) {
        entries_unlink(c->path);
    } else if (c->kind == CHANGE_RENAMED) {
        entries_rename(c->to, c->path);
        if (c->saved) entries_rename(c->saved, c->to);
    } else if (c->saved) {
        entries_rename(c->saved, c->path);
    }
}

static bool entries_within(const struct medium_change *c, const char *dir)
{
    size_t n = strlen(dir);
    return strncmp(c->path, dir, n) == 0 && c->path[n] == '/' && !strchr(c->path + n + 1, '/');
}

void medium_entries_synced(struct medium *md, const char *dir)
{
    if (md->frozen) return;
    list_each_safe(it, &md->changes)
    {
        struct medium_change *c = container_of(it, struct medium_change, link);
        if (entries_within(c, dir)) entries_free(c);
    }
}

/* The last changes of the list are taken back until `keep` are left. */
static void entries_undo_to(struct list *changes, size_t keep)
{
    size_t n = 0;
    list_each(it, changes) n++;
    for (; n > keep; n--) {
        struct medium_change *c = container_of(changes->prev, struct medium_change, link);
        entries_undo(c);
        entries_free(c);
    }
}

void medium_entries_crash(struct medium *md, bool power)
{
    entries_undo_to(&md->changes_after, 0);
    if (!power) return;
    size_t n = 0;
    list_each(it, &md->changes) n++;
    if (n == 0) return;
    size_t keep = sim_below(md->sim, n + 1);
    if (keep < n)
        sim_tell(md->sim, "    %s: %zu entries of its directories are lost", md->master->name,
                 n - keep);
    entries_undo_to(&md->changes, keep);
    list_each_safe(it, &md->changes) entries_free(container_of(it, struct medium_change, link));
}
