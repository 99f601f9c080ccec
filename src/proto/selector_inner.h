/* What a compiled selector is made of. Private to selector*.c. */
#ifndef LOGSHIP_PROTO_SELECTOR_INNER_H
#define LOGSHIP_PROTO_SELECTOR_INNER_H

#include "proto/selector.h"

enum selector_op {
    OP_EQUALS,
    OP_DOUBLE_EQUALS,
    OP_NOT_EQUALS,
    OP_IN,
    OP_NOTIN,
    OP_EXISTS,
    OP_ABSENT,
    OP_GREATER,
    OP_LESS
};

struct requirement {
    struct str key;
    enum selector_op op;
    struct str *values; /* sorted, each once */
    size_t count, cap;
    int64_t number; /* what OP_GREATER and OP_LESS compare with */
};

struct selector {
    char *text;   /* the memory of keys and values */
    bool nothing; /* selects nothing, whatever the requirements */
    struct requirement *items;
    size_t count, cap;
};

struct selector *selector_new(struct str text); /* copies the text */
/* A requirement of the selector's own, without values. */
struct requirement *selector_add(struct selector *s, struct str key, enum selector_op op);
void requirement_add(struct requirement *r, struct str value);
/* Key, values and their number by the rules of labels; sorts the values. */
int requirement_check(struct requirement *r, struct error *err);

#endif
