/* Which operations there are, and each as a whole. */
#include "proto/openapi_operation.h"

#include "proto/openapi_paths.h"
#include "proto/openapi_schema.h"

static const struct operation operation_table[] = {
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

static void operation_put_gvk(struct spec *s, const struct operation_of *o)
{
    const struct kind_version *v = o->k->version;
    const struct subresource *sub = o->sub;
    bool own = !sub || !sub->version[0];
    openapi_put_gvk(s, false, own ? v->group : sub->group, own ? v->version : sub->version,
                    sub ? sub->kind : v->kind->kind);
}

static void operation_put(struct spec *s, const struct operation_of *o)
{
    spec_key(s, o->op->method);
    spec_map(s);
    openapi_put_operation_name(s, o);
    openapi_put_operation_input(s, o);
    openapi_put_operation_answers(s, o);
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
