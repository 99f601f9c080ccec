#include "api/filter.h"

#include "api/inner.h"

bool filter_parse(struct request *r, struct filter *out)
{
    struct filter f = {NULL, NULL};
    struct error err = {0};
    struct str labels = http_param(r->x, "labelSelector");
    struct str fields = http_param(r->x, "fieldSelector");
    int rc = labels.n ? selector_parse(labels, &f.labels, &err) : 0;
    if (rc == 0 && fields.n) rc = field_selector_parse(r->route.kind, fields, &f.fields, &err);
    if (rc) {
        filter_free(&f);
        reply_error(r, 400, NULL, "%s", err.text);
        return false;
    }
    *out = f;
    return true;
}

void filter_free(struct filter *f)
{
    if (f->labels) selector_free(f->labels);
    if (f->fields) field_selector_free(f->fields);
    *f = (struct filter){NULL, NULL};
}

bool filter_matches(const struct filter *f, const struct object *o)
{
    if (f->fields && !field_selector_matches(f->fields, o)) return false;
    return !f->labels || selector_matches(f->labels, object_labels(o));
}

struct str filter_name(const struct filter *f)
{
    return f->fields ? field_selector_exact(f->fields, "metadata.name") : (struct str){0};
}
