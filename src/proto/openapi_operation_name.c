/* What an operation is called, for people and for generated clients. */
#include "proto/openapi_operation.h"

#include <ctype.h>

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
            operation_put_group(v->group, true, &id);
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

void openapi_put_operation_name(struct spec *s, const struct operation_of *o)
{
    buf_auto struct buf about = BUF_INIT, tag = BUF_INIT;
    const struct kind_version *v = o->k->version;
    buf_printf(&about, "%s %s%s%s objects.", o->op->about, o->sub ? o->sub->name : "",
               o->sub ? " of " : "", v->kind->kind);
    spec_put(s, "description", about.data);
    operation_put_group(v->group, false, &tag);
    buf_printf(&tag, "_%s", v->version);
    spec_put_texts(s, "tags", (const char *const[]){tag.data, NULL});
    operation_put_id(s, o);
}
