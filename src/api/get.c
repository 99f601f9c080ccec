/* GET of one object, of its status (the same object) and of its scale. */
#include "api/inner.h"
#include "api/scale.h"

enum freshness get_freshness(struct request *r)
{
    return str_is(http_param(r->x, "resourceVersion"), "0") ? FRESH_ANY : FRESH_LINEARIZABLE;
}

static void get_answer(struct request *r, struct fetch *f)
{
    if (!f->count)
        reply_not_found(r);
    else
        reply_object(r, 200, f->objects[0]);
}

void serve_get(struct request *r)
{
    fetch_start(r, r->route.kind, r->route.ns, r->route.name, get_freshness(r), get_answer);
}

static void get_scale_answer(struct request *r, struct fetch *f)
{
    if (!f->count)
        reply_not_found(r);
    else
        scale_reply(r, f->objects[0]);
}

void serve_get_scale(struct request *r)
{
    fetch_start(r, r->route.kind, r->route.ns, r->route.name, get_freshness(r), get_scale_answer);
}
