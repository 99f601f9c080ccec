/* The table of plugins, and the way through it. */
#include "actors/admission/plugin.h"

#include "actors/admission/allotments.h"
#include "actors/admission/cache.h"
#include "actors/admission/quota.h"
#include "actors/tokens.h"
#include "base/mem.h"

#include <stdio.h>

struct admission {
    struct subscriber subscriber;
    struct world *world;
    const struct token_mint *mint;
    struct cache cache;
    struct quotas quotas;
    struct allotments allotments;
};

enum { ON_CREATE = 1, ON_UPDATE = 2 };

/* In Kubernetes' order. NamespaceLifecycle comes before all of them. What they do to a pod may
 * depend on its body and on kinds that `admission_changed` knows, and on nothing else: it is kept.
 */
static const struct {
    const struct kind *const *kind;
    unsigned on;
    admission_fn *admit;
} plugins[] = {
    {&kind_pod, ON_CREATE, admit_limits},
    {&kind_pod, ON_CREATE, admit_account},
    {&kind_pod, ON_CREATE, admit_priority},
    {&kind_priorityclass, ON_CREATE | ON_UPDATE, admit_priority_class},
    {&kind_pod, ON_CREATE, admit_tolerations},
    {&kind_pvc, ON_CREATE, admit_storage_class},
    {&kind_pvc, ON_CREATE, admit_protection},
    {&kind_pv, ON_CREATE, admit_protection},
    {&kind_pvc, ON_UPDATE, admit_resize},
    {&kind_ingress, ON_CREATE, admit_ingress_class},
    {&kind_pod, ON_CREATE, admit_runtime_class},
    {&kind_pod, ON_CREATE, admit_limits_check},
    {&kind_pvc, ON_CREATE | ON_UPDATE, admit_limits_check},
    {&kind_service, ON_CREATE | ON_UPDATE, admit_service_numbers},
};

static void namespace_ends(const struct actor *a, struct decision *out)
{
    struct result_cause *cause = &out->result.cause;
    deciding_forbidden(out, a,
                       "unable to create new content in namespace %s because it is being "
                       "terminated",
                       a->ns);
    *cause = (struct result_cause){.reason = "NamespaceTerminating", .field = "metadata.namespace"};
    snprintf(cause->message, sizeof cause->message, "namespace %s is being terminated", a->ns);
}

/* Kubernetes admits nothing new into a namespace that is missing or on its way out. */
static bool namespace_takes(struct world *w, const struct actor *a, struct decision *out)
{
    if (!a->ns) return true;
    const struct object *ns = world_get(w, kind_namespace, NULL, istr_str(a->ns));
    if (!ns)
        result_refuse(&out->result, 404, "NotFound", "namespaces \"%s\" not found", a->ns);
    else if (ns->deleted_s)
        namespace_ends(a, out);
    return ns && !ns->deleted_s;
}

/* Takes the reference to body; NULL: refused. */
static struct doc *run_plugins(struct world *w, const struct actor *a, const struct command *c,
                               struct doc *body, unsigned on, struct decision *out)
{
    struct admission_request r = {.world = w,
                                  .mint = w->admission->mint,
                                  .allotments = &w->admission->allotments,
                                  .actor = a,
                                  .command = c,
                                  .body = doc_root(body),
                                  .out = out};
    bool good = true;
    if (on == ON_UPDATE) r.old = doc_root(a->object->body);
    for (unsigned i = 0; good && i < sizeof plugins / sizeof *plugins; i++)
        if (*plugins[i].kind == a->kind && (plugins[i].on & on)) good = plugins[i].admit(&r);
    struct doc *admitted = NULL;
    if (good) admitted = r.changed ? doc_new(r.body.raw.p, r.body.raw.n) : doc_ref(body);
    doc_unref(body);
    buf_free(&r.pages[0]);
    buf_free(&r.pages[1]);
    return admitted;
}

/* What becomes of the body, and the status that goes with it, but for quotas. Takes the reference.
 */
static bool admitted(struct world *w, const struct actor *a, const struct command *c,
                     struct doc *body, first_status_fn *first, struct doc **out_body,
                     struct doc **out_status, struct decision *out)
{
    struct cache *cache = a->kind == kind_pod ? &w->admission->cache : NULL;
    if (cache && cache_find(cache, a->ns, body, out_body, out_status)) {
        doc_unref(body);
        return true;
    }
    struct doc *given = doc_ref(body);
    *out_body = run_plugins(w, a, c, body, ON_CREATE, out);
    if (*out_body) {
        *out_status = first ? first(c, *out_body) : NULL;
        if (cache) {
            *out_body = docs_intern(&w->docs, *out_body);
            *out_status = docs_intern(&w->docs, *out_status);
            cache_keep(cache, a->ns, given, *out_body, *out_status);
        }
    }
    doc_unref(given);
    return *out_body != NULL;
}

bool admission_create(struct world *w, const struct actor *a, const struct command *c,
                      struct doc *body, first_status_fn *first, struct doc **out_body,
                      struct doc **out_status, struct decision *out)
{
    if (!namespace_takes(w, a, out)) {
        doc_unref(body);
        return false;
    }
    if (!admitted(w, a, c, body, first, out_body, out_status, out)) return false;
    if (quotas_allow(&w->admission->quotas, a, (struct mp){0}, *out_body, out)) return true;
    doc_unref(*out_body);
    doc_unref(*out_status);
    return false;
}

struct doc *admission_update(struct world *w, const struct actor *a, const struct command *c,
                             struct doc *body, struct decision *out)
{
    struct doc *after = run_plugins(w, a, c, body, ON_UPDATE, out);
    if (!after || !quotas_watch_updates(a->kind) ||
        quotas_allow(&w->admission->quotas, a, doc_root(a->object->body), after, out))
        return after;
    doc_unref(after);
    return NULL;
}

void admission_hold(struct admission *a, struct command *c, const struct decision *d)
{
    quotas_hold(&a->quotas, c, d->events[0].body);
    allotments_hold(&a->allotments, c, d->events[0].body);
}

void admission_release(struct command *c)
{
    quotas_release(c);
    allotments_release(c);
}

struct quotas *admission_quotas(struct admission *a)
{
    return &a->quotas;
}

/* What pods are made of besides their own body. */
static void admission_changed(struct subscriber *s, const struct change *change)
{
    struct admission *a = container_of(s, struct admission, subscriber);
    const struct object *any = change->after ? change->after : change->before;
    const struct kind *kind = any->id->kind;
    if (kind == kind_limitrange || kind == kind_serviceaccount)
        cache_stale(&a->cache, any->id->ns);
    else if (kind == kind_secret &&
             (token_is_secret(change->before) || token_is_secret(change->after)))
        cache_stale(&a->cache, any->id->ns);
    else if (kind == kind_priorityclass || kind == kind_runtimeclass)
        cache_clear(&a->cache);
    quotas_changed(&a->quotas, change);
    allotments_changed(&a->allotments, change);
}

static void admission_restored(struct subscriber *s)
{
    struct admission *a = container_of(s, struct admission, subscriber);
    cache_clear(&a->cache);
    quotas_restored(&a->quotas);
    allotments_restored(&a->allotments);
}

struct admission *admission_new(struct world *w, const struct token_mint *mint)
{
    struct admission *a = mem_new(struct admission);
    a->subscriber = (struct subscriber){
        .name = "admission", .changed = admission_changed, .restored = admission_restored};
    a->world = w;
    a->mint = mint;
    quotas_init(&a->quotas, w);
    allotments_init(&a->allotments, w);
    world_subscribe(w, &a->subscriber);
    w->admission = a;
    return a;
}

void admission_free(struct admission *a)
{
    list_remove(&a->subscriber.link);
    a->world->admission = NULL;
    cache_free(&a->cache);
    quotas_free(&a->quotas);
    allotments_free(&a->allotments);
    mem_free(a);
}
