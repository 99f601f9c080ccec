#include "proto/admit.h"

#include "base/map.h"
#include "base/mem.h"
#include "proto/checker.h"
#include "proto/definition.h"
#include "proto/quantity.h"
#include "proto/structural.h"

#include <assert.h>
#include <stdio.h>

static void validate_object(struct checker *c, const struct check_scope *outer,
                            const struct type *type, struct mp v, struct mp old);

struct mp check_get(const struct check_scope *at, const char *field)
{
    const struct field *f = type_field(at->type, str_of(field));
    assert(f);
    return at->values[f - at->type->fields];
}

void check_labels(struct checker *c, const char *sub, struct mp labels)
{
    for (struct mp_iter it = mp_items(labels); mp_iter_next(&it);) {
        const char *wrong = name_check_qualified(it.key);
        if (wrong) check_invalid_str(c, sub, it.key, wrong);
        wrong = name_check_label_value(mp_str(it.value));
        if (wrong) check_invalid(c, sub, it.value, wrong);
    }
}

void check_unique(struct checker *c, const char *sub, struct mp list, const char *key)
{
    struct map seen = {0};
    unsigned i = 0;
    if (list.count < 2) return;
    for (struct mp_iter it = mp_items(list); mp_iter_next(&it); i++) {
        struct str text = mp_str(mp_get(it.value, key));
        if (!text.n || !map_put(&seen, text.p, text.n, &seen)) continue;
        mem_auto char *at = mem_printf("%s[%u].%s", sub, i, key);
        check_duplicate(c, at, text);
    }
    map_free(&seen);
}

static void validate_range(struct checker *c, const struct type_rule *r, struct mp v)
{
    char why[96];
    bool absent = v.type == MP_END;
    if (absent && !(r->field->required && r->low > 0)) return;
    int64_t n = absent ? 0 : mp_i64(v, 0);
    if (v.type != MP_UINT && n >= r->low && n <= r->high) return;
    if (r->zero && n == 0) return;
    if (r->low == 0 && r->high == 0777)
        snprintf(why, sizeof why, "must be a number between 0 and 0777 (octal), both inclusive");
    else if (r->high != INT64_MAX)
        snprintf(why, sizeof why, "must be between %lld and %lld, inclusive", (long long)r->low,
                 (long long)r->high);
    else if (r->low == 1)
        snprintf(why, sizeof why, "must be greater than 0");
    else
        snprintf(why, sizeof why, "must be greater than or equal to %lld", (long long)r->low);
    check_add(c, "FieldValueInvalid", r->field->name, "Invalid value: %lld: %s", (long long)n, why);
}

static void validate_choice(struct checker *c, const struct type_rule *r, struct mp v)
{
    if (check_empty(v)) return;
    for (size_t i = 0; r->choices[i]; i++)
        if (mp_is(v, r->choices[i])) return;
    check_unsupported(c, r->field->name, mp_str(v), r->choices);
}

static void validate_name(struct checker *c, const struct type_rule *r, struct mp v)
{
    const char *wrong = check_empty(v) ? NULL : r->name(mp_str(v));
    if (wrong) check_invalid(c, r->field->name, v, wrong);
}

static void validate_amounts(struct checker *c, const struct type_rule *r, struct mp v)
{
    for (struct mp_iter it = mp_items(v); mp_iter_next(&it);) {
        int64_t milli = 0;
        const char *wrong_key = name_check_qualified(it.key), *wrong = NULL;
        if (!quantity_milli(mp_str(it.value), &milli))
            wrong = "must be a quantity";
        else if (milli < 0)
            wrong = "must be greater than or equal to 0";
        if (!wrong_key && !wrong) continue;
        mem_auto char *at =
            mem_printf("%s[%.*s]", r->field->name, (int)it.key.n, it.key.n ? it.key.p : "");
        if (wrong_key) check_invalid_str(c, at, it.key, wrong_key);
        if (wrong) check_invalid(c, at, it.value, wrong);
    }
}

static void validate_port(struct checker *c, const struct type_rule *r, struct mp v)
{
    const char *wrong = NULL;
    int64_t n = mp_i64(v, 0);
    if (v.type == MP_STR)
        wrong = name_check_port_name(v.s);
    else if ((v.type != MP_END || r->field->required) && (n < 1 || n > 65535))
        wrong = "must be between 1 and 65535, inclusive";
    if (wrong && v.type == MP_END)
        check_required(c, r->field->name, NULL);
    else if (wrong)
        check_invalid(c, r->field->name, v, wrong);
}

static void validate_immutable(struct checker *c, const struct type_rule *r,
                               const struct check_scope *at)
{
    if (at->old.type == MP_END) return;
    struct mp before = mp_get(at->old, r->field->name);
    if (before.type == MP_END && at->value.type == MP_END) return;
    if (!mp_same(before, at->value))
        check_invalid(c, r->field->name, at->value, "field is immutable");
}

static void validate_rule(struct checker *c, const struct type_rule *r, struct check_scope *at)
{
    assert(r->field || r->rule == RULE_CHECK); /* schemagen.py sees to it */
    switch (r->rule) {
    case RULE_REQUIRED:
        if (check_empty(at->value)) check_required(c, r->key, NULL);
        break;
    case RULE_RANGE:
        validate_range(c, r, at->value);
        break;
    case RULE_ENUM:
        validate_choice(c, r, at->value);
        break;
    case RULE_NAME:
        validate_name(c, r, at->value);
        break;
    case RULE_UNIQUE:
        check_unique(c, r->field->name, at->value, r->key);
        break;
    case RULE_IMMUTABLE:
        validate_immutable(c, r, at);
        break;
    case RULE_LABELS:
        check_labels(c, r->field->name, at->value);
        break;
    case RULE_AMOUNTS:
        validate_amounts(c, r, at->value);
        break;
    case RULE_PORT:
        validate_port(c, r, at->value);
        break;
    case RULE_CHECK:
        r->check(c, at);
        break;
    }
}

static void validate_field(struct checker *c, const struct check_scope *at, const struct field *f,
                           struct mp v)
{
    size_t mark = path_field(&c->path, str_of(f->name));
    unsigned i = 0;
    if (f->shape == SHAPE_OBJECT)
        validate_object(c, at, f->type, v, mp_get(at->old, f->name));
    else
        for (struct mp_iter it = mp_items(v); mp_iter_next(&it); i++) {
            size_t inner = it.map ? path_key(&c->path, it.key) : path_index(&c->path, i);
            validate_object(c, at, f->type, it.value, (struct mp){0});
            path_cut(&c->path, inner);
        }
    path_cut(&c->path, mark);
}

static void validate_object(struct checker *c, const struct check_scope *outer,
                            const struct type *type, struct mp v, struct mp old)
{
    if (!type->rules_below || v.type != MP_MAP) return;
    struct mp values[SCHEMA_FIELDS_MAX]; /* found in one pass, for all rules */
    struct check_scope at = {outer, type, v, old, v, values};
    memset(values, 0, type->field_count * sizeof *values);
    for (struct mp_iter it = mp_items(v); mp_iter_next(&it);) {
        const struct field *f = type_field(type, it.key);
        if (f) values[f - type->fields] = it.value;
    }
    for (unsigned i = 0; i < type->rule_count; i++) {
        const struct field *f = type->rules[i].field;
        at.value = f ? values[f - type->fields] : v;
        validate_rule(c, &type->rules[i], &at);
    }
    for (unsigned i = 0; i < type->field_count; i++) {
        const struct field *f = &type->fields[i];
        if (f->type && f->type->rules_below && values[i].type != MP_END)
            validate_field(c, &at, f, values[i]);
    }
}

void admit_validate(const struct kind *kind, struct mp doc, struct mp old, const char *subresource,
                    struct causes *causes)
{
    struct checker c = {
        .kind = kind, .subresource = subresource, .causes = causes, .root = doc, .old_root = old};
    check_metadata(&c);
    if (kind->custom)
        structural_validate(definition_of(kind)->structural, doc, "", causes);
    else
        validate_object(&c, NULL, kind->versions[0].type, doc, old);
    buf_free(&c.path);
    buf_free(&c.quoted);
}
