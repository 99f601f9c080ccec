/* DELETE of one object. */
#include "api/delete_options.h"

static void delete_answer(struct request *r, const struct result *result)
{
    if (result->http >= 400) {
        reply_refusal(r, r->route.name, result);
        return;
    }
    bool tells = !result->removed || r->route.kind->delete_tells;
    if (tells && result->object) {
        reply_object(r, 200, result->object);
        return;
    }
    char uid[UID_TEXT] = "";
    if (result->object) uid_text(&result->object->id->uid, uid);
    reply_status(r, &(struct status){.code = 200,
                                     .name = r->route.name,
                                     .group = r->route.served->group,
                                     .kind = r->route.kind->resource,
                                     .uid = uid});
}

static void delete_with(struct request *r, struct fetch *f)
{
    if (f->count)
        serve_delete(r);
    else
        reply_not_found(r);
}

/* The system's own priority classes stay. */
static bool delete_is_forbidden(struct request *r)
{
    struct str name = r->route.name;
    if (r->route.kind != kind_priorityclass ||
        !(str_is(name, "system-cluster-critical") || str_is(name, "system-node-critical")))
        return false;
    reply_error(
        r, 403, "Forbidden",
        "priorityclasses.scheduling.k8s.io \"%.*s\" is forbidden: this is a system priority "
        "class and cannot be deleted",
        (int)name.n, name.p);
    return true;
}

void serve_delete(struct request *r)
{
    struct delete_options o;
    if (!delete_options_parse(r, &o) || delete_is_forbidden(r)) return;
    istr ns = NULL;
    if (r->route.ns.p && !(ns = istr_find(r->route.ns))) {
        /* Either there is no such namespace, or this master has yet to hear of it. */
        fetch_start(r, r->route.kind, r->route.ns, r->route.name, FRESH_LINEARIZABLE, delete_with);
        return;
    }
    request_command(r, delete_command(r, &o, ns, r->route.name), delete_answer);
}
