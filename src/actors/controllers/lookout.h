/* Objects by name that a controller has to look at, each at most once on the list.
 *
 * The way of a level-triggered controller: whatever happens about a thing, it is put on the list
 * (lookout_add); in its turn the controller takes what is due, compares what is wanted with what
 * is, and sends commands for that look (look_send). While they are on their way the thing is not
 * looked at again; when they are answered it is, at once, or after a second if one failed. So
 * nothing has to be remembered about what was tried. Core thread only; freed after the system. */
#ifndef LOGSHIP_ACTORS_LOOKOUT_H
#define LOGSHIP_ACTORS_LOOKOUT_H

#include "actors/controllers/agenda.h"
#include "actors/system.h"

struct lookout {
    struct system *system;
    istr who;
    struct agenda agenda;
    struct map looks; /* by kind, namespace and name */
    uint64_t now_ms;
};

struct look {
    struct agenda_item agenda;
    struct lookout *lookout;
    const struct kind *kind;
    istr ns;        /* NULL: cluster-scoped */
    uint64_t cause; /* a revision: of the last thing that happened about it */
    uint32_t flying;
    bool failed; /* one of the commands */
    uint32_t key_len, name_at;
    char key[]; /* ends with the name */
};

void lookout_init(struct lookout *l, struct system *s, const char *who);
void lookout_free(struct lookout *l);
/* Forgets everything that is not on its way: another master leads. */
void lookout_clear(struct lookout *l);

void lookout_add(struct lookout *l, const struct kind *kind, istr ns, struct str name,
                 uint64_t cause);
/* Not before this time. */
void lookout_add_at(struct lookout *l, const struct kind *kind, istr ns, struct str name,
                    uint64_t cause, uint64_t due_ms);
/* Every object of a kind that is there. */
void lookout_add_all(struct lookout *l, const struct kind *kind);

/* The next that is due, or NULL; to be followed by look_send for it, if anything is to be done, and
 * then by look_end. */
struct look *lookout_take(struct lookout *l, uint64_t now_ms);
void look_send(struct look *look, struct command *c);
void look_again_at(struct look *look, uint64_t due_ms); /* nothing is to be done before */
void look_end(struct look *look);
static inline struct str look_name(const struct look *look)
{
    return (struct str){look->key + look->name_at, look->key_len - look->name_at};
}
/* A command to create what is looked at, or (with another name) something beside it. */
struct command *look_create(const struct look *look, const struct kind *kind, istr ns,
                            struct str name, struct doc *body);

#endif
