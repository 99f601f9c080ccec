/* Field selectors: which fields a kind offers is the table; the rest reads that table. */
#include "base/mem.h"
#include "proto/selector.h"

#include <stdio.h>

enum field_source { FROM_NAME, FROM_NAMESPACE, FROM_NODE, FROM_BODY, FROM_STATUS };

struct field_row {
    const char *kind; /* key; NULL: every kind */
    const char *field;
    enum field_source from;
    const char *path;      /* within body or status */
    const char *otherwise; /* the value where there is none */
    const char *instead;   /* where it is when the path is empty, or NULL */
};

static const struct field_row field_rows[] = {
    {NULL, "metadata.name", FROM_NAME, NULL, "", NULL},
    {NULL, "metadata.namespace", FROM_NAMESPACE, NULL, "", NULL},
    {"pods", "spec.nodeName", FROM_NODE, NULL, "", NULL},
    {"pods", "spec.restartPolicy", FROM_BODY, "spec.restartPolicy", "Always", NULL},
    {"pods", "spec.schedulerName", FROM_BODY, "spec.schedulerName", "default-scheduler", NULL},
    {"pods", "spec.serviceAccountName", FROM_BODY, "spec.serviceAccountName", "", NULL},
    {"pods", "status.phase", FROM_STATUS, "phase", "Pending", NULL},
    {"pods", "status.podIP", FROM_STATUS, "podIP", "", NULL},
    {"pods", "status.nominatedNodeName", FROM_STATUS, "nominatedNodeName", "", NULL},
    {"events", "involvedObject.kind", FROM_BODY, "involvedObject.kind", "", NULL},
    {"events", "involvedObject.namespace", FROM_BODY, "involvedObject.namespace", "", NULL},
    {"events", "involvedObject.name", FROM_BODY, "involvedObject.name", "", NULL},
    {"events", "involvedObject.uid", FROM_BODY, "involvedObject.uid", "", NULL},
    {"events", "involvedObject.apiVersion", FROM_BODY, "involvedObject.apiVersion", "", NULL},
    {"events", "involvedObject.resourceVersion", FROM_BODY, "involvedObject.resourceVersion", "",
     NULL},
    {"events", "involvedObject.fieldPath", FROM_BODY, "involvedObject.fieldPath", "", NULL},
    {"events", "reason", FROM_BODY, "reason", "", NULL},
    {"events", "source", FROM_BODY, "source.component", "", "reportingComponent"},
    {"events", "reportingComponent", FROM_BODY, "reportingComponent", "", NULL},
    {"events", "type", FROM_BODY, "type", "", NULL},
    /* In their other group: */
    {"events", "regarding.kind", FROM_BODY, "involvedObject.kind", "", NULL},
    {"events", "regarding.namespace", FROM_BODY, "involvedObject.namespace", "", NULL},
    {"events", "regarding.name", FROM_BODY, "involvedObject.name", "", NULL},
    {"events", "regarding.uid", FROM_BODY, "involvedObject.uid", "", NULL},
    {"events", "regarding.apiVersion", FROM_BODY, "involvedObject.apiVersion", "", NULL},
    {"events", "regarding.resourceVersion", FROM_BODY, "involvedObject.resourceVersion", "", NULL},
    {"events", "regarding.fieldPath", FROM_BODY, "involvedObject.fieldPath", "", NULL},
    {"events", "reportingController", FROM_BODY, "reportingComponent", "", NULL},
    {"nodes", "spec.unschedulable", FROM_BODY, "spec.unschedulable", "false", NULL},
    {"namespaces", "status.phase", FROM_STATUS, "phase", "Active", NULL},
    {"secrets", "type", FROM_BODY, "type", "Opaque", NULL},
    {"replicasets.apps", "status.replicas", FROM_STATUS, "replicas", "0", NULL},
    {"replicationcontrollers", "status.replicas", FROM_STATUS, "replicas", "0", NULL},
    {"certificatesigningrequests.certificates.k8s.io", "spec.signerName", FROM_BODY,
     "spec.signerName", "", NULL},
    {"jobs.batch", "status.successful", FROM_STATUS, "succeeded", "0", NULL},
};

struct field_term {
    const struct field_row *row;
    struct str value; /* unescaped, in text */
    bool differs;     /* != */
};

struct field_selector {
    char *text;
    struct field_term *terms;
    size_t count, cap;
};

static const struct field_row *field_find(const struct kind *kind, struct str field)
{
    for (size_t i = 0; i < sizeof field_rows / sizeof *field_rows; i++) {
        const struct field_row *row = &field_rows[i];
        if (str_is(field, row->field) && (!row->kind || strcmp(row->kind, kind->key) == 0))
            return row;
    }
    return NULL;
}

/* In Kubernetes' words: kinds without fields of their own name the two that all have. */
static int field_unknown(const struct kind *kind, struct str field, struct error *err)
{
    bool own = kind->custom;
    for (size_t i = 0; i < sizeof field_rows / sizeof *field_rows && !own; i++)
        own = field_rows[i].kind && strcmp(field_rows[i].kind, kind->key) == 0;
    if (own)
        return error_set(err, E_INVALID, "field label not supported: %.*s", (int)field.n, field.p);
    return error_set(err, E_INVALID,
                     "\"%.*s\" is not a known field selector: only \"metadata.name\", "
                     "\"metadata.namespace\"",
                     (int)field.n, field.p);
}

/* Cuts the next term off at a comma that no backslash stands before. */
static struct str field_cut(char **rest, char *end)
{
    char *p = *rest;
    while (p < end && *p != ',') p += *p == '\\' && p + 1 < end ? 2 : 1;
    struct str term = {*rest, (size_t)(p - *rest)};
    *rest = p < end ? p + 1 : end;
    return term;
}

/* Resolves \\ \, and \= in place. */
static int field_unescape(char *p, size_t n, struct str *out, struct error *err)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (p[i] == '\\') {
            if (++i == n || (p[i] != '\\' && p[i] != ',' && p[i] != '='))
                return error_set(err, E_INVALID,
                                 "invalid field selector: invalid escape sequence: %.*s",
                                 i == n ? 1 : 2, p + i - 1);
        } else if (p[i] == '=') {
            return error_set(err, E_INVALID,
                             "invalid field selector: unescaped character in value: '='");
        }
        p[kept++] = p[i];
    }
    *out = (struct str){p, kept};
    return 0;
}

static int field_add(struct field_selector *s, const struct kind *kind, struct str term,
                     struct str whole, struct error *err)
{
    char *equals = memchr(term.p, '=', term.n), *value = equals ? equals + 1 : NULL;
    if (!equals)
        return error_set(err, E_INVALID, "invalid selector: '%.*s'; can't understand '%.*s'",
                         (int)whole.n, whole.p, (int)term.n, term.p);
    bool differs = equals > term.p && equals[-1] == '!';
    struct str field = {term.p, (size_t)(equals - term.p) - differs};
    if (!differs && value < term.p + term.n && *value == '=') value++;
    struct field_term t = {.row = field_find(kind, field), .differs = differs};
    if (!t.row) return field_unknown(kind, field, err);
    int rc = field_unescape(value, (size_t)(term.p + term.n - value), &t.value, err);
    if (rc) return rc;
    if (s->count == s->cap) {
        s->cap = s->cap ? 2 * s->cap : 4;
        s->terms = mem_resize(s->terms, s->cap * sizeof *s->terms);
    }
    s->terms[s->count++] = t;
    return 0;
}

int field_selector_parse(const struct kind *kind, struct str text, struct field_selector **out,
                         struct error *err)
{
    struct field_selector *s = mem_new(struct field_selector);
    s->text = mem_strndup(text.n ? text.p : "", text.n);
    char *rest = s->text, *end = s->text + text.n;
    while (rest < end) {
        struct str term = field_cut(&rest, end);
        int rc = term.n ? field_add(s, kind, term, text, err) : 0;
        if (!rc) continue;
        field_selector_free(s);
        return rc;
    }
    *out = s;
    return 0;
}

void field_selector_free(struct field_selector *s)
{
    if (!s) return;
    mem_free(s->terms);
    mem_free(s->text);
    mem_free(s);
}

static bool field_equals(struct mp v, const struct field_row *row, struct str wanted)
{
    char number[24];
    switch (v.type) {
    case MP_STR:
        return str_eq(v.s, wanted);
    case MP_BOOL:
        return str_is(wanted, v.b ? "true" : "false");
    case MP_INT:
        snprintf(number, sizeof number, "%lld", (long long)v.i);
        return str_is(wanted, number);
    default:
        return str_is(wanted, row->otherwise);
    }
}

static struct mp field_value(const struct field_row *row, const struct object *o)
{
    struct mp v = doc_path(o->body, row->path);
    return row->instead && !mp_str(v).n ? doc_path(o->body, row->instead) : v;
}

static bool field_term_matches(const struct field_term *t, const struct object *o)
{
    switch (t->row->from) {
    case FROM_NAME:
        return str_eq(object_name(o), t->value);
    case FROM_NAMESPACE:
        return str_eq(istr_str(o->id->ns), t->value);
    case FROM_NODE:
        return str_eq(istr_str(o->node), t->value);
    case FROM_BODY:
        return field_equals(field_value(t->row, o), t->row, t->value);
    case FROM_STATUS:
        return field_equals(doc_path(o->status, t->row->path), t->row, t->value);
    }
    return false;
}

bool field_selector_matches(const struct field_selector *s, const struct object *o)
{
    for (size_t i = 0; s && i < s->count; i++)
        if (field_term_matches(&s->terms[i], o) == s->terms[i].differs) return false;
    return true;
}

struct str field_selector_exact(const struct field_selector *s, const char *field)
{
    for (size_t i = 0; s && i < s->count; i++)
        if (!s->terms[i].differs && strcmp(s->terms[i].row->field, field) == 0)
            return s->terms[i].value;
    return (struct str){0};
}
