/* What an operation takes and gives: parameters, bodies, media types, answers. */
#include "proto/openapi_operation.h"

#include "proto/openapi_paths.h"
#include "proto/openapi_schema.h"

/* Bytes that are a stream of text, not an object. */
static bool operation_is_text(const struct operation_of *o)
{
    return o->sub && strcmp(o->sub->name, "log") == 0;
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

/* Version 2 says it for the operation as a whole. */
static void operation_put_media(struct spec *s, const struct operation_of *o)
{
    if (o->op->body != BODY_NONE) spec_put_texts(s, "consumes", operation_consumes(o));
    spec_put_texts(s, "produces", operation_produces(o));
    spec_put_texts(s, "schemes", (const char *const[]){"https", NULL});
}

void openapi_put_operation_input(struct spec *s, const struct operation_of *o)
{
    unsigned query = operation_is_text(o) ? QUERY_LOG : o->op->query;
    if (s->v3)
        operation_put_body(s, o);
    else
        operation_put_media(s, o);
    if (!query && (s->v3 || o->op->body == BODY_NONE)) return;
    spec_key(s, "parameters");
    spec_list(s);
    if (!s->v3) operation_put_body(s, o);
    openapi_put_parameters(s, query);
    spec_end(s);
}

void openapi_put_operation_answers(struct spec *s, const struct operation_of *o)
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
