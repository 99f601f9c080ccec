#include "proto/selector_token.h"

static bool token_is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}
static bool token_is_special(char c)
{
    return c && strchr("=!(),><", c);
}

static enum token_type token_of_special(struct str text)
{
    static const struct {
        const char *text;
        enum token_type type;
    } specials[] = {
        {"=", TOKEN_EQUALS}, {"==", TOKEN_DOUBLE_EQUALS}, {"!=", TOKEN_NOT_EQUALS},
        {"!", TOKEN_NOT},    {">", TOKEN_GREATER},        {"<", TOKEN_LESS},
        {",", TOKEN_COMMA},  {"(", TOKEN_OPEN},           {")", TOKEN_CLOSE},
    };
    for (size_t i = 0; i < sizeof specials / sizeof *specials; i++)
        if (str_is(text, specials[i].text)) return specials[i].type;
    return TOKEN_BAD;
}

static struct token token_cut(struct str *rest, size_t n, enum token_type type)
{
    struct token t = {type, {rest->p, n}};
    *rest = (struct str){rest->p + n, rest->n - n};
    return t;
}

struct token token_next(struct str *rest)
{
    while (rest->n && token_is_space(rest->p[0])) *rest = (struct str){rest->p + 1, rest->n - 1};
    if (!rest->n) return (struct token){TOKEN_END, {"", 0}};
    if (token_is_special(rest->p[0])) {
        /* Two characters where they make an operator, else one. */
        struct str pair = {rest->p, 2};
        bool two = rest->n > 1 && token_of_special(pair) != TOKEN_BAD;
        return token_cut(rest, two ? 2 : 1, token_of_special((struct str){rest->p, two ? 2 : 1}));
    }
    size_t n = 0;
    while (n < rest->n && !token_is_special(rest->p[n]) && !token_is_space(rest->p[n])) n++;
    struct token t = token_cut(rest, n, TOKEN_NAME);
    if (str_is(t.text, "in")) t.type = TOKEN_IN;
    if (str_is(t.text, "notin")) t.type = TOKEN_NOTIN;
    return t;
}
