#include "api/account_auth.h"
#include "api/inner.h"

#include "base/mem.h"
#include "proto/json.h"

#include <sodium.h>
#include <strings.h>

void request_route(struct request *r)
{
    definition_unref(r->definition);
    r->route = route_parse(str_of(r->path), r->api->definitions);
    bool custom = r->route.kind && r->route.kind->custom;
    r->definition = custom ? definition_ref(definition_of(r->route.kind)->definition) : NULL;
}

void request_warn(struct request *r)
{
    if (!r->definition || !definition_of(r->route.kind)->deprecated) return;
    const struct definition_version *v = definition_of(r->route.kind);
    buf_auto struct buf text = BUF_INIT;
    if (v->warning)
        buf_puts(&text, v->warning);
    else
        buf_printf(&text, "%s %s is deprecated", v->served.api_version, v->kind.kind);
    buf_puts(&r->headers, "Warning: 299 - ");
    json_write_str((struct str){text.data, text.len}, &r->headers);
    buf_puts(&r->headers, "\r\n");
}

int request_admit(const struct api *a, const struct http_exchange *x)
{
    struct str authorization = http_header(x, "Authorization");
    bool masters;
    if (!a->options.tls || auth_user(a->auth, http_peer(x), authorization, &masters) ||
        account_signed(a, account_bearer(authorization)))
        return 0;
    return 401;
}

struct request *request_ref(struct request *r)
{
    r->refs++;
    return r;
}

void request_unref(struct request *r)
{
    if (--r->refs) return;
    turns_remove(&r->turn);
    flow_leave(&r->stream);
    flow_leave(&r->seat);
    if (r->state_free) r->state_free(r->state);
    definition_unref(r->definition);
    buf_free(&r->headers);
    mem_free(r->path);
    mem_free(r);
}

bool request_flag(struct request *r, const char *param)
{
    struct str value = http_param(r->x, param);
    bool no = str_is(value, "0") || (value.n == 5 && strncasecmp(value.p, "false", 5) == 0);
    return value.p && !no;
}

bool request_watches(struct request *r)
{
    return r->route.watch || (!r->route.name.p && request_flag(r, "watch"));
}

void objects_free(struct object **objects, size_t count)
{
    if (!objects) return;
    for (size_t i = 0; i < count; i++) object_unref(objects[i]);
    mem_free(objects);
}

static void fetch_free(struct fetch *f)
{
    objects_free(f->objects, f->count);
    mem_free(f->ns);
    mem_free(f->name);
    mem_free(f);
}

static void fetch_one(struct fetch *f, struct world *w, istr ns)
{
    struct object *o = world_get(w, f->kind, ns, str_of(f->name));
    if (!o) return;
    f->objects = mem_alloc(sizeof(struct object *));
    f->objects[f->count++] = object_ref(o);
}

static void fetch_all(struct fetch *f, struct world *w, istr ns)
{
    size_t cap = ns ? 64 : world_count(w, f->kind);
    f->objects = mem_alloc((cap + 1) * sizeof(struct object *));
    for (struct actor *a = world_first(w, f->kind, ns); a; a = world_next(a, ns)) {
        if (f->count == cap) {
            cap = cap * 2 + 1;
            f->objects = mem_resize(f->objects, (cap + 1) * sizeof(struct object *));
        }
        f->objects[f->count++] = object_ref(a->object);
    }
}

/* Core thread. */
static void fetch_on_core(struct ask *a, struct system *s)
{
    struct fetch *f = container_of(a, struct fetch, ask);
    struct world *w = system_world(s);
    f->revision = w->revision;
    if (!f->kind) {
        struct gate *g = f->request->api->options.gate;
        f->facts.revision = w->revision;
        f->facts.digest = w->digest;
        if (g->status) g->status(g, &f->facts);
        return;
    }
    istr ns = f->ns ? istr_find(str_of(f->ns)) : NULL;
    if (f->ns && !ns) return; /* no object was ever in a namespace of that name */
    if (f->name)
        fetch_one(f, w, ns);
    else
        fetch_all(f, w, ns);
}

static void fetch_done(struct ask *a, int status)
{
    struct fetch *f = container_of(a, struct fetch, ask);
    struct request *r = f->request;
    if (r->x && status)
        reply_error(r, status == E_TIMEOUT ? 504 : 503, NULL,
                    "the masters have no leader that could confirm this read: %s",
                    error_name(status));
    else if (r->x)
        f->then(r, f);
    fetch_free(f);
    request_unref(r);
}

void fetch_start(struct request *r, const struct kind *kind, struct str ns, struct str name,
                 enum freshness freshness, void (*then)(struct request *r, struct fetch *f))
{
    struct fetch *f = mem_new(struct fetch);
    f->request = request_ref(r);
    f->kind = kind ? kind_identity(kind) : NULL;
    f->ns = ns.p ? mem_strndup(ns.p, ns.n) : NULL;
    f->name = name.p ? mem_strndup(name.p, name.n) : NULL;
    f->then = then;
    f->ask = (struct ask){.home = r->api->options.home,
                          .freshness = freshness,
                          .on_core = fetch_on_core,
                          .done = fetch_done};
    gate_ask(r->api->options.gate, &f->ask);
}

static void request_answered(struct command *c, const struct result *result)
{
    struct request *r = c->data;
    if (r->x) r->then_result(r, result);
    request_unref(r);
}

static bool request_sound(const struct doc *d)
{
    return !d || mp_valid(d->bytes, d->len);
}

void request_command(struct request *r, struct command *c,
                     void (*then)(struct request *r, const struct result *result))
{
    /* What is committed is folded by every master, at every start: a fault of ours that damaged a
     * document must end here, where it costs one request. */
    if (!request_sound(c->body) || !request_sound(c->status)) {
        command_free(c);
        reply_error(r, 500, NULL, "the object to be stored is damaged");
        return;
    }
    randombytes_buf(c->request.bytes, sizeof c->request.bytes);
    r->then_result = then;
    c->data = request_ref(r);
    c->done = request_answered;
    gate_command(r->api->options.gate, c, r->api->options.home);
}
