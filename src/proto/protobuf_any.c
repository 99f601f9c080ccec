/* Values that have no type in JSON: what each of them looks like in protobuf. */
#include "proto/json.h"
#include "proto/mp.h"
#include "proto/protobuf_fields.h"
#include "proto/protobuf_wire.h"

enum any_form {
    ANY_JSON,      /* {raw = 1}: JSON in bytes */
    ANY_EMPTY,     /* a message without fields */
    ANY_TEXTS,     /* {items = 1}: a list of strings */
    ANY_OR_BOOL,   /* {allows = 1, schema = 2} */
    ANY_OR_LIST,   /* {schema = 1, schemas = 2} */
    ANY_OR_STRINGS /* {schema = 1, property = 2} */
};

static const struct {
    const char *type; /* the last label of its name */
    enum any_form form;
} any_forms[] = {
    {"CustomResourceSubresourceStatus", ANY_EMPTY},   {"StorageVersionSpec", ANY_EMPTY},
    {"JSONSchemaPropsOrArray", ANY_OR_LIST},          {"JSONSchemaPropsOrBool", ANY_OR_BOOL},
    {"JSONSchemaPropsOrStringArray", ANY_OR_STRINGS}, {"[]string", ANY_TEXTS},
};

static enum any_form any_form_of(const struct field *f)
{
    const char *dot = f->scalar_type ? strrchr(f->scalar_type, '.') : NULL;
    const char *last = dot ? dot + 1 : f->scalar_type;
    for (size_t i = 0; last && i < sizeof any_forms / sizeof *any_forms; i++)
        if (strcmp(last, any_forms[i].type) == 0) return any_forms[i].form;
    return ANY_JSON;
}

static int any_schema(struct protobuf *d, const struct field *f, struct str message)
{
    bool beta = strncmp(f->scalar_type, "apiextensions.v1beta1.", 22) == 0;
    const struct type *type = type_by_name(beta ? "apiextensions.v1beta1.JSONSchemaProps"
                                                : "apiextensions.v1.JSONSchemaProps");
    return protobuf_put_message(d, type, message);
}

/* A list of texts or of schemas. */
static int any_list(struct protobuf *d, const struct field *f, struct str message, unsigned number,
                    bool texts)
{
    struct wire item;
    uint32_t count = 0;
    int rc = 0;
    size_t begin = mp_begin(d->out);
    while (!rc && message.n && wire_next(&message, &item)) {
        if (item.number != number || item.kind != WIRE_BYTES) continue;
        if (texts)
            mp_put_str(d->out, item.bytes);
        else
            rc = any_schema(d, f, item.bytes);
        count++;
    }
    mp_end_array(d->out, begin, count);
    return rc;
}

/* A schema, or what may stand in its place. */
static int any_union(struct protobuf *d, const struct field *f, enum any_form form,
                     struct str message)
{
    struct wire w;
    bool schema = wire_find(message, form == ANY_OR_BOOL ? 2 : 1, WIRE_BYTES, &w);
    struct wire other;
    if (form != ANY_OR_BOOL && wire_find(message, 2, WIRE_BYTES, &other))
        return any_list(d, f, message, 2, form == ANY_OR_STRINGS);
    if (schema) return any_schema(d, f, w.bytes);
    if (form == ANY_OR_BOOL)
        mp_put_bool(d->out, wire_find(message, 1, WIRE_VARINT, &w) && w.value);
    else
        mp_put_nil(d->out);
    return 0;
}

int protobuf_put_any(struct protobuf *d, const struct field *f, struct str message)
{
    enum any_form form = any_form_of(f);
    struct str json = wire_text(message, 1);
    switch (form) {
    case ANY_EMPTY:
        mp_end_map(d->out, mp_begin(d->out), 0);
        return 0;
    case ANY_TEXTS:
        return any_list(d, f, message, 1, true);
    case ANY_JSON:
        if (json.n) return json_parse(json.p, json.n, d->out, d->err);
        mp_put_nil(d->out);
        return 0;
    default:
        return any_union(d, f, form, message);
    }
}
