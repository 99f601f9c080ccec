/* Masters look at old data all the time (src/store/scrub.h), in some seeds here too. Rot that a
 * seed made for certain is told by the master's status before two rounds are over, and no round
 * takes for ever; what is told lies in a file that did rot, or is an error of a disk that failed;
 * and at the end whatever else `logship verify` finds in old data was told (check_disks.c). */
#include "medium.h"

#include <stdio.h>
#include <sys/stat.h>

enum { LOOK_US = 200 * MS, FILE_NAME = 40 };

struct rot {
    struct rot *next;
    struct sim_master *m;
    uint64_t id;           /* of the master then: a successor's disk is another */
    char name[FILE_NAME];  /* "log/...", "keyframes/..." */
    ino_t inode;           /* the file may give way to another of its name */
    bool surely;           /* whoever reads it must see it */
    uint64_t life, rounds; /* first looked at in this life, when so many rounds were over */
};

/* "log/00000000000000000001.mdb", wherever it stands in a text or a path; false: nowhere. */
static bool scrub_name(const char *text, char name[FILE_NAME])
{
    static const char *const dirs[] = {"log/", "keyframes/"};
    for (unsigned i = 0; i < 2; i++) {
        const char *at = strstr(text, dirs[i]);
        if (!at) continue;
        snprintf(name, FILE_NAME, "%.*s", (int)(strlen(dirs[i]) + 24), at);
        return true;
    }
    return false;
}

static ino_t scrub_inode(const struct sim_master *m, const char *name)
{
    struct stat st;
    mem_auto char *path = mem_printf("%s/%s", m->dir, name);
    return stat(path, &st) ? 0 : st.st_ino;
}

void scrub_rotted(struct sim_master *m, const char *path, bool surely)
{
    struct sim *s = m->sim;
    struct rot *r = mem_new(struct rot);
    *r = (struct rot){.next = s->rots, .m = m, .id = m->id, .surely = surely};
    if (!s->scrub_bytes_s || !scrub_name(path, r->name)) {
        mem_free(r);
        return;
    }
    r->inode = scrub_inode(m, r->name);
    s->rots = r;
}

static void scrub_status(const struct sim_master *m, struct gate_scrub *out)
{
    scrub_job_tell(m->life->core.scrub, out);
    for (unsigned i = 0; i < out->damaged && i < GATE_SCRUB_FINDINGS; i++)
        if (m->sim->lie == LIE_SCRUB_SILENT) out->text[i][0] = '\0';
    if (!lie_now(m->sim, LIE_SCRUB_ALARM)) return;
    snprintf(out->text[0], sizeof out->text[0], "log/%020d.mdb: a lie", 1);
    out->damaged = 1;
}

static bool scrub_is_told(const struct gate_scrub *status, const char *name)
{
    if (status->damaged > GATE_SCRUB_FINDINGS) return true; /* only the first are named */
    for (unsigned i = 0; i < status->damaged; i++)
        if (strstr(status->text[i], name)) return true;
    return false;
}

bool scrub_told(const struct sim_master *m, const char *line)
{
    char name[FILE_NAME];
    if (m->sim->lie == LIE_SCRUB_BLIND) return false;
    return !scrub_name(line, name) || scrub_is_told(&m->scrubbed, name);
}

/* Is it so? */
static void scrub_judge(struct sim_master *m, const char *text)
{
    char name[FILE_NAME];
    if (!text[0] || (strstr(text, "Input/output error") && disk_failed_since(m, m->life->born_us)))
        return;
    bool named = scrub_name(text, name);
    for (const struct rot *r = m->sim->rots; named && r; r = r->next)
        if (r->m == m && r->id == m->id && strcmp(r->name, name) == 0) return;
    sim_fail(m->sim, "%s tells of damage that there is not: %s", m->name, text);
}

/* Not told yet, and it should be one day? */
static bool scrub_expects(struct rot *r, const struct gate_scrub *status)
{
    struct sim_master *m = r->m;
    if (!r->surely || r->id != m->id || m->lost || m->replaced ||
        scrub_inode(m, r->name) != r->inode)
        return false;
    if (r->life != m->life->number) {
        r->life = m->life->number;
        r->rounds = status->rounds;
    }
    if (scrub_is_told(status, r->name)) return false;
    if (status->rounds >= r->rounds + 2)
        sim_fail(m->sim, "%s has gone round twice and does not tell that %s rotted", m->name,
                 r->name);
    return true;
}

/* True: something is still to be told. */
static bool scrub_look(struct sim_master *m)
{
    bool expects = false;
    if (!m->life) return false;
    scrub_status(m, &m->scrubbed);
    if (m->sim->calm && (!m->scrub_calm || m->scrub_life != m->life->number)) {
        m->scrub_calm = m->scrubbed.rounds + 1;
        m->scrub_life = m->life->number;
    }
    for (unsigned i = 0; i < m->scrubbed.damaged && i < GATE_SCRUB_FINDINGS; i++)
        scrub_judge(m, m->scrubbed.text[i]);
    for (struct rot *r = m->sim->rots; r; r = r->next)
        if (r->m == m) expects |= scrub_expects(r, &m->scrubbed);
    return expects;
}

static void scrub_looks(void *arg)
{
    struct sim *s = arg;
    for (unsigned i = 0; i < s->master_count; i++) scrub_look(&s->masters[i]);
    sim_after(s, NULL, LOOK_US, scrub_looks, s);
}

void scrub_watch_start(struct sim *s)
{
    if (s->scrub_bytes_s) scrub_looks(s);
}

/* After the faults every master goes round twice, and by then everything is told. */
const char *scrub_behind(struct sim *s)
{
    static char why[120];
    for (unsigned i = 0; i < s->master_count && s->scrub_bytes_s; i++) {
        struct sim_master *m = &s->masters[i];
        if (!m->life || m->lost) continue;
        if (scrub_look(m)) return "rot is not told of";
        if (m->scrubbed.rounds > m->scrub_calm && s->lie != LIE_SCRUB_STOPS) continue;
        snprintf(why, sizeof why, "%s has looked at all its old data %llu times, not %llu", m->name,
                 (unsigned long long)m->scrubbed.rounds, (unsigned long long)m->scrub_calm + 1);
        return why;
    }
    return NULL;
}
