/* One request, as its handler sees it. */
#include "net/http_internal.h"

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

bool http_header_at(const struct http_exchange *x, unsigned index, struct str *name,
                    struct str *value)
{
    if (index >= x->field_count) return false;
    *name = http_field_name(x, index);
    *value = http_field_value(x, index);
    return true;
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
