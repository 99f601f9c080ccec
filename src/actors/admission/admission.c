/* The table of plugins, and the way through it. */
#include "actors/admission/plugin.h"

#include "actors/admission/cache.h"
#include "base/mem.h"

struct admission {
    struct subscriber subscriber;
    struct world *world;
    const struct token_mint *mint;
    struct cache cache;
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
    {&kind_pod, ON_CREATE, admit_runtime_class},
    {&kind_pod, ON_CREATE, admit_limits_check},
    {&kind_pvc, ON_CREATE | ON_UPDATE, admit_limits_check},
};

/* Kubernetes admits nothing new into a namespace that is missing or on its way out. */
static bool namespace_takes(struct world *w, const struct actor *a, struct decision *out)
{
    if (!a->ns) return true;
    const struct object *ns = world_get(w, kind_namespace, NULL, istr_str(a->ns));
    if (!ns)
        result_refuse(&out->result, 404, "NotFound", "namespaces \"%s\" not found", a->ns);
    else if (ns->deleted_s)
        deciding_forbidden(
            out, a, "unable to create new content in namespace %s because it is being terminated",
            a->ns);
    return ns && !ns->deleted_s;
}

/* Takes the reference to body; NULL: refused. */
static struct doc *run_plugins(struct world *w, const struct actor *a, const struct command *c,
                               struct doc *body, unsigned on, struct decision *out)
{
    struct admission_request r = {.world = w,
                                  .mint = w->admission->mint,
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

bool admission_create(struct world *w, const struct actor *a, const struct command *c,
                      struct doc *body, first_status_fn *first, struct doc **out_body,
                      struct doc **out_status, struct decision *out)
{
    if (!namespace_takes(w, a, out)) {
        doc_unref(body);
        return false;
    }
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

struct doc *admission_update(struct world *w, const struct actor *a, const struct command *c,
                             struct doc *body, struct decision *out)
{
    return run_plugins(w, a, c, body, ON_UPDATE, out);
}

static bool is_token(const struct object *o)
{
    return o && mp_is(doc_path(o->body, "type"), "kubernetes.io/service-account-token");
}

/* What pods are made of besides their own body. */
static void admission_changed(struct subscriber *s, const struct change *change)
{
    struct admission *a = container_of(s, struct admission, subscriber);
    const struct object *any = change->after ? change->after : change->before;
    const struct kind *kind = any->id->kind;
    if (kind == kind_limitrange || kind == kind_serviceaccount)
        cache_stale(&a->cache, any->id->ns);
    else if (kind == kind_secret && (is_token(change->before) || is_token(change->after)))
        cache_stale(&a->cache, any->id->ns);
    else if (kind == kind_priorityclass || kind == kind_runtimeclass)
        cache_clear(&a->cache);
}

static void admission_restored(struct subscriber *s)
{
    cache_clear(&container_of(s, struct admission, subscriber)->cache);
}

struct admission *admission_new(struct world *w, const struct token_mint *mint)
{
    struct admission *a = mem_new(struct admission);
    a->subscriber = (struct subscriber){
        .name = "admission", .changed = admission_changed, .restored = admission_restored};
    a->world = w;
    a->mint = mint;
    world_subscribe(w, &a->subscriber);
    w->admission = a;
    return a;
}

void admission_free(struct admission *a)
{
    list_remove(&a->subscriber.link);
    a->world->admission = NULL;
    cache_free(&a->cache);
    mem_free(a);
}
