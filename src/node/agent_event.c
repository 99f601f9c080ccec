#include "node/agent.h"

#include "node/pod_event.h"

#include <stdarg.h>
#include <time.h>

void agent_event(struct agent_pod *p, bool warning, const char *reason, const char *format, ...)
{
    struct agent *a = p->agent;
    struct buf buf_auto message = BUF_INIT, body = BUF_INIT;
    va_list args;
    va_start(args, format);
    buf_vprintf(&message, format, args);
    va_end(args);
    struct pod_event event = {.ns = str_of(p->brief.ns),
                              .pod = str_of(p->brief.name),
                              .uid = str_of(p->brief.uid),
                              .host = str_of(a->options.name),
                              .message = {message.data, message.len},
                              .reason = reason,
                              .warning = warning,
                              .at_s = (int64_t)time(NULL)};
    pod_event_put(&event, &body);
    mem_auto char *name = pod_event_name(&event, a->events++);
    struct nodewire m = {.type = NODEWIRE_EVENT,
                         .ns = event.ns,
                         .name = str_of(name),
                         .body = {body.data, body.len}};
    master_link_say(&a->link, &m);
}
