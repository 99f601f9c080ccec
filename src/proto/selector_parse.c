/* Label selectors from their text and from their documents, with the sentences of apimachinery. */
#include "base/mem.h"
#include "proto/names.h"
#include "proto/selector_inner.h"
#include "proto/selector_token.h"

struct parser {
    struct str rest;
    struct error *err;
};

/* `in` and `notin` are operators only where an operator is due. */
static struct token parser_take(struct parser *p, bool operators)
{
    struct token t = token_next(&p->rest);
    if (!operators && (t.type == TOKEN_IN || t.type == TOKEN_NOTIN)) t.type = TOKEN_NAME;
    return t;
}

static struct token parser_look(const struct parser *p)
{
    struct parser ahead = *p;
    return parser_take(&ahead, false);
}

static int parser_found(struct parser *p, struct token t, const char *expected)
{
    return error_set(p->err, E_INVALID, "found '%.*s', expected: %s", (int)t.text.n, t.text.p,
                     expected);
}

/* The values up to ")"; "()" and empty places stand for the empty value. */
static int parser_list(struct parser *p, struct requirement *r)
{
    struct token t = parser_take(p, false);
    if (t.type == TOKEN_CLOSE) {
        requirement_add(r, STR(""));
        return 0;
    }
    for (;; t = parser_take(p, false)) {
        struct token after = parser_look(p);
        if (t.type == TOKEN_NAME) {
            requirement_add(r, t.text);
            if (after.type != TOKEN_COMMA && after.type != TOKEN_CLOSE)
                return parser_found(p, after, "',' or ')'");
        } else if (t.type == TOKEN_COMMA) {
            if (!r->count || after.type == TOKEN_CLOSE || after.type == TOKEN_COMMA)
                requirement_add(r, STR(""));
        } else {
            return parser_found(p, t, "',', ')' or identifier");
        }
        if (after.type == TOKEN_CLOSE) {
            parser_take(p, false);
            return 0;
        }
    }
}

static int parser_exact(struct parser *p, struct requirement *r)
{
    struct token t = parser_look(p);
    if (t.type == TOKEN_END || t.type == TOKEN_COMMA) {
        requirement_add(r, STR(""));
        return 0;
    }
    if (t.type != TOKEN_NAME) return parser_found(p, t, "identifier");
    requirement_add(r, parser_take(p, false).text);
    return 0;
}

static bool parser_operator(enum token_type type, enum selector_op *out)
{
    switch (type) {
    case TOKEN_IN:
        *out = OP_IN;
        return true;
    case TOKEN_NOTIN:
        *out = OP_NOTIN;
        return true;
    case TOKEN_EQUALS:
        *out = OP_EQUALS;
        return true;
    case TOKEN_DOUBLE_EQUALS:
        *out = OP_DOUBLE_EQUALS;
        return true;
    case TOKEN_NOT_EQUALS:
        *out = OP_NOT_EQUALS;
        return true;
    case TOKEN_GREATER:
        *out = OP_GREATER;
        return true;
    case TOKEN_LESS:
        *out = OP_LESS;
        return true;
    default:
        return false;
    }
}

static int parser_requirement(struct parser *p, struct selector *s)
{
    struct token t = parser_take(p, false);
    bool absent = t.type == TOKEN_NOT;
    if (absent) t = parser_take(p, false);
    if (t.type != TOKEN_NAME) return parser_found(p, t, "identifier");
    struct requirement *r = selector_add(s, t.text, absent ? OP_ABSENT : OP_EXISTS);
    const char *wrong = name_check_qualified(t.text);
    if (wrong)
        return error_set(p->err, E_INVALID, "invalid label key \"%.*s\": %s", (int)t.text.n,
                         t.text.p, wrong);
    enum token_type after = parser_look(p).type;
    if (absent || after == TOKEN_END || after == TOKEN_COMMA) return requirement_check(r, p->err);

    t = parser_take(p, true);
    if (!parser_operator(t.type, &r->op))
        return parser_found(p, t, "'=', '!=', '==', 'in', notin'");
    int rc;
    if (r->op == OP_IN || r->op == OP_NOTIN) {
        t = parser_take(p, false);
        rc = t.type == TOKEN_OPEN ? parser_list(p, r) : parser_found(p, t, "'('");
    } else {
        rc = parser_exact(p, r);
    }
    return rc ? rc : requirement_check(r, p->err);
}

static int parser_all(struct parser *p, struct selector *s)
{
    struct token t = parser_look(p);
    if (t.type == TOKEN_END) return 0;
    for (;;) {
        if (t.type != TOKEN_NAME && t.type != TOKEN_NOT)
            return parser_found(p, t, "!, identifier, or 'end of string'");
        if (parser_requirement(p, s))
            return error_wrap(p->err, E_INVALID, "unable to parse requirement");
        t = parser_take(p, false);
        if (t.type == TOKEN_END) return 0;
        if (t.type != TOKEN_COMMA) return parser_found(p, t, "',' or 'end of string'");
        t = parser_look(p);
        if (t.type != TOKEN_NAME && t.type != TOKEN_NOT)
            return parser_found(p, t, "identifier after ','");
    }
}

int selector_parse(struct str text, struct selector **out, struct error *err)
{
    struct selector *s = selector_new(text);
    struct parser p = {{s->text, text.n}, err};
    int rc = parser_all(&p, s);
    if (rc)
        selector_free(s);
    else
        *out = s;
    return rc;
}

/* The selector's text is a copy of the document, so that its slices stay. */
static struct selector *selector_of_doc(struct mp doc, struct mp *copy)
{
    struct selector *s = selector_new(doc.raw);
    *copy = mp_read(s->text, doc.raw.n);
    return s;
}

static int selector_add_labels(struct selector *s, struct mp labels, struct error *err)
{
    if (labels.type != MP_MAP && labels.type != MP_END && labels.type != MP_NIL)
        return error_set(err, E_INVALID, "labels must be an object");
    for (struct mp_iter it = mp_items(labels); mp_iter_next(&it);) {
        if (it.value.type != MP_STR)
            return error_set(err, E_INVALID, "the value of label \"%.*s\" must be a string",
                             (int)it.key.n, it.key.p);
        struct requirement *r = selector_add(s, it.key, OP_EQUALS);
        requirement_add(r, it.value.s);
        int rc = requirement_check(r, err);
        if (rc) return rc;
    }
    return 0;
}

static int selector_add_expression(struct selector *s, struct mp expression, struct error *err)
{
    static const struct {
        const char *text;
        enum selector_op op;
    } operators[] = {
        {"In", OP_IN}, {"NotIn", OP_NOTIN}, {"Exists", OP_EXISTS}, {"DoesNotExist", OP_ABSENT}};
    struct str name = mp_str(mp_get(expression, "operator"));
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++) {
        if (!str_is(name, operators[i].text)) continue;
        struct requirement *r = selector_add(s, mp_str(mp_get(expression, "key")), operators[i].op);
        for (struct mp_iter it = mp_items(mp_get(expression, "values")); mp_iter_next(&it);)
            requirement_add(r, mp_str(it.value));
        return requirement_check(r, err);
    }
    return error_set(err, E_INVALID, "\"%.*s\" is not a valid pod selector operator", (int)name.n,
                     name.p ? name.p : "");
}

int selector_from_doc(struct mp label_selector, struct selector **out, struct error *err)
{
    struct mp doc;
    struct selector *s = selector_of_doc(label_selector, &doc);
    s->nothing = doc.type != MP_MAP;
    int rc = selector_add_labels(s, mp_get(doc, "matchLabels"), err);
    for (struct mp_iter it = mp_items(mp_get(doc, "matchExpressions")); !rc && mp_iter_next(&it);)
        rc = selector_add_expression(s, it.value, err);
    if (rc)
        selector_free(s);
    else
        *out = s;
    return rc;
}

int selector_from_map(struct mp map, struct selector **out, struct error *err)
{
    struct mp doc;
    struct selector *s = selector_of_doc(map, &doc);
    int rc = selector_add_labels(s, doc, err);
    s->nothing = !s->count;
    if (rc)
        selector_free(s);
    else
        *out = s;
    return rc;
}
