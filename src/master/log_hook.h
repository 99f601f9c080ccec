/* GET /logship/log on a master: the events as lines of JSON, from its own log, for `logship log
 * --server`. Query: since, until (revisions), kind, name, follow. One per edge. */
#ifndef LOGSHIP_MASTER_LOG_HOOK_H
#define LOGSHIP_MASTER_LOG_HOOK_H

struct gate;
struct http_exchange;
struct inbox;
struct log_hook;
struct store;
struct uv_loop_s;

struct log_hook *log_hook_new(struct store *store, struct inbox *home, struct gate *gate,
                              struct uv_loop_s *loop);
void log_hook_handle(void *ctx, struct http_exchange *x);

#endif
