/* What a request asks for: its path and its query parameters. */
#include "net/http_internal.h"

#include <assert.h>

static int http_hex(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

static bool http_percent_decode(struct str in, bool plus, char *out, size_t *n)
{
    size_t len = 0;
    for (size_t i = 0; i < in.n; i++) {
        char c = in.p[i];
        if (c == '%') {
            int high = i + 2 < in.n ? http_hex(in.p[i + 1]) : -1;
            int low = i + 2 < in.n ? http_hex(in.p[i + 2]) : -1;
            if (high < 0 || low < 0 || high + low == 0) return false;
            c = (char)(high << 4 | low);
            i += 2;
        } else if (plus && c == '+') {
            c = ' ';
        }
        out[len++] = c;
    }
    *n = len;
    return true;
}

/* Origin form ("/path?query"), or absolute form, whose scheme and authority are dropped. */
int http_parse_target(struct http_exchange *x)
{
    struct str rest = http_target(x);
    if (!str_is(rest, "*") && !str_starts(rest, "/")) {
        const char *slashes = memmem(rest.p, rest.n, "://", 3);
        if (!slashes) return 400;
        const char *end = rest.p + rest.n;
        const char *path = memchr(slashes + 3, '/', (size_t)(end - slashes - 3));
        rest = path ? (struct str){path, (size_t)(end - path)} : STR("/");
    }
    const char *mark = memchr(rest.p, '?', rest.n);
    struct str path = {rest.p, mark ? (size_t)(mark - rest.p) : rest.n};
    if (memchr(path.p, '#', path.n)) return 400;
    x->query = mark ? (struct str){mark + 1, rest.n - path.n - 1} : (struct str){"", 0};
    x->path = path;
    if (!memchr(path.p, '%', path.n)) return 0;
    char *decoded = http_alloc(x, path.n + 1);
    x->path.p = decoded;
    bool good = http_percent_decode(path, false, decoded, &x->path.n) && str_is_utf8(x->path);
    return good ? 0 : 400;
}

/* A piece that is not well encoded is taken as it stands, as browsers and Go do for queries. */
static struct str http_decode_param(struct http_exchange *x, struct str raw)
{
    struct str out = {http_alloc(x, raw.n + 1), 0};
    bool good = http_percent_decode(raw, true, (char *)out.p, &out.n) && str_is_utf8(out);
    return good ? out : raw;
}

static void http_parse_params(struct http_exchange *x)
{
    x->params_parsed = true;
    x->param_count = 0;
    if (!x->query.n) return;
    unsigned count = 1;
    for (size_t i = 0; i < x->query.n; i++) count += x->query.p[i] == '&';
    x->params = http_alloc(x, count * sizeof *x->params);
    struct str rest = x->query, piece;
    while (str_split(&rest, '&', &piece)) {
        if (!piece.n) continue;
        struct str value = piece, name = {"", 0};
        str_split(&value, '=', &name);
        if (!value.p) value = (struct str){"", 0};
        assert(x->param_count < count);
        x->params[x->param_count++] = (struct http_param){.name = http_decode_param(x, name),
                                                          .value = http_decode_param(x, value)};
    }
}

struct str http_param_at(struct http_exchange *x, const char *name, unsigned index)
{
    if (!x->params_parsed) http_parse_params(x);
    for (unsigned i = 0; i < x->param_count; i++)
        if (str_is(x->params[i].name, name) && index-- == 0) return x->params[i].value;
    return (struct str){0};
}

struct str http_param(struct http_exchange *x, const char *name)
{
    return http_param_at(x, name, 0);
}
