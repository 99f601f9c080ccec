/* Documents seen through their types, as server-side apply sees them: what is one value and what is
 * many, and which elements of two lists are the same one.
 *
 * One engine for every kind: it reads struct type (schema.h). Lists are maps of elements told apart
 * by keys, sets of scalars, or one value (atomic); objects and maps are taken apart unless they are
 * atomic. What no type speaks of is deduced: maps are taken apart, lists are one value. */
#ifndef LOGSHIP_PROTO_TYPED_H
#define LOGSHIP_PROTO_TYPED_H

#include "proto/fieldset.h"
#include "proto/schema.h"

enum view_how {
    VIEW_LEAF,    /* one value */
    VIEW_DEDUCED, /* as the value is */
    VIEW_STRUCT,  /* an object of `type` */
    VIEW_MAP,     /* any keys; values as `field` says */
    VIEW_LIST,    /* elements as `field` says, told apart by its keys, or by value without keys */
};
struct view {
    enum view_how how;
    const struct type *type;
    const struct field *field;
    unsigned depth; /* steps from the root */
};
/* Below, everything is one value: what is told of a document must not nest deeper than it. */
enum { VIEW_DEPTH_MAX = 40 };

struct view view_root(const struct type *type);
struct view view_member(struct view map, struct str key);
struct view view_element(struct view list);
/* How this value is seen: a deduced one by what it is, others as their type says; a value that is
 * not of its type is a leaf. */
enum view_how view_of(struct view v, struct mp value);
/* Is the key of this map a field that its type names, so that it exists with its object? */
bool view_names(struct view map, struct str key);
/* Is it an object that is always there, so that nobody adds or removes it? */
bool view_gives(struct view map, struct str key);
bool view_is_given(struct view map, struct view member); /* the same of what view_member found */
/* Keys that the element lacks have the defaults of their fields. */
struct step view_step(struct arena *a, struct view list, struct mp element);

/* The set of all values of a document: what who gives this document speaks of. E_INVALID names two
 * elements of one list that have the same keys. */
int typed_fields(struct arena *a, const struct type *type, struct mp doc, struct fieldset *out,
                 struct error *err);

/* From one document to another (MP_END: nothing, all is added), in one tree with these marks. */
enum { CHANGE_ADDED = 1, CHANGE_MODIFIED = 2, CHANGE_REMOVED = 4 };
struct fieldset typed_compare(struct arena *a, const struct type *type, struct mp before,
                              struct mp after);

/* Appends `live` with everything that `config` says laid over it. Elements of lists come in the
 * order of `config`; what only the live object has keeps its place before those that followed. */
void typed_merge(const struct type *type, struct mp live, struct mp config, struct buf *out);
/* Appends the document without the set's members and all that is below them; a named field stays
 * when something in it is in `kept`. What has nothing left by that goes too, unless it is a member
 * of `kept` or always there. */
void typed_remove(const struct type *type, struct mp doc, const struct fieldset *set,
                  const struct fieldset *kept, struct buf *out);

#endif
