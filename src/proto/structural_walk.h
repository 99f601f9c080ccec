/* Shared by structural_validate.c, structural_rules.c and structural_say.c only: the walk that
 * checks a document, and how it reports. */
#ifndef LOGSHIP_PROTO_STRUCTURAL_WALK_H
#define LOGSHIP_PROTO_STRUCTURAL_WALK_H

#include "proto/admit_path.h"
#include "proto/structural.h"

struct walk {
    struct buf path;
    struct causes *causes;
    uint64_t spent; /* what was looked at; who multiplies it is cut off */
};
enum { WALK_MAX = 10 * 1000 * 1000 };
/* Before looking at so many things; false: it is too much, and the object is refused. */
static inline bool walk_spend(struct walk *w, uint64_t things)
{
    if (w->spent > WALK_MAX || things > WALK_MAX - w->spent)
        w->spent = WALK_MAX + 1;
    else
        w->spent += things;
    return w->spent <= WALK_MAX;
}

void walk_value(struct walk *w, const struct structural *s, struct mp v);

/* structural_rules.c */
void walk_rules(struct walk *w, const struct structural *s, struct mp v);
void walk_list_keys(struct walk *w, const struct structural *s, struct mp list);

/* structural_say.c: "<path> in body <what>", with the value as Go prints it. */
void say_invalid(struct walk *w, struct mp value, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void say_type(struct walk *w, const char *wanted, struct mp value);
void say_required(struct walk *w, struct str field);
void say_not_supported(struct walk *w, struct mp value, struct mp choices);
void say_duplicate(struct walk *w, struct mp value);
void say_several(struct walk *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
const char *say_json_type(struct mp v);
void say_number(double d, struct buf *out); /* as Go's %v */

#endif
