#include "proto/openapi_operation.h"

#include "proto/openapi_paths.h"
#include "proto/openapi_schema.h"

#include <ctype.h>

enum operation_body { BODY_NONE, BODY_SELF, BODY_PATCH, BODY_OPTIONS };
enum operation_answer { ANSWER_SELF, ANSWER_LIST, ANSWER_STATUS, ANSWER_EVENTS };

/* `id` is how the operation is called: % stands for group and version, + for "Namespaced" and the
 * kind. */
static const struct operation {
    enum operation_place place;
    const char *method;
    uint32_t verb;
    const char *action, *id, *about;
    enum operation_body body;
    enum operation_answer answer;
    unsigned query;
    bool created, accepted; /* may be answered 201, 202 */
} operation_table[] = {
    {PLACE_COLLECTION, "get", VERB_LIST, "list", "list%+", "Lists or watches", BODY_NONE,
     ANSWER_LIST, QUERY_LIST, false, false},
    {PLACE_COLLECTION, "post", VERB_CREATE, "post", "create%+", "Creates", BODY_SELF, ANSWER_SELF,
     QUERY_WRITE | QUERY_DRY_RUN, true, true},
    {PLACE_COLLECTION, "delete", VERB_DELETECOLLECTION, "deletecollection", "delete%Collection+",
     "Deletes a collection of", BODY_OPTIONS, ANSWER_STATUS,
     QUERY_LIST | QUERY_DELETE | QUERY_DRY_RUN, false, false},
    {PLACE_OBJECT, "get", VERB_GET, "get", "read%+", "Reads", BODY_NONE, ANSWER_SELF, 0, false,
     false},
    {PLACE_OBJECT, "put", VERB_UPDATE, "put", "replace%+", "Replaces", BODY_SELF, ANSWER_SELF,
     QUERY_WRITE | QUERY_DRY_RUN, true, false},
    {PLACE_OBJECT, "patch", VERB_PATCH, "patch", "patch%+", "Changes parts of", BODY_PATCH,
     ANSWER_SELF, QUERY_WRITE | QUERY_DRY_RUN | QUERY_FORCE, true, false},
    {PLACE_OBJECT, "delete", VERB_DELETE, "delete", "delete%+", "Deletes", BODY_OPTIONS,
     ANSWER_STATUS, QUERY_DELETE | QUERY_DRY_RUN, false, true},
    {PLACE_EVERYWHERE, "get", VERB_LIST, "list", "list%-ForAllNamespaces", "Lists or watches",
     BODY_NONE, ANSWER_LIST, QUERY_LIST, false, false},
    {PLACE_SUBRESOURCE, "get", VERB_GET, "get", "read%+", "Reads", BODY_NONE, ANSWER_SELF, 0, false,
     false},
    {PLACE_SUBRESOURCE, "put", VERB_UPDATE, "put", "replace%+", "Replaces", BODY_SELF, ANSWER_SELF,
     QUERY_WRITE | QUERY_DRY_RUN, true, false},
    {PLACE_SUBRESOURCE, "post", VERB_CREATE, "post", "create%+", "Creates", BODY_SELF, ANSWER_SELF,
     QUERY_WRITE | QUERY_DRY_RUN, true, true},
    {PLACE_SUBRESOURCE, "patch", VERB_PATCH, "patch", "patch%+", "Changes parts of", BODY_PATCH,
     ANSWER_SELF, QUERY_WRITE | QUERY_DRY_RUN | QUERY_FORCE, true, false},
    {PLACE_WATCH, "get", VERB_WATCH, "watchlist", "watch%+List", "Watches", BODY_NONE,
     ANSWER_EVENTS, QUERY_LIST, false, false},
    {PLACE_WATCH_OBJECT, "get", VERB_WATCH, "watch", "watch%+", "Watches", BODY_NONE, ANSWER_EVENTS,
     QUERY_LIST, false, false},
    {PLACE_WATCH_EVERYWHERE, "get", VERB_WATCH, "watchlist", "watch%-ListForAllNamespaces",
     "Watches", BODY_NONE, ANSWER_EVENTS, QUERY_LIST, false, false},
};
enum { OPERATIONS = sizeof operation_table / sizeof *operation_table };

/* One operation of one kind. */
struct operation_of {
    const struct operation *op;
    const struct openapi_kind *k;
    const struct subresource *sub; /* or NULL */
};

/* Bytes that are a stream of text, not an object. */
static bool operation_is_text(const struct operation_of *o)
{
    return o->sub && strcmp(o->sub->name, "log") == 0;
}

/* "rbac.authorization.k8s.io" is RbacAuthorization, the core group Core. */
static void operation_put_group(const char *group, bool capital, struct buf *out)
{
    struct str rest = str_of(group[0] ? group : "core");
    if (str_ends(rest, ".k8s.io")) rest.n -= strlen(".k8s.io");
    for (size_t i = 0; i < rest.n; i++) {
        if (isalnum((unsigned char)rest.p[i]))
            buf_putc(out, capital ? (char)toupper((unsigned char)rest.p[i]) : rest.p[i]);
        capital = !isalnum((unsigned char)rest.p[i]);
    }
}

static void operation_put_capital(const char *word, struct buf *out)
{
    buf_putc(out, (char)toupper((unsigned char)word[0]));
    buf_puts(out, word + 1);
}

static void operation_put_id(struct spec *s, const struct operation_of *o)
{
    const struct kind_version *v = o->k->version;
    buf_auto struct buf id = BUF_INIT;
    for (const char *p = o->op->id; *p; p++) {
        if (*p == '%') {
            operation_put_group(v->kind->group, true, &id);
            operation_put_capital(v->version, &id);
        } else if (*p == '+' || *p == '-') {
            if (*p == '+' && v->kind->namespaced) buf_puts(&id, "Namespaced");
            buf_puts(&id, v->kind->kind);
        } else {
            buf_putc(&id, *p);
        }
    }
    if (o->sub) operation_put_capital(o->sub->name, &id);
    spec_put(s, "operationId", id.data);
}

static void operation_put_about(struct spec *s, const struct operation_of *o)
{
    buf_auto struct buf about = BUF_INIT, tag = BUF_INIT;
    const struct kind_version *v = o->k->version;
    buf_printf(&about, "%s %s%s%s objects.", o->op->about, o->sub ? o->sub->name : "",
               o->sub ? " of " : "", v->kind->kind);
    spec_put(s, "description", about.data);
    operation_put_group(v->kind->group, false, &tag);
    buf_printf(&tag, "_%s", v->version);
    spec_put_texts(s, "tags", (const char *const[]){tag.data, NULL});
}

/* The definition that bodies and answers of the operation have. */
static void operation_put_type(struct spec *s, const struct operation_of *o, bool list)
{
    buf_auto struct buf name = BUF_INIT;
    bool own = !o->sub || !o->sub->type ||
               (!o->sub->version[0] && strcmp(o->sub->kind, o->k->version->kind->kind) == 0);
    if (own)
        openapi_kind_name(o->k, list, &name);
    else
        openapi_type_name(o->sub->type->name, &name);
    spec_put_ref(s, name.data);
}

static void operation_put_common(struct spec *s, const char *type)
{
    buf_auto struct buf name = BUF_INIT;
    openapi_type_name(type, &name);
    spec_put_ref(s, name.data);
}

static void operation_put_body_type(struct spec *s, const struct operation_of *o)
{
    spec_map(s);
    if (o->op->body == BODY_SELF)
        operation_put_type(s, o, false);
    else
        operation_put_common(s, o->op->body == BODY_PATCH ? "apis.meta.v1.Patch"
                                                          : "apis.meta.v1.DeleteOptions");
    spec_end(s);
}

static void operation_put_answer_type(struct spec *s, const struct operation_of *o)
{
    spec_map(s);
    if (operation_is_text(o))
        spec_put(s, "type", "string");
    else if (o->op->answer == ANSWER_STATUS)
        operation_put_common(s, "apis.meta.v1.Status");
    else if (o->op->answer == ANSWER_EVENTS)
        operation_put_common(s, "apis.meta.v1.WatchEvent");
    else
        operation_put_type(s, o, o->op->answer == ANSWER_LIST);
    spec_end(s);
}

/* ---- media types */

static const char *const *operation_consumes(const struct operation_of *o)
{
    static const char *const object[] = {"application/json", "application/yaml",
                                         "application/vnd.kubernetes.protobuf", NULL},
                             *const custom[] = {"application/json", "application/yaml", NULL},
                             *const patch[] = {"application/json-patch+json",
                                               "application/merge-patch+json",
                                               "application/apply-patch+yaml",
                                               "application/strategic-merge-patch+json", NULL},
                             *const custom_patch[] = {"application/json-patch+json",
                                                      "application/merge-patch+json",
                                                      "application/apply-patch+yaml", NULL};
    bool is_custom = o->k->version->kind->custom;
    if (o->op->body == BODY_PATCH) return is_custom ? custom_patch : patch;
    return is_custom ? custom : object;
}

static const char *const *operation_produces(const struct operation_of *o)
{
    static const char *const object[] = {"application/json", NULL},
                             *const stream[] = {"application/json", "application/json;stream=watch",
                                                NULL},
                             *const text[] = {"text/plain", NULL};
    if (operation_is_text(o)) return text;
    return o->op->answer == ANSWER_LIST || o->op->answer == ANSWER_EVENTS ? stream : object;
}

/* Version 3 says it for each media type. */
static void operation_put_content(struct spec *s, const struct operation_of *o,
                                  const char *const *types,
                                  void (*put)(struct spec *s, const struct operation_of *o))
{
    spec_key(s, "content");
    spec_map(s);
    for (; *types; types++) {
        spec_key(s, *types);
        spec_map(s);
        spec_key(s, "schema");
        put(s, o);
        spec_end(s);
    }
    spec_end(s);
}

/* ---- the parts of an operation */

static void operation_put_body(struct spec *s, const struct operation_of *o)
{
    bool required = o->op->body != BODY_OPTIONS;
    if (o->op->body == BODY_NONE) return;
    if (s->v3) {
        spec_key(s, "requestBody");
        spec_map(s);
        operation_put_content(s, o, operation_consumes(o), operation_put_body_type);
        if (required) spec_put_bool(s, "required", true);
        spec_end(s);
        return;
    }
    spec_map(s); /* an element of the parameters */
    spec_put(s, "in", "body");
    spec_put(s, "name", "body");
    if (required) spec_put_bool(s, "required", true);
    spec_key(s, "schema");
    operation_put_body_type(s, o);
    spec_end(s);
}

static void operation_put_parameters(struct spec *s, const struct operation_of *o)
{
    unsigned query = operation_is_text(o) ? QUERY_LOG : o->op->query;
    if (s->v3) operation_put_body(s, o);
    if (!query && (s->v3 || o->op->body == BODY_NONE)) return;
    spec_key(s, "parameters");
    spec_list(s);
    if (!s->v3) operation_put_body(s, o);
    openapi_put_parameters(s, query);
    spec_end(s);
}

static void operation_put_answers(struct spec *s, const struct operation_of *o)
{
    const struct {
        bool given;
        const char *code, *about;
    } codes[] = {
        {true, "200", "OK"},
        {o->op->created, "201", "Created"},
        {o->op->accepted, "202", "Accepted"},
    };
    spec_key(s, "responses");
    spec_map(s);
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        if (!codes[i].given) continue;
        spec_key(s, codes[i].code);
        spec_map(s);
        spec_put(s, "description", codes[i].about);
        if (s->v3) {
            operation_put_content(s, o, operation_produces(o), operation_put_answer_type);
        } else {
            spec_key(s, "schema");
            operation_put_answer_type(s, o);
        }
        spec_end(s);
    }
    spec_key(s, "401");
    spec_map(s);
    spec_put(s, "description", "Unauthorized");
    spec_end(s);
    spec_end(s);
}

static void operation_put_gvk(struct spec *s, const struct operation_of *o)
{
    const struct kind_version *v = o->k->version;
    const struct subresource *sub = o->sub;
    bool own = !sub || !sub->version[0];
    openapi_put_gvk(s, false, own ? v->kind->group : sub->group, own ? v->version : sub->version,
                    sub ? sub->kind : v->kind->kind);
}

static void operation_put(struct spec *s, const struct operation_of *o)
{
    spec_key(s, o->op->method);
    spec_map(s);
    operation_put_about(s, o);
    operation_put_id(s, o);
    if (!s->v3) {
        if (o->op->body != BODY_NONE) spec_put_texts(s, "consumes", operation_consumes(o));
        spec_put_texts(s, "produces", operation_produces(o));
        spec_put_texts(s, "schemes", (const char *const[]){"https", NULL});
    }
    operation_put_parameters(s, o);
    operation_put_answers(s, o);
    spec_put(s, "x-kubernetes-action", o->op->action);
    operation_put_gvk(s, o);
    spec_end(s);
}

bool openapi_has_operations(enum operation_place place, uint32_t verbs)
{
    for (unsigned i = 0; i < OPERATIONS; i++)
        if (operation_table[i].place == place && operation_table[i].verb & verbs) return true;
    return false;
}

void openapi_put_operations(struct spec *s, const struct openapi_kind *k,
                            enum operation_place place, const struct subresource *sub)
{
    uint32_t verbs = sub ? sub->verbs : k->version->kind->verbs;
    for (unsigned i = 0; i < OPERATIONS; i++) {
        const struct operation *op = &operation_table[i];
        struct operation_of o = {op, k, sub};
        if (op->place == place && op->verb & verbs) operation_put(s, &o);
    }
}
