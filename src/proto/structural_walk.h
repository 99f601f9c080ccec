/* Shared by structural_validate.c, structural_rules.c and structural_say.c only: the walk that
 * checks a document, and how it reports. */
#ifndef LOGSHIP_PROTO_STRUCTURAL_WALK_H
#define LOGSHIP_PROTO_STRUCTURAL_WALK_H

#include "proto/admit_path.h"
#include "proto/structural.h"

struct walk {
    struct buf path;
    struct causes *causes;
    uint64_t steps; /* nodes visited; a schema that multiplies them is cut off */
    bool exhausted;
};

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
