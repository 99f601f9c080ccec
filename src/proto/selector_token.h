/* The words of a label selector. Private to selector*.c. */
#ifndef LOGSHIP_PROTO_SELECTOR_TOKEN_H
#define LOGSHIP_PROTO_SELECTOR_TOKEN_H

#include "base/str.h"

enum token_type {
    TOKEN_END,
    TOKEN_NAME, /* keys, values, and the words in and notin where a value is due */
    TOKEN_IN,
    TOKEN_NOTIN,
    TOKEN_NOT,
    TOKEN_EQUALS,
    TOKEN_DOUBLE_EQUALS,
    TOKEN_NOT_EQUALS,
    TOKEN_GREATER,
    TOKEN_LESS,
    TOKEN_COMMA,
    TOKEN_OPEN,
    TOKEN_CLOSE,
    TOKEN_BAD, /* special characters that are no operator */
};

struct token {
    enum token_type type;
    struct str text;
};

/* Cuts the next token off the front of *rest. */
struct token token_next(struct str *rest);

#endif
