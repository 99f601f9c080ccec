#include "proto/jsonpath.h"

enum step_type { STEP_FIELD, STEP_INDEX, STEP_ALL, STEP_FILTER };
enum { STEPS_MAX = 32 };

struct step {
    enum step_type type;
    struct str name; /* field */
    int64_t index;   /* negative: from the end */
    /* Of a filter: the items whose value at `below` compares so. */
    const struct jsonpath *below;
    enum { FILTER_EXISTS, FILTER_EQUALS, FILTER_DIFFERS } compare;
    struct mp value;
};

struct jsonpath {
    unsigned count;
    struct step steps[];
};

struct parser {
    struct arena *memory;
    const char *p, *end;
    struct error *err;
    unsigned depth;
};

static int parse_path(struct parser *in, const char *stop, const struct jsonpath **out);

static int parse_fails(const struct parser *in, const char *what)
{
    return error_set(in->err, E_INVALID, "%s near \"%.*s\"", what, (int)(in->end - in->p), in->p);
}

static void skip_blanks(struct parser *in)
{
    while (in->p < in->end && *in->p == ' ') in->p++;
}

static bool take(struct parser *in, const char *token)
{
    size_t n = strlen(token);
    if ((size_t)(in->end - in->p) < n || memcmp(in->p, token, n) != 0) return false;
    in->p += n;
    return true;
}

/* A name after a dot; a backslash takes the next character as it is. */
static int parse_name(struct parser *in, struct step *s)
{
    char *name = arena_alloc(in->memory, (size_t)(in->end - in->p) + 1);
    size_t n = 0;
    for (; in->p < in->end && !strchr(".[])=!<> ", *in->p); in->p++) {
        if (*in->p == '\\' && in->p + 1 < in->end) in->p++;
        name[n++] = *in->p;
    }
    *s = (struct step){.type = STEP_FIELD, .name = {name, n}};
    if (n == 1 && *name == '*') s->type = STEP_ALL;
    return n ? 0 : parse_fails(in, "a name is missing");
}

/* 'text' or "text"; the quotes' own kind may be escaped. */
static int parse_quoted(struct parser *in, struct str *out)
{
    char quote = *in->p++;
    char *text = arena_alloc(in->memory, (size_t)(in->end - in->p) + 1);
    size_t n = 0;
    while (in->p < in->end && *in->p != quote) {
        if (*in->p == '\\' && in->p + 1 < in->end) in->p++;
        text[n++] = *in->p++;
    }
    *out = (struct str){text, n};
    return take(in, (char[]){quote, '\0'}) ? 0 : parse_fails(in, "unterminated text");
}

static int parse_literal(struct parser *in, struct mp *out)
{
    struct buf encoded buf_auto = BUF_INIT;
    struct str text;
    int64_t number;
    if (in->p < in->end && (*in->p == '"' || *in->p == '\'')) {
        int rc = parse_quoted(in, &text);
        if (rc) return rc;
        mp_put_str(&encoded, text);
    } else {
        const char *start = in->p;
        while (in->p < in->end && *in->p != ')' && *in->p != ' ') in->p++;
        text = (struct str){start, (size_t)(in->p - start)};
        if (str_is(text, "true") || str_is(text, "false"))
            mp_put_bool(&encoded, *start == 't');
        else if (str_to_i64(text, &number))
            mp_put_int(&encoded, number);
        else
            return parse_fails(in, "unknown value");
    }
    char *kept = arena_text(in->memory, (struct str){encoded.data, encoded.len});
    *out = mp_read(kept, encoded.len);
    return 0;
}

/* After "[?(": @.type=="Ready")] */
static int parse_filter(struct parser *in, struct step *s)
{
    *s = (struct step){.type = STEP_FILTER};
    skip_blanks(in);
    if (!take(in, "@")) return parse_fails(in, "a filter must begin with @");
    int rc = parse_path(in, "=!) ", &s->below);
    if (rc) return rc;
    skip_blanks(in);
    if (take(in, "=="))
        s->compare = FILTER_EQUALS;
    else if (take(in, "!="))
        s->compare = FILTER_DIFFERS;
    skip_blanks(in);
    if (s->compare != FILTER_EXISTS) rc = parse_literal(in, &s->value);
    skip_blanks(in);
    if (rc) return rc;
    return take(in, ")]") ? 0 : parse_fails(in, "unterminated filter");
}

static int parse_bracket(struct parser *in, struct step *s)
{
    struct str text;
    *s = (struct step){.type = STEP_ALL};
    if (take(in, "*]")) return 0;
    if (take(in, "?(")) return parse_filter(in, s);
    if (in->p < in->end && (*in->p == '\'' || *in->p == '"')) {
        s->type = STEP_FIELD;
        int rc = parse_quoted(in, &s->name);
        if (rc) return rc;
    } else {
        s->type = STEP_INDEX;
        text.p = in->p;
        while (in->p < in->end && *in->p != ']') in->p++;
        text.n = (size_t)(in->p - text.p);
        if (!str_to_i64(text, &s->index)) return parse_fails(in, "invalid array index");
    }
    return take(in, "]") ? 0 : parse_fails(in, "unterminated array");
}

static bool path_goes_on(const struct parser *in, const char *stop)
{
    return in->p < in->end && !strchr(stop, *in->p);
}

static int parse_path(struct parser *in, const char *stop, const struct jsonpath **out)
{
    struct step steps[STEPS_MAX];
    unsigned count = 0;
    bool dot = take(in, "."); /* alone: the root itself */
    if (++in->depth > 8) return parse_fails(in, "filters are nested too deeply");
    for (; path_goes_on(in, stop); dot = take(in, ".")) {
        if (count == STEPS_MAX) return parse_fails(in, "the path is too long");
        if (count && !dot && *in->p != '[') return parse_fails(in, "unexpected character");
        int rc = take(in, "[") ? parse_bracket(in, &steps[count]) : parse_name(in, &steps[count]);
        if (rc) return rc;
        count++;
    }
    if (dot && count) return parse_fails(in, "a name is missing");
    struct jsonpath *path = arena_alloc(in->memory, sizeof *path + count * sizeof *steps);
    path->count = count;
    if (count) memcpy(path->steps, steps, count * sizeof *steps);
    in->depth--;
    *out = path;
    return 0;
}

int jsonpath_compile(struct arena *memory, struct str text, const struct jsonpath **out,
                     struct error *err)
{
    if (!text.n) return error_set(err, E_INVALID, "an empty path");
    struct parser in = {.memory = memory, .p = text.p, .end = text.p + text.n, .err = err};
    int rc = parse_path(&in, "", out);
    return rc || in.p == in.end ? rc : parse_fails(&in, "unexpected character");
}

static struct mp follow(const struct step *s, unsigned left, struct mp v);

static bool filter_takes(const struct step *s, struct mp item)
{
    struct mp v = jsonpath_first(s->below, item);
    if (s->compare == FILTER_EXISTS) return v.type != MP_END;
    return v.type != MP_END && mp_same(v, s->value) == (s->compare == FILTER_EQUALS);
}

static struct mp follow_index(const struct step *s, unsigned left, struct mp v)
{
    int64_t i = v.type == MP_ARRAY && s->index < 0 ? s->index + (int64_t)v.count : s->index;
    if (v.type != MP_ARRAY || i < 0 || i >= (int64_t)v.count) return (struct mp){0};
    return follow(s + 1, left - 1, mp_at(v, (uint32_t)i));
}

static struct mp follow(const struct step *s, unsigned left, struct mp v)
{
    struct mp found = {0};
    if (v.type == MP_END || !left) return v;
    if (s->type == STEP_FIELD)
        return v.type == MP_MAP ? follow(s + 1, left - 1, mp_get_str(v, s->name)) : found;
    if (s->type == STEP_INDEX) return follow_index(s, left, v);
    for (struct mp_iter it = mp_items(v); found.type == MP_END && mp_iter_next(&it);)
        if (s->type != STEP_FILTER || filter_takes(s, it.value))
            found = follow(s + 1, left - 1, it.value);
    return found;
}

struct mp jsonpath_first(const struct jsonpath *path, struct mp root)
{
    return follow(path->steps, path->count, root);
}
