/* Clients of the API: the real HTTP client over the virtual network, one connection each to one
 * master at a time.
 *
 *   web.c        calls and their answers         web_keys.c   readers and writers, for history.c
 *   web_list.c   pages and moments               web_watch.c  watches, resumed for ever
 *   web_house.c  owners, finalizers, namespaces, pods, leases
 *   web_jobs.c   jobs that finish                 web_estate.c  quotas, limits, priorities
 *   web_custom.c custom objects, appliers
 *
 * What they see is checked against the log as the masters folded it (truth.c). */
#ifndef LOGSHIP_TESTS_WEB_H
#define LOGSHIP_TESTS_WEB_H

#include "vnet.h"

#include "base/buf.h"
#include "net/http_client.h"
#include "proto/mp.h"

struct web {
    struct sim *sim;
    char name[16];
    struct http_client *client; /* NULL: none yet */
    unsigned at;                /* the master it talks to */
    unsigned patience_ms;
};

/* An answer. http 0: none came, the outcome is open. `doc` is good for the call. */
struct web_answer {
    int http;
    struct mp doc;
    size_t bytes;
};

void web_init(struct web *w, struct sim *s, const char *name);
void web_move(struct web *w); /* to another master, or the same again over a new connection */
/* `type` is the content type of a body, NULL: none. */
void web_call(struct web *w, const char *method, const char *target, const char *type,
              const char *body, void (*then)(void *arg, const struct web_answer *a), void *arg);
struct http_call *web_stream(struct web *w, const char *target,
                             const struct http_call_events *events, void *arg);
void web_kick(struct sim *s); /* after calls from outside the clients' loop */

uint64_t web_revision(struct mp object);
struct mp web_field(struct mp object, const char *dotted);

struct webs {
    struct vloop loop;
    struct web_keys *keys;
    struct web_lists *lists;
    struct web_watches *watches;
    struct web_house *house;
    struct web_estate *estate;         /* NULL: this seed has none */
    struct web_custom *custom;         /* likewise */
    size_t most_clients, most_watches; /* connections that there may be */
    uint64_t calls, answers, lists_checked, watch_events, bookmarks, expired, pages;
};
void web_keys_start(struct sim *s);
void web_lists_start(struct sim *s);
void web_watches_start(struct sim *s);
const char *web_watches_behind(struct sim *s);
void web_house_start(struct sim *s);
void web_jobs_start(struct sim *s);
void web_estate_start(struct sim *s);
void web_custom_start(struct sim *s);
const char *web_house_busy(struct sim *s);
const char *web_estate_busy(struct sim *s);
const char *web_custom_busy(struct sim *s);

#endif
