/* The front door: Kubernetes' REST API over HTTPS, one instance per edge thread.
 *
 * Everything of an instance runs on the thread of its loop. State is reached only through the gate
 * (actors/gate.h): reads are asks, writes are commands, watches live from the feed; so the same
 * code serves a live master and, over a gate whose commands are refused, a moment of the past.
 * Several instances may share one port (reuse_port). */
#ifndef LOGSHIP_API_API_H
#define LOGSHIP_API_API_H

#include "base/error.h"
#include "base/inbox.h"

#include <stdbool.h>
#include <stddef.h>

struct api;
struct flow_bounds;
struct gate;
struct http_exchange;
struct jwt_key;
struct tls_config;
struct uv_loop_s;

/* A path that somebody else answers ("/logship/log"), for authenticated clients; looked up before
 * the paths that are built in. Runs on the loop's thread; must answer the exchange, now or later.
 */
struct api_hook {
    const char *path;
    void (*handle)(void *ctx, struct http_exchange *x);
    void *ctx;
};

enum { API_SEAL_KEY_BYTES = 32 };

/* Pointers must stay good until api_free. */
struct api_options {
    struct uv_loop_s *loop;
    struct inbox *home; /* of this thread: what the gate answers to */
    struct gate *gate;
    struct tls_config
        *tls; /* NULL: plain HTTP, everybody is system:admin (replay on loopback, tests) */
    const char *address; /* host:port; port 0 takes a free one */
    bool reuse_port;
    const char *tokens_file;           /* csv: token,user,uid,"group1,group2"; NULL: no tokens */
    const char *cluster;               /* the cluster's id */
    const char *master;                /* this master's name */
    const unsigned char *seal_key;     /* API_SEAL_KEY_BYTES, for Secrets */
    const struct jwt_key *account_key; /* that signed service accounts' tokens; NULL: none count */
    struct tls_config *node_tls;       /* for calls to nodes (logs); NULL: logs are not served */
    const struct flow_bounds *flow;    /* one for each class (flow.h); NULL: the usual ones */
    const struct api_hook *hooks;
    size_t hook_count;
};

/* Listens and begins to serve. Requests are answered 503 until the feed has started. */
int api_start(struct api **out, const struct api_options *options, struct error *err);
const char *api_address(const struct api *a); /* with the port really bound */
/* Stops listening and ends every watch; `stopped` (may be NULL) is called on the loop when no
 * connection is left. The feed's listener stays linked: free the instance after the gate has
 * closed. */
void api_stop(struct api *a, void (*stopped)(void *arg), void *arg);
void api_free(struct api *a); /* after `stopped`, and when the gate will not call any more */

#endif
