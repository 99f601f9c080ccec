/* What the files of src/api share among themselves: the instance and its requests.
 *
 * A request lives as long as its exchange or anything that is under way for it (an ask, a command),
 * whichever is longer: it is counted by references. When the client goes first, `x` turns NULL and
 * answers that arrive later find nobody; slices of the exchange (body, parameters) are good exactly
 * while `x` is not NULL. Everything happens on the instance's thread, but fetch's on_core. */
#ifndef LOGSHIP_API_INNER_H
#define LOGSHIP_API_INNER_H

#include "actors/gate.h"
#include "api/accept.h"
#include "api/api.h"
#include "api/auth.h"
#include "api/flow.h"
#include "api/route.h"
#include "api/status.h"
#include "api/turns.h"
#include "net/http_server.h"

#include <uv.h>

struct watch_hub;
struct snapshots;
struct definitions;
struct openapi_library;

struct api {
    struct api_options options;
    struct http_server *server;
    struct auth *auth;
    struct watch_hub *watches;
    struct definitions *definitions;
    struct snapshots *snapshots;
    struct openapi_library *openapi;
    struct flows *flows;
    struct turns turns;
    uv_timer_t tick; /* once a second: deadlines, bookmarks, old snapshots */
    bool stopping;
    unsigned parts; /* that are not stopped yet */
    void (*stopped)(void *arg);
    void *stopped_arg;
};

struct request {
    unsigned refs;
    struct api *api;
    struct http_exchange *x; /* NULL: the client has gone */
    char *path;              /* what the route's slices point into */
    struct route route;
    struct definition *definition; /* a reference: what the route of a custom kind points into */
    struct form form;
    istr user;
    bool masters;              /* the user is in system:masters */
    bool impersonates;         /* the user is whom another one acts as (impersonate.h) */
    struct flow_ticket seat;   /* while it is worked on, or waits for that */
    struct flow_ticket stream; /* a watch, a log: as long as it lasts */
    struct turn turn;          /* long work for it is done in pieces */
    bool sought;               /* a path that nobody knew was looked for again */
    void *state;               /* of the verb, freed with the request */
    void (*state_free)(void *state);
    void (*then_result)(struct request *r, const struct result *result);
    struct buf headers; /* extra ones for the answer, warnings */
};

void request_begin(struct api *a, struct http_exchange *x); /* the server's handler */
/* A request with a body, before that is read: 0, or the status to refuse it with. */
int request_admit(const struct api *a, const struct http_exchange *x);
void request_queue(struct request *r); /* serves it, now or when it is its turn; or refuses it */
void request_serve(struct request *r); /* its user and route are known, it has its seat */
flow_call request_seated, request_overdue;
void request_in_pieces(struct request *r, void (*piece)(struct turn *t)); /* from the loop */
void request_route(struct request *r); /* by its path, among the kinds there are now */
void request_warn(struct request *r);  /* in the answer, that its version is deprecated */
struct request *request_ref(struct request *r);
void request_unref(struct request *r);
/* ?watch=true; as in Kubernetes anything but "false" and "0" is yes. */
bool request_flag(struct request *r, const char *param);
bool request_watches(
    struct request *r); /* a collection; what has a name is read, whatever it asks */

/* Reading from the core. `count` objects in order, or none; what is found keeps a reference until
 * the fetch is freed, after `then` returned, unless `then` takes `objects` away (sets it to NULL).
 */
struct fetch {
    struct ask ask;
    struct request *request;
    const struct kind *kind;
    char *ns;   /* NULL: all, or cluster-scoped */
    char *name; /* NULL: all of them */
    struct object **objects;
    size_t count;
    uint64_t revision;        /* of the world when it was read */
    struct gate_status facts; /* when no kind was asked for */
    void (*then)(struct request *r, struct fetch *f);
};
/* `then` is not called when the client has gone or the gate failed (that is answered here). */
void fetch_start(struct request *r, const struct kind *kind, struct str ns, struct str name,
                 enum freshness freshness, void (*then)(struct request *r, struct fetch *f));
void objects_free(struct object **objects, size_t count);

/* Sends the command; `then` has the result while the client is there. A document in it that no
 * master could read is answered with 500 instead. */
void request_command(struct request *r, struct command *c,
                     void (*then)(struct request *r, const struct result *result));

/* Answers. Each ends the exchange. */
void reply_json(struct request *r, int code, const struct buf *json);
/* An object or a list in the form that was asked for. */
void reply_formed(struct request *r, int code, const struct buf *json);
void reply_object(struct request *r, int code, struct object *o);
/* As a list; takes the array and its references, and the place of the request's state. */
void list_reply(struct request *r, uint64_t revision, struct object **objects, size_t count);
void reply_status(struct request *r, const struct status *s);
/* Names the route's resource in the details. */
void reply_error(struct request *r, int code, const char *reason, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void reply_not_found(struct request *r);
void reply_no_such_path(struct request *r);
void reply_no_such_method(struct request *r);
void reply_invalid(struct request *r, struct str name, const struct causes *causes);
void reply_invalid_as(struct request *r, const char *group, const char *kind, struct str name,
                      const struct causes *causes);
/* What is wrong with the parameters; the options of each method are a kind of their own. */
void reply_invalid_options(struct request *r, const struct causes *causes);
/* What a command made; a Status when even that is gone already. */
void reply_result(struct request *r, int code, const struct result *result);
void reply_refusal(struct request *r, struct str name, const struct result *result);
void reply_text(struct request *r, int code, const char *text);
/* Those of an answer, for who writes it himself; once. */
const char *reply_headers(struct request *r);

/* ?resourceVersion=0: whatever this master knows will do. */
enum freshness get_freshness(struct request *r);

/* The verbs: each answers the request, now or later. */
void serve_get(struct request *r);
void serve_list(struct request *r);
void serve_watch(struct request *r);
void serve_create(struct request *r);
void serve_update(struct request *r);
void serve_patch(struct request *r);
void serve_delete(struct request *r);
void serve_delete_collection(struct request *r);
void serve_bind(struct request *r);
void serve_evict(struct request *r);
void serve_token(struct request *r);
void serve_review(struct request *r);
void serve_get_scale(struct request *r);
void serve_log(struct request *r);
void serve_components(struct request *r);

/* Paths that name no resource. */
void discovery_core(struct request *r);
void discovery_groups(struct request *r);
void discovery_group(struct request *r);
void discovery_version(struct request *r);
void health_live(struct request *r);
void health_ready(struct request *r);
void health_version(struct request *r);
void openapi_v2(struct request *r);
void openapi_v3(struct request *r);
void openapi_v3_document(struct request *r);
void serve_root(struct request *r);
void logship_digest(struct request *r);
void logship_status(struct request *r);

#endif
