/* Requests and flow control: what kind of seat a request needs, and what happens meanwhile. */
#include "api/inner.h"

enum { QUEUE_LARGE_BODY = 64 * 1024 };

static bool queue_is_log(const struct route *route)
{
    return route->sub && str_is(str_of(route->sub->name), "log");
}

static enum flow_class queue_class(struct request *r)
{
    struct str method = http_method(r->x);
    const struct route *route = &r->route;
    if (!str_is(method, "GET") && !str_is(method, "HEAD")) return FLOW_WRITE;
    if (route->type != ROUTE_RESOURCE) return FLOW_READ;
    if (queue_is_log(route)) return FLOW_STREAM;
    if (!route->sub && request_watches(r)) return FLOW_STREAM;
    return route->name.p ? FLOW_READ : FLOW_LIST;
}

static void queue_refuse(struct request *r)
{
    reply_error(r, 429, NULL, "Too many requests, please try again later.");
}

void request_in_pieces(struct request *r, void (*piece)(struct turn *t))
{
    r->turn.run = piece;
    turns_add(&r->api->turns, &r->turn);
}

static void queue_serve_large(struct turn *t)
{
    request_serve(container_of(t, struct request, turn));
}

/* Large bodies take long to read and check: one after the other, the loop's other work between. */
void request_seated(struct flow_ticket *t)
{
    struct request *r = container_of(t, struct request, seat);
    if (http_body(r->x).n > QUEUE_LARGE_BODY)
        request_in_pieces(r, queue_serve_large);
    else
        request_serve(r);
}

void request_overdue(struct flow_ticket *t)
{
    queue_refuse(container_of(t, struct request, seat));
}

void request_queue(struct request *r)
{
    struct flows *flows = r->api->flows;
    struct flow_who who = flow_who_of(istr_str(r->user), r->masters);
    uint64_t now = uv_now(r->api->options.loop);
    enum flow_class class = queue_class(r);
    enum flow_verdict verdict = FLOW_GO;
    if (class == FLOW_STREAM) verdict = flow_enter(flows, &who, class, &r->stream, now);
    /* A watch begins as a list does: with the objects that there are. */
    if (verdict == FLOW_GO && !queue_is_log(&r->route))
        verdict = flow_enter(flows, &who, class == FLOW_STREAM ? FLOW_LIST : class, &r->seat, now);
    if (verdict == FLOW_GO)
        request_seated(&r->seat);
    else if (verdict == FLOW_FULL)
        queue_refuse(r);
}
