/* /logship/masters on a master, for administrators (a client certificate of system:masters).
 *
 * GET: who sits where, and whether this master votes. POST ?replace=m2: the leader gives the seat
 * of m2, which has lost its disk, to a new master, and answers with its name; asked again, it says
 * the same. Any other master answers 503 and names the leader. One per edge, on its thread. */
#ifndef LOGSHIP_MASTER_MASTERS_HOOK_H
#define LOGSHIP_MASTER_MASTERS_HOOK_H

struct core;
struct http_exchange;
struct inbox;
struct masters_hook;

struct masters_hook *masters_hook_new(struct core *core, struct inbox *home);
void masters_hook_handle(void *ctx, struct http_exchange *x);

#endif
