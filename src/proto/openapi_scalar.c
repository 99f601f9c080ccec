#include "proto/openapi_scalar.h"

#include <assert.h>

static void scalar_put(struct spec *s, const char *type, const char *format)
{
    spec_put(s, "type", type);
    if (format) spec_put(s, "format", format);
}

void openapi_put_scalar(struct spec *s, unsigned scalar)
{
    static const struct {
        const char *type, *format;
    } plain[] = {
        [SCALAR_STRING] = {"string", NULL},     [SCALAR_INT32] = {"integer", "int32"},
        [SCALAR_INT64] = {"integer", "int64"},  [SCALAR_BOOL] = {"boolean", NULL},
        [SCALAR_DOUBLE] = {"number", "double"}, [SCALAR_BYTES] = {"string", "byte"},
        [SCALAR_ANY] = {"object", NULL},
    };
    assert(scalar < sizeof plain / sizeof *plain && plain[scalar].type);
    scalar_put(s, plain[scalar].type, plain[scalar].format);
}

static const struct {
    const char *name, *type, *format; /* type NULL: anything */
    const char *also;                 /* in OpenAPI 3: it may be of this type, too */
    const char *about;
} scalar_named[] = {
    {"api.resource.Quantity", "string", NULL, "number",
     "An amount: a number with a suffix such as m, k, Mi or G."},
    {"apis.meta.v1.FieldsV1", "object", NULL, NULL,
     "A set of fields as a tree: \"f:name\" is a field, \"k:{...}\" an item of a list."},
    {"apis.meta.v1.MicroTime", "string", "date-time", NULL, "A time with microseconds."},
    {"apis.meta.v1.Patch", "object", NULL, NULL, "A change; its media type says how it is read."},
    {"apis.meta.v1.Time", "string", "date-time", NULL, "A time in seconds, as RFC 3339 writes it."},
    {"apiextensions.v1.CustomResourceSubresourceStatus", "object", NULL, NULL,
     "Asks for a status subresource; it has no fields."},
    {"apiextensions.v1.JSON", NULL, NULL, NULL, "Any JSON value."},
    {"apiextensions.v1.JSONSchemaPropsOrArray", NULL, NULL, NULL, "A schema, or a list of them."},
    {"apiextensions.v1.JSONSchemaPropsOrBool", NULL, NULL, NULL, "A schema, or true or false."},
    {"apiextensions.v1.JSONSchemaPropsOrStringArray", NULL, NULL, NULL,
     "A schema, or a list of names."},
    {"apiextensions.v1beta1.CustomResourceSubresourceStatus", "object", NULL, NULL,
     "Asks for a status subresource; it has no fields."},
    {"apiextensions.v1beta1.JSON", NULL, NULL, NULL, "Any JSON value."},
    {"apiextensions.v1beta1.JSONSchemaPropsOrArray", NULL, NULL, NULL,
     "A schema, or a list of them."},
    {"apiextensions.v1beta1.JSONSchemaPropsOrBool", NULL, NULL, NULL,
     "A schema, or true or false."},
    {"apiextensions.v1beta1.JSONSchemaPropsOrStringArray", NULL, NULL, NULL,
     "A schema, or a list of names."},
    {"internal.v1alpha1.StorageVersionSpec", "object", NULL, NULL,
     "Empty: it is all in the status."},
    {"runtime.RawExtension", "object", NULL, NULL, "An object of any kind."},
    {"util.intstr.IntOrString", "string", "int-or-string", "integer",
     "A number or a text: a port or its name, a count or a percentage."},
};
enum { SCALARS_NAMED = sizeof scalar_named / sizeof *scalar_named };

uint32_t openapi_scalar_bit(const char *name)
{
    for (unsigned i = 0; name && i < SCALARS_NAMED; i++)
        if (strcmp(name, scalar_named[i].name) == 0) return UINT32_C(1) << i;
    return 0;
}

static void scalar_put_one_of(struct spec *s, const char *type, const char *also)
{
    spec_key(s, "oneOf");
    spec_list(s);
    spec_map(s);
    spec_put(s, "type", also);
    spec_end(s);
    spec_map(s);
    spec_put(s, "type", type);
    spec_end(s);
    spec_end(s);
}

void openapi_put_scalars(struct spec *s, uint32_t bits)
{
    for (unsigned i = 0; i < SCALARS_NAMED; i++) {
        if (!(bits >> i & 1)) continue;
        buf_auto struct buf name = BUF_INIT;
        openapi_type_name(scalar_named[i].name, &name);
        spec_key(s, name.data);
        spec_map(s);
        spec_put(s, "description", scalar_named[i].about);
        if (s->v3 && scalar_named[i].also) {
            if (scalar_named[i].format) spec_put(s, "format", scalar_named[i].format);
            scalar_put_one_of(s, scalar_named[i].type, scalar_named[i].also);
        } else if (scalar_named[i].type) {
            scalar_put(s, scalar_named[i].type, scalar_named[i].format);
        }
        spec_end(s);
    }
}
