#include "node/pod_event.h"

#include "base/mem.h"
#include "node/put.h"

static void put_involved(const struct pod_event *e, struct put *event)
{
    struct put o = put_map(event, "involvedObject");
    put_text(&o, "apiVersion", "v1");
    if (e->container.n) {
        mem_auto char *path =
            mem_printf("spec.containers{%.*s}", (int)e->container.n, e->container.p);
        put_text(&o, "fieldPath", path);
    }
    put_text(&o, "kind", "Pod");
    put_str(&o, "name", e->pod);
    put_str(&o, "namespace", e->ns);
    put_str(&o, "uid", e->uid);
    put_end_map(&o);
}

void pod_event_put(const struct pod_event *e, struct buf *out)
{
    struct put event = put_begin(out);
    put_int(&event, "count", 1);
    put_time(&event, "firstTimestamp", e->at_s);
    put_involved(e, &event);
    put_time(&event, "lastTimestamp", e->at_s);
    put_str(&event, "message", e->message);
    struct put metadata = put_map(&event, "metadata");
    put_end_map(&metadata);
    put_text(&event, "reason", e->reason);
    struct put source = put_map(&event, "source");
    put_text(&source, "component", "kubelet");
    put_str(&source, "host", e->host);
    put_end_map(&source);
    put_text(&event, "type", e->warning ? "Warning" : "Normal");
    put_end_map(&event);
}

char *pod_event_name(const struct pod_event *e, uint64_t number)
{
    int keep = e->pod.n < 200 ? (int)e->pod.n : 200;
    return mem_printf("%.*s.%llx%04llx", keep, e->pod.p, (unsigned long long)e->at_s,
                      (unsigned long long)(number & 0xffff));
}
