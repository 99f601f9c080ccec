#include "node/node_doc.h"

#include "node/put.h"

void node_put_body(const struct node_facts *f, struct buf *out)
{
    struct put body = put_begin(out);
    struct put metadata = put_map(&body, "metadata");
    struct put labels = put_map(&metadata, "labels");
    put_text(&labels, "kubernetes.io/arch", f->architecture);
    put_text(&labels, "kubernetes.io/hostname", f->name);
    put_text(&labels, "kubernetes.io/os", "linux");
    for (unsigned i = 0; f->labels && f->labels[i]; i++) {
        struct str value = str_of(f->labels[i]), key;
        if (!str_split(&value, '=', &key)) continue;
        mp_put_str(out, key);
        mp_put_str(out, value.p ? value : STR(""));
        labels.count++;
    }
    put_end_map(&labels);
    put_end_map(&metadata);
    struct put spec = put_map(&body, "spec");
    put_end_map(&spec);
    put_end_map(&body);
}

static void put_condition(struct put *list, const char *type, const char *status,
                          const char *reason, const char *message, int64_t since_s)
{
    struct put c = put_item(list);
    put_time(&c, "lastHeartbeatTime", since_s);
    put_time(&c, "lastTransitionTime", since_s);
    put_text(&c, "message", message);
    put_text(&c, "reason", reason);
    put_text(&c, "status", status);
    put_text(&c, "type", type);
    put_end_map(&c);
}

static void put_conditions(const struct node_facts *f, struct put *status)
{
    static const char *const pressures[][3] = {
        {"MemoryPressure", "KubeletHasSufficientMemory",
         "the node has sufficient memory available"},
        {"DiskPressure", "KubeletHasNoDiskPressure", "the node has no disk pressure"},
        {"PIDPressure", "KubeletHasSufficientPID", "the node has sufficient process ids available"},
    };
    struct put list = put_map(status, "conditions");
    for (unsigned i = 0; !f->brief && i < sizeof(pressures) / sizeof(pressures[0]); i++) {
        put_condition(&list, pressures[i][0], "False", pressures[i][1], pressures[i][2],
                      f->ready_since_s);
    }
    put_condition(&list, "Ready", f->not_ready ? "False" : "True",
                  f->not_ready ? "KubeletNotReady" : "KubeletReady",
                  f->not_ready ? f->not_ready : "the node agent is ready", f->ready_since_s);
    put_end_array(&list);
}

static void put_resources(const struct node_facts *f, struct put *status, const char *key)
{
    struct put r = put_map(status, key);
    put_text(&r, "cpu", f->cpu);
    put_text(&r, "ephemeral-storage", f->storage);
    put_text(&r, "memory", f->memory);
    mem_auto char *pods = mem_printf("%u", f->pods);
    put_text(&r, "pods", pods);
    put_end_map(&r);
}

static void put_address(struct put *list, const char *type, const char *address)
{
    struct put a = put_item(list);
    put_text(&a, "address", address);
    put_text(&a, "type", type);
    put_end_map(&a);
}

static void put_machine(const struct node_facts *f, struct put *status)
{
    struct put info = put_map(status, "nodeInfo");
    put_text(&info, "architecture", f->architecture);
    put_text(&info, "bootID", f->boot_id);
    put_text(&info, "containerRuntimeVersion", f->runtime);
    put_text(&info, "kernelVersion", f->kernel);
    put_text(&info, "kubeProxyVersion", "");
    put_text(&info, "kubeletVersion", "v0.1.0-logship");
    put_text(&info, "machineID", f->machine_id);
    put_text(&info, "operatingSystem", "linux");
    put_text(&info, "osImage", f->os_image);
    put_text(&info, "systemUUID", f->machine_id);
    put_end_map(&info);
}

void node_put_status(const struct node_facts *f, struct buf *out)
{
    struct put status = put_begin(out);
    struct put addresses = put_map(&status, "addresses");
    put_address(&addresses, "InternalIP", f->address);
    put_address(&addresses, "Hostname", f->name);
    put_end_array(&addresses);
    put_resources(f, &status, "allocatable");
    put_resources(f, &status, "capacity");
    put_conditions(f, &status);
    struct put endpoints = put_map(&status, "daemonEndpoints");
    struct put kubelet = put_map(&endpoints, "kubeletEndpoint");
    put_int(&kubelet, "Port", f->port);
    put_end_map(&kubelet);
    put_end_map(&endpoints);
    put_machine(f, &status);
    put_end_map(&status);
}
