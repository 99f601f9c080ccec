/* Sets of paths in a document, as FieldsV1 tells them: which fields somebody owns.
 *
 * A set is a tree. A node is one step of a path: a field or key of a map (f:name), an element of a
 * list told apart by its keys (k:{"name":"a"}), by its value (v:"x"), or by its place (i:0). A node
 * may be a member itself (the path that ends there is in the set) and may have members below it.
 * Sets live in an arena and never change once they are made, so they share what they have in
 * common; texts point into the arena or into the document, which must live as long. */
#ifndef LOGSHIP_PROTO_FIELDSET_H
#define LOGSHIP_PROTO_FIELDSET_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "proto/mp.h"

struct fieldset_node;
struct fieldset {
    struct fieldset_node *nodes; /* sorted by step, each step once */
    uint32_t count, cap;
};

enum step_kind { STEP_FIELD = 'f', STEP_KEY = 'k', STEP_VALUE = 'v', STEP_INDEX = 'i' };
struct step {
    enum step_kind kind;
    struct str text; /* what stands after the colon; of keys and values canonical JSON */
};
struct step_field { /* one field of a list element's key */
    struct str name;
    struct mp value;
};
/* Sorts the fields. */
struct step step_of_key(struct arena *a, struct step_field *fields, uint32_t count);
struct step step_of_value(struct arena *a, struct mp value);
struct step step_of_index(struct arena *a, uint32_t index);
/* Appends the step as people read it: .image, [name="a"], [="x"], [0]. */
void step_format(struct step step, struct buf *out);

/* The member's marks: any bit makes it one. A set from FieldsV1 bears the first; a comparison tells
 * several sets in one tree (typed.h). */
enum { FIELDSET_MEMBER = 1 };

struct fieldset_node {
    struct step step;
    uint8_t marks; /* 0: no member, only a way to some */
    struct fieldset below;
};

/* Building: steps are appended in any order, even twice, and put in order at the end. The node is
 * good until the next one is added to the same set. */
struct fieldset_node *fieldset_add(struct arena *a, struct fieldset *s, struct step step);
void fieldset_finish(struct arena *a, struct fieldset *s); /* sorts; drops what leads nowhere */

/* FieldsV1. Reading refuses what is not of its form. */
int fieldset_read(struct arena *a, struct mp fields, struct fieldset *out, struct error *err);
void fieldset_write(const struct fieldset *s, struct buf *out);

enum fieldset_op { FIELDSET_UNION, FIELDSET_DIFFERENCE, FIELDSET_INTERSECTION };
struct fieldset fieldset_combine(struct arena *a, enum fieldset_op op, const struct fieldset *x,
                                 const struct fieldset *y);
/* x without the members of y and without all that is below them. */
struct fieldset fieldset_without(struct arena *a, const struct fieldset *x,
                                 const struct fieldset *y);
struct fieldset fieldset_select(struct arena *a, const struct fieldset *s, uint8_t marks);
bool fieldset_equal(const struct fieldset *x, const struct fieldset *y);
static inline bool fieldset_empty(const struct fieldset *s)
{
    return s->count == 0;
}
/* NULL: nothing of this step is in the set. */
const struct fieldset_node *fieldset_find(const struct fieldset *s, struct step step);

/* Calls `see` for each member with its path as people read it:
 * .spec.containers[name="a"].image */
typedef void fieldset_see(void *ctx, struct str path);
void fieldset_each(const struct fieldset *s, fieldset_see *see, void *ctx);

#endif
