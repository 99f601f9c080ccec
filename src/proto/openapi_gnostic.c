#include "proto/openapi_gnostic.h"

/* A value, a part that is a message itself, and a map of named parts. */
#define PLAIN(key, number, form)                                                                   \
    {                                                                                              \
        key, number, form, 0, NULL, 0, 0                                                           \
    }
#define PART(key, number, form, wrap, of)                                                          \
    {                                                                                              \
        key, number, form, wrap, of, 0, 0                                                          \
    }
#define NAMED(key, number, of, inner, entry)                                                       \
    {                                                                                              \
        key, number, FORM_NAMED, 0, of, inner, entry                                               \
    }
#define TABLE(name, number)                                                                        \
    static const struct table name = {name##_slots, sizeof name##_slots / sizeof *name##_slots,    \
                                      number, NULL}

static const struct table schema;

static const struct slot docs_slots[] = {PLAIN("description", 1, FORM_TEXT),
                                         PLAIN("url", 2, FORM_TEXT)};
TABLE(docs, 3);

static const struct slot schema_slots[] = {
    PLAIN("$ref", 1, FORM_TEXT),
    PLAIN("format", 2, FORM_TEXT),
    PLAIN("title", 3, FORM_TEXT),
    PLAIN("description", 4, FORM_TEXT),
    PLAIN("default", 5, FORM_ANY),
    PLAIN("multipleOf", 6, FORM_DOUBLE),
    PLAIN("maximum", 7, FORM_DOUBLE),
    PLAIN("exclusiveMaximum", 8, FORM_BOOL),
    PLAIN("minimum", 9, FORM_DOUBLE),
    PLAIN("exclusiveMinimum", 10, FORM_BOOL),
    PLAIN("maxLength", 11, FORM_INT),
    PLAIN("minLength", 12, FORM_INT),
    PLAIN("pattern", 13, FORM_TEXT),
    PLAIN("maxItems", 14, FORM_INT),
    PLAIN("minItems", 15, FORM_INT),
    PLAIN("uniqueItems", 16, FORM_BOOL),
    PLAIN("maxProperties", 17, FORM_INT),
    PLAIN("minProperties", 18, FORM_INT),
    PLAIN("required", 19, FORM_TEXTS),
    PLAIN("enum", 20, FORM_ANYS),
    PART("additionalProperties", 21, FORM_SCHEMA_BOOL, 0, &schema),
    PART("type", 22, FORM_TEXTS, 1, NULL),
    PART("items", 23, FORM_MESSAGE, 1, &schema),
    NAMED("properties", 25, &schema, 0, 1),
    PART("externalDocs", 29, FORM_MESSAGE, 0, &docs),
    PLAIN("example", 30, FORM_ANY),
};
static const struct table schema = {schema_slots, sizeof schema_slots / sizeof *schema_slots, 31,
                                    NULL};

static const struct slot reference_slots[] = {PLAIN("$ref", 1, FORM_TEXT)};
TABLE(reference, 0);

static const struct slot body_slots[] = {
    PLAIN("description", 1, FORM_TEXT),
    PLAIN("name", 2, FORM_TEXT),
    PLAIN("in", 3, FORM_TEXT),
    PLAIN("required", 4, FORM_BOOL),
    PART("schema", 5, FORM_MESSAGE, 0, &schema),
};
TABLE(body, 6);

static const struct slot query_slots[] = {
    PLAIN("required", 1, FORM_BOOL),     PLAIN("in", 2, FORM_TEXT),
    PLAIN("description", 3, FORM_TEXT),  PLAIN("name", 4, FORM_TEXT),
    PLAIN("type", 6, FORM_TEXT),         PLAIN("format", 7, FORM_TEXT),
    PLAIN("uniqueItems", 20, FORM_BOOL),
};
TABLE(query, 23);

static const struct slot inpath_slots[] = {
    PLAIN("required", 1, FORM_BOOL),     PLAIN("in", 2, FORM_TEXT),
    PLAIN("description", 3, FORM_TEXT),  PLAIN("name", 4, FORM_TEXT),
    PLAIN("type", 5, FORM_TEXT),         PLAIN("format", 6, FORM_TEXT),
    PLAIN("uniqueItems", 19, FORM_BOOL),
};
TABLE(inpath, 22);

/* Parameter: body 1, or others 2, of which query is 3 and path 4. */
static const struct table *parameter_choose(struct mp value, const char **path)
{
    bool is_body = mp_is(mp_get(value, "in"), "body"), is_path = mp_is(mp_get(value, "in"), "path");
    *path = is_body ? "\1" : is_path ? "\2\4" : "\2\3";
    return is_body ? &body : is_path ? &inpath : &query;
}
static const struct table parameter = {NULL, 0, 0, parameter_choose};

/* In an operation's list: a parameter 1, or a reference to one 2. */
static const struct table *item_choose(struct mp value, const char **path)
{
    bool refers = mp_get(value, "$ref").type == MP_STR;
    *path = refers ? "\2" : "\1";
    return refers ? &reference : &parameter;
}
static const struct table item = {NULL, 0, 0, item_choose};

static const struct slot response_slots[] = {
    PLAIN("description", 1, FORM_TEXT),
    PART("schema", 2, FORM_MESSAGE, 1, &schema),
};
TABLE(response, 5);

static const struct slot operation_slots[] = {
    PLAIN("tags", 1, FORM_TEXTS),
    PLAIN("summary", 2, FORM_TEXT),
    PLAIN("description", 3, FORM_TEXT),
    PLAIN("operationId", 5, FORM_TEXT),
    PLAIN("produces", 6, FORM_TEXTS),
    PLAIN("consumes", 7, FORM_TEXTS),
    PART("parameters", 8, FORM_MESSAGES, 0, &item),
    NAMED("responses", 9, &response, 1, 1),
    PLAIN("schemes", 10, FORM_TEXTS),
};
TABLE(operation, 13);

static const struct slot path_slots[] = {
    PART("get", 2, FORM_MESSAGE, 0, &operation),   PART("put", 3, FORM_MESSAGE, 0, &operation),
    PART("post", 4, FORM_MESSAGE, 0, &operation),  PART("delete", 5, FORM_MESSAGE, 0, &operation),
    PART("patch", 8, FORM_MESSAGE, 0, &operation), PART("parameters", 9, FORM_MESSAGES, 0, &item),
};
TABLE(path, 10);

static const struct slot info_slots[] = {PLAIN("title", 1, FORM_TEXT),
                                         PLAIN("version", 2, FORM_TEXT)};
TABLE(info, 7);

static const struct slot api_key_slots[] = {
    PLAIN("type", 1, FORM_TEXT),
    PLAIN("name", 2, FORM_TEXT),
    PLAIN("in", 3, FORM_TEXT),
    PLAIN("description", 4, FORM_TEXT),
};
TABLE(api_key, 5);

static const struct slot document_slots[] = {
    PLAIN("swagger", 1, FORM_TEXT),
    PART("info", 2, FORM_MESSAGE, 0, &info),
    NAMED("paths", 8, &path, 0, 2),
    NAMED("definitions", 9, &schema, 0, 1),
    NAMED("parameters", 10, &parameter, 0, 1),
    NAMED("securityDefinitions", 13, &api_key, 2, 1),
};
const struct table openapi_document_table = {
    document_slots, sizeof document_slots / sizeof *document_slots, 16, NULL};
