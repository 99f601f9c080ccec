/* GET /logship/log on a master: the events, a line each, from its own log, for `logship log
 * --server`. Query: since, until (revisions), kind, name, namespace, output (json or text), follow.
 * One per edge, on its thread. */
#ifndef LOGSHIP_MASTER_LOG_HOOK_H
#define LOGSHIP_MASTER_LOG_HOOK_H

struct http_exchange;
struct log_hook;
struct store;
struct uv_loop_s;

struct log_hook *log_hook_new(struct store *store, struct uv_loop_s *loop);
void log_hook_handle(void *ctx, struct http_exchange *x);

#endif
