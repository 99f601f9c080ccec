/* A master's disk behind the page cache, so that a crash can take what was not synced.
 *
 * The files on tmpfs are what the master sees: the page cache. Everything the process does to files
 * of a master's directory passes through seams_disk.c (LMDB's calls too: the executable's symbols
 * come first), and the medium keeps what it would take to undo what is not durable yet: old pages
 * and sizes per file, and the entries of directories whose fsync is owed. Then there are
 *
 *   - a crash of the process: the page cache stays, and stays unsynced;
 *   - a loss of power: of every file any part of what was not synced is gone, by pages, sectors,
 *     all or nothing; of files that are no LMDB environments a sector may be torn; of each
 *     directory the last changes;
 *   - either of them in the middle of an event (medium_freeze): from the chosen call on nothing
 *     that the process still does will have happened;
 *   - calls that fail (EIO), and a disk without room (ENOSPC from the very writes that need it).
 *
 * What the medium promises is what POSIX does, no more: a synced page stays, a page that is
 * written in a synced write (O_DSYNC) is durable at once, an entry of a directory is durable with
 * the directory's fsync, earlier changes of one directory before later ones. */
#ifndef LOGSHIP_TESTS_SIM_MEDIUM_H
#define LOGSHIP_TESTS_SIM_MEDIUM_H

#include "sim.h"

#include <sys/types.h>

enum { MEDIUM_PAGE = 4096, MEDIUM_SECTOR = 512 };
enum medium_call { MEDIUM_READS = 1, MEDIUM_WRITES = 2, MEDIUM_SYNCS = 4 };

struct medium_page {
    uint64_t number;
    char old[MEDIUM_PAGE];
};

/* What it takes to undo changes of a file. */
struct medium_undo {
    bool touched;
    uint64_t size; /* before */
    struct medium_page *pages;
    size_t count, room;
};

struct medium_file {
    struct list link;
    struct medium *medium;
    ino_t inode;
    int fd;                             /* our own; keeps the inode from being used again */
    bool plain;                         /* no LMDB environment: its sectors may be torn */
    struct medium_undo unsynced, after; /* after: since the freeze */
};

enum medium_change_kind { CHANGE_MADE, CHANGE_RENAMED, CHANGE_REMOVED };

struct medium_change { /* of a directory */
    struct list link;
    enum medium_change_kind kind;
    char *path, *to, *saved; /* saved: a link to what was removed or replaced */
};

struct medium {
    struct sim *sim;
    struct sim_master *master;
    struct list files;
    struct list changes, changes_after;
    bool frozen;
    uint64_t freeze_in;              /* changing calls until it freezes; 0: it does not */
    unsigned fail_calls, fail_times; /* enum medium_call; how many of them yet */
    uint64_t fail_in;
    uint64_t failed_us; /* when a call failed last */
    uint64_t room;      /* bytes that are free */
    unsigned saved;     /* number of links made */
};

#define MEDIUM_ROOM (1ull << 40)

/* disk_medium.c */
struct medium *medium_new(struct sim_master *m);
struct medium_file *medium_file_of(struct medium *md, int fd, const char *path);
/* Before a change of [offset, offset + n), or of the size to new_size. */
void medium_note(struct medium_file *f, uint64_t offset, uint64_t n, bool durable,
                 const void *bytes);
void medium_note_size(struct medium_file *f, uint64_t new_size);
void medium_synced(struct medium_file *f);
/* What a crash leaves. The process must not use its files any more. */
void medium_crash(struct medium *md, bool power);
/* The next changing call but `calls` freezes it. */
void medium_freeze(struct medium *md, uint64_t calls);
void medium_fail(struct medium *md, unsigned calls, uint64_t in, unsigned times);
void medium_heal(struct medium *md); /* no more failing calls, plenty of room */
/* An errno for this call, or 0; counts down to what was armed. */
int medium_before(struct medium *md, enum medium_call call);

/* disk_entries.c */
void medium_changed(struct medium *md, enum medium_change_kind kind, const char *path,
                    const char *to, char *saved);
/* Keeps what is at path from going with its name. */
char *medium_save(struct medium *md, const char *path);
void medium_entries_synced(struct medium *md, const char *dir);
void medium_entries_crash(struct medium *md, bool power);

/* disk_faults.c, disk_rot.c, disk_replace.c */
int disk_raw_open(const char *path, int flags); /* past the medium */
bool disk_may_taint(struct sim *s, const struct sim_master *m);
void disk_taint(struct sim_master *m); /* what it holds is damaged */
bool disk_lose_segment(struct sim *s, struct sim_master *m);
void disk_renew(struct sim_master *m); /* nothing is on it any more */
void disk_rot(struct sim *s, struct sim_master *m);
void disk_rot_copy(struct sim *s, struct sim_master *m); /* one of a pair */
void disk_fade(struct sim *s, struct sim_master *m);
void disk_wipe(struct sim *s, struct sim_master *m);
void disk_old_image(struct sim *s, struct sim_master *m);

/* seams_disk.c */
void seams_disk_begin(struct sim *s);
void seams_disk_forget(struct medium *md); /* closes what a dead process had open */

#endif
