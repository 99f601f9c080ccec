/* POST pods/x/eviction: a deletion that asks the pod's disruption budget first. What the budget's
 * status allows is counted down before the pod goes, on condition that nobody did so meanwhile. A
 * budget whose status nobody has written yet allows nothing. */
#include "actors/behavior.h"
#include "actors/edit.h"
#include "api/delete_options.h"

#include "base/mem.h"
#include "proto/selector.h"
#include "proto/timefmt.h"

#include <time.h>

enum { EVICT_TRIES = 20 };

struct eviction {
    struct delete_options options;
    struct object *pod; /* a reference, or NULL */
    unsigned tries;
};

static void eviction_free(void *state)
{
    struct eviction *e = state;
    object_unref(e->pod);
    mem_free(e);
}

static void evict_answer(struct request *r, const struct result *result)
{
    if (result->http >= 400)
        reply_refusal(r, r->route.name, result);
    else
        reply_status(r, &(struct status){.code = 201});
}

static void evict_delete(struct request *r)
{
    const struct eviction *e = r->state;
    struct command *c = delete_command(r, &e->options, e->pod->id->ns, r->route.name);
    request_command(r, c, evict_answer);
}

static void evict_start(struct request *r);

/* The pod that was looked at went, or it has changed. */
static void evict_unready_answer(struct request *r, const struct result *result)
{
    struct eviction *e = r->state;
    if (result->http == 409 && !e->options.revision && ++e->tries < EVICT_TRIES)
        evict_start(r);
    else
        evict_answer(r, result);
}

/* As long as nothing has changed about it: it may have become one that counts. */
static void evict_unready(struct request *r)
{
    const struct eviction *e = r->state;
    struct command *c = delete_command(r, &e->options, e->pod->id->ns, r->route.name);
    if (!c->revision) c->revision = e->pod->revision;
    request_command(r, c, evict_unready_answer);
}

static void evict_counted(struct request *r, const struct result *result)
{
    struct eviction *e = r->state;
    if (result->http == 409 && ++e->tries < EVICT_TRIES)
        evict_start(r);
    else if (result->http >= 400)
        reply_refusal(r, r->route.name, result);
    else
        evict_delete(r);
}

/* One disruption less, and which pod took it. */
static struct doc *evict_status(const struct object *budget, struct str pod)
{
    char now[TIME_TEXT];
    buf_auto struct buf left = BUF_INIT, when = BUF_INIT, named = BUF_INIT, all = BUF_INIT,
                        whole = BUF_INIT;
    mem_auto char *name = mem_strndup(pod.p, pod.n);
    time_format_s(time(NULL), now);
    mp_put_int(&left, mp_i64(doc_path(budget->status, "disruptionsAllowed"), 0) - 1);
    mp_put_z(&when, now);
    edit_put(&named, doc_path(budget->status, "disruptedPods"), name, edit_value(&when));
    edit_put(&all, doc_root(budget->status), "disruptedPods", edit_value(&named));
    edit_put(&whole, mp_read(all.data, all.len), "disruptionsAllowed", edit_value(&left));
    return doc_from_buf(&whole);
}

static void evict_count(struct request *r, const struct object *budget)
{
    const struct eviction *e = r->state;
    if (e->options.write.dry_run) {
        evict_delete(r);
        return;
    }
    struct command *c =
        command_new(COMMAND_STATUS, budget->id->kind, budget->id->ns, object_name(budget), r->user);
    c->revision = budget->revision;
    c->status = evict_status(budget, r->route.name);
    request_command(r, c, evict_counted);
}

/* What it tells is about an older spec, or nothing was told yet. */
static bool evict_is_stale(const struct object *budget)
{
    return mp_i64(doc_path(budget->status, "observedGeneration"), 0) < budget->generation;
}

/* Without Retry-After: a client that obeys it would wait within its own call, for minutes. */
static void evict_refuse(struct request *r, const struct object *budget)
{
    char message[400];
    struct str name = object_name(budget);
    if (evict_is_stale(budget))
        snprintf(message, sizeof message,
                 "The disruption budget %.*s is still being processed by the server.", (int)name.n,
                 name.p);
    else
        snprintf(message, sizeof message,
                 "The disruption budget %.*s needs %lld healthy pods and has %lld currently",
                 (int)name.n, name.p,
                 (long long)mp_i64(doc_path(budget->status, "desiredHealthy"), 0),
                 (long long)mp_i64(doc_path(budget->status, "currentHealthy"), 0));
    struct cause cause = {"DisruptionBudget", "", message};
    struct causes causes = {&cause, 1, 1};
    reply_status(r, &(struct status){.code = 429,
                                     .message = "Cannot evict pod as it would violate the pod's "
                                                "disruption budget.",
                                     .causes = &causes});
}

/* A pod that is not ready is none of those that the budget has enough of. */
static bool evict_is_unmissed(const struct object *budget, const struct object *pod)
{
    int64_t desired = mp_i64(doc_path(budget->status, "desiredHealthy"), 0);
    int64_t healthy = mp_i64(doc_path(budget->status, "currentHealthy"), 0);
    struct mp ready = mp_get(status_condition(pod->status, "Ready"), "status");
    return !mp_is(ready, "True") && desired > 0 && healthy >= desired;
}

static bool evict_concerns(const struct object *budget, const struct object *pod)
{
    struct selector *selector = NULL;
    struct mp given = doc_path(budget->body, "spec.selector");
    if (given.type != MP_MAP || selector_from_doc(given, &selector, NULL)) return false;
    bool matches = selector_matches(selector, object_labels(pod));
    selector_free(selector);
    return matches;
}

static void evict_with_budgets(struct request *r, struct fetch *f)
{
    const struct eviction *e = r->state;
    const struct object *budget = NULL;
    unsigned count = 0;
    for (size_t i = 0; i < f->count; i++) {
        if (!evict_concerns(f->objects[i], e->pod)) continue;
        budget = f->objects[i];
        count++;
    }
    if (count > 1)
        reply_error(r, 500, "InternalError",
                    "This pod has more than one PodDisruptionBudget, which the eviction "
                    "subresource does not support.");
    else if (!budget)
        evict_delete(r);
    else if (evict_is_unmissed(budget, e->pod))
        evict_unready(r);
    else if (evict_is_stale(budget) ||
             mp_i64(doc_path(budget->status, "disruptionsAllowed"), 0) <= 0)
        evict_refuse(r, budget);
    else
        evict_count(r, budget);
}

/* A pod that does not run yet, or no more, disrupts nothing when it goes. */
static bool evict_is_free(const struct object *pod)
{
    struct mp phase = doc_path(pod->status, "phase");
    return pod->deleted_s || phase.type == MP_END || mp_is(phase, "Pending") ||
           mp_is(phase, "Succeeded") || mp_is(phase, "Failed");
}

static void evict_with_pod(struct request *r, struct fetch *f)
{
    struct eviction *e = r->state;
    if (!f->count) {
        reply_not_found(r);
        return;
    }
    object_unref(e->pod);
    e->pod = object_ref(f->objects[0]);
    if (evict_is_free(e->pod))
        evict_delete(r);
    else
        fetch_start(r, kind_by_key(STR("poddisruptionbudgets.policy")), r->route.ns,
                    (struct str){0}, FRESH_LINEARIZABLE, evict_with_budgets);
}

static void evict_start(struct request *r)
{
    fetch_start(r, kind_pod, r->route.ns, r->route.name, FRESH_LINEARIZABLE, evict_with_pod);
}

void serve_evict(struct request *r)
{
    struct eviction *e = mem_new(struct eviction);
    buf_auto struct buf body = BUF_INIT;
    r->state = e;
    r->state_free = eviction_free;
    if (!write_body(r, type_by_name("policy.v1beta1.Eviction"), false, &body)) return;
    struct mp doc = mp_read(body.data, body.len);
    struct str kind = mp_str(mp_get(doc, "kind"));
    if (kind.n && !str_is(kind, "Eviction"))
        reply_error(r, 400, NULL, "the object provided is no Eviction");
    else if (write_check_place(r, doc) &&
             delete_options_read(r, mp_get(doc, "deleteOptions"), &e->options))
        evict_start(r);
}
