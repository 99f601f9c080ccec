/* One request, as its handler sees it. */
#include "net/http_internal.h"

#include <assert.h>
#include <strings.h>

enum {
    HTTP_ARENA_BLOCK = 2048,
    HTTP_KEEP = 8 * 1024, /* larger buffers do not survive their exchange */
};

struct http_arena {
    struct http_arena *next;
    size_t used, size;
    _Alignas(max_align_t) char bytes[];
};

void *http_alloc(struct http_exchange *x, size_t n)
{
    n = (n + _Alignof(max_align_t) - 1) & ~(_Alignof(max_align_t) - 1);
    struct http_arena *a = x->arena;
    if (!a || a->size - a->used < n) {
        size_t size = n > HTTP_ARENA_BLOCK ? n : HTTP_ARENA_BLOCK;
        a = mem_alloc(sizeof *a + size);
        *a = (struct http_arena){.next = x->arena, .size = size};
        x->arena = a;
    }
    void *place = a->bytes + a->used;
    a->used += n;
    return place;
}

static void http_arena_free(struct http_exchange *x)
{
    for (struct http_arena *a = x->arena, *next; a; a = next) {
        next = a->next;
        mem_free(a);
    }
    x->arena = NULL;
}

struct http_exchange *http_exchange_new(struct http_session *s)
{
    struct http_server *server = s->server;
    struct http_exchange *x = server->spare;
    if (x) {
        server->spare = x->next;
        server->spare_count--;
    } else {
        x = mem_new(struct http_exchange);
    }
    x->session = s;
    return x;
}

static void http_exchange_destroy(struct http_exchange *x)
{
    buf_free(&x->head);
    buf_free(&x->body);
    mem_free(x->fields);
    mem_free(x);
}

static struct buf http_keep(struct buf b)
{
    if (b.cap > HTTP_KEEP) buf_free(&b);
    buf_clear(&b);
    return b;
}

void http_exchange_free(struct http_exchange *x)
{
    struct http_server *server = x->session->server;
    if (x->gone) x->gone(x, x->data);
    http_arena_free(x);
    if (server->stopping || server->spare_count == HTTP_SPARE_EXCHANGES) {
        http_exchange_destroy(x);
        return;
    }
    struct http_exchange kept = {
        .next = server->spare,
        .head = http_keep(x->head),
        .body = http_keep(x->body),
        .fields = x->fields,
        .field_cap = x->field_cap,
    };
    *x = kept;
    server->spare = x;
    server->spare_count++;
}

void http_exchange_free_spare(struct http_server *server)
{
    for (struct http_exchange *x = server->spare, *next; x; x = next) {
        next = x->next;
        http_exchange_destroy(x);
    }
}

static int http_hex(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool http_percent_decode(struct str in, bool plus, char *out, size_t *n)
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
    return http_percent_decode(path, false, decoded, &x->path.n) ? 0 : 400;
}

struct str http_method(const struct http_exchange *x)
{
    return str_of(http_method_str((enum http_method)x->session->parser.method));
}

struct str http_target(const struct http_exchange *x)
{
    return (struct str){x->head.data, x->target_n};
}

struct str http_path(const struct http_exchange *x)
{
    return x->path;
}

struct str http_query(const struct http_exchange *x)
{
    return x->query;
}

struct str http_body(const struct http_exchange *x)
{
    return (struct str){x->body.data ? x->body.data : "", x->body.len};
}

struct str http_field_name(const struct http_exchange *x, unsigned i)
{
    return (struct str){x->head.data + x->fields[i].name_at, x->fields[i].name_n};
}

struct str http_field_value(const struct http_exchange *x, unsigned i)
{
    return (struct str){x->head.data + x->fields[i].value_at, x->fields[i].value_n};
}

struct str http_header(const struct http_exchange *x, const char *name)
{
    size_t n = strlen(name);
    for (unsigned i = 0; i < x->field_count; i++) {
        struct str found = http_field_name(x, i);
        if (found.n == n && strncasecmp(found.p, name, n) == 0) return http_field_value(x, i);
    }
    return (struct str){0};
}

/* A piece that is not well encoded is taken as it stands, as browsers and Go do for queries. */
static struct str http_decode_param(struct http_exchange *x, struct str raw)
{
    struct str out = {http_alloc(x, raw.n + 1), 0};
    return http_percent_decode(raw, true, (char *)out.p, &out.n) ? out : raw;
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

const struct tls_peer *http_peer(const struct http_exchange *x)
{
    return conn_peer(x->session->conn);
}

const char *http_client(const struct http_exchange *x)
{
    return conn_address(x->session->conn);
}

void http_set_data(struct http_exchange *x, void *data,
                   void (*gone)(struct http_exchange *x, void *data))
{
    x->data = data;
    x->gone = gone;
}

void *http_data(const struct http_exchange *x)
{
    return x->data;
}
