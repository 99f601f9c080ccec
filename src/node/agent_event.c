#include "node/agent.h"

#include "node/put.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

static void put_involved(const struct agent_pod *p, struct put *event)
{
    struct put o = put_map(event, "involvedObject");
    put_text(&o, "apiVersion", "v1");
    put_text(&o, "kind", "Pod");
    put_text(&o, "name", p->brief.name);
    put_text(&o, "namespace", p->brief.ns);
    put_text(&o, "uid", p->brief.uid);
    put_end_map(&o);
}

void agent_event(struct agent_pod *p, bool warning, const char *reason, const char *format, ...)
{
    struct agent *a = p->agent;
    struct buf buf_auto message = BUF_INIT;
    va_list args;
    va_start(args, format);
    buf_vprintf(&message, format, args);
    va_end(args);
    int64_t now = (int64_t)time(NULL);
    struct buf buf_auto body = BUF_INIT;
    struct put event = put_begin(&body);
    put_int(&event, "count", 1);
    put_time(&event, "firstTimestamp", now);
    put_involved(p, &event);
    put_time(&event, "lastTimestamp", now);
    put_str(&event, "message", (struct str){message.data, message.len});
    struct put metadata = put_map(&event, "metadata");
    put_end_map(&metadata);
    put_text(&event, "reason", reason);
    struct put source = put_map(&event, "source");
    put_text(&source, "component", "kubelet");
    put_text(&source, "host", a->options.name);
    put_end_map(&source);
    put_text(&event, "type", warning ? "Warning" : "Normal");
    put_end_map(&event);
    mem_auto char *name = mem_printf("%.200s.%llx%04llx", p->brief.name, (unsigned long long)now,
                                     (unsigned long long)(a->events++ & 0xffff));
    struct nodewire m = {.type = NODEWIRE_EVENT,
                         .ns = str_of(p->brief.ns),
                         .name = str_of(name),
                         .body = {body.data, body.len}};
    master_link_say(&a->link, &m);
}
