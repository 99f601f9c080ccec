#include "node/oci_spec_internal.h"

#include "proto/json.h"
#include "proto/quantity.h"

enum { CPU_PERIOD_US = 100 * 1000, CPU_SHARES_MIN = 2, CPU_QUOTA_MIN_US = 1000 };

void oci_put_texts(struct put *m, const char *key, const char *const *texts)
{
    struct put list = put_map(m, key);
    for (; texts && *texts; texts++) {
        mp_put_z(list.b, *texts);
        list.count++;
    }
    put_end_array(&list);
}

bool oci_privileged(const struct oci_spec *s)
{
    return mp_bool(mp_path(s->container, "securityContext.privileged"), false);
}

static void put_namespace(struct put *list, const char *type, const char *path)
{
    struct put n = put_item(list);
    put_text(&n, "type", type);
    if (path) put_text(&n, "path", path);
    put_end_map(&n);
}

static void put_namespaces(const struct oci_spec *s, struct put *linux_part)
{
    struct mp spec = mp_get(s->pod->body, "spec");
    struct put list = put_map(linux_part, "namespaces");
    put_namespace(&list, "mount", NULL);
    if (!mp_bool(mp_get(spec, "hostPID"), false)) put_namespace(&list, "pid", NULL);
    if (s->net_ns) put_namespace(&list, "network", s->net_ns);
    if (s->ipc_ns) put_namespace(&list, "ipc", s->ipc_ns);
    if (s->uts_ns) put_namespace(&list, "uts", s->uts_ns);
    put_end_array(&list);
}

static void put_cpu(struct mp resources, struct put *out)
{
    int64_t request = 0, limit = 0;
    struct mp limits = mp_get(resources, "limits"), requests = mp_get(resources, "requests");
    bool limited = quantity_milli(mp_str(mp_get(limits, "cpu")), &limit) && limit > 0;
    if (!quantity_milli(mp_str(mp_get(requests, "cpu")), &request)) request = limit;
    struct put cpu = put_map(out, "cpu");
    int64_t shares = request * 1024 / 1000;
    put_int(&cpu, "shares",
            shares < CPU_SHARES_MIN ? CPU_SHARES_MIN
            : shares > 262144       ? 262144
                                    : shares);
    if (limited) {
        int64_t quota = limit * CPU_PERIOD_US / 1000;
        put_int(&cpu, "period", CPU_PERIOD_US);
        put_int(&cpu, "quota", quota < CPU_QUOTA_MIN_US ? CPU_QUOTA_MIN_US : quota);
    }
    put_end_map(&cpu);
}

static void put_resources(const struct oci_spec *s, struct put *linux_part)
{
    struct mp resources = mp_get(s->container, "resources");
    struct put out = put_map(linux_part, "resources");
    struct put devices = put_map(&out, "devices");
    struct put all = put_item(&devices);
    put_bool(&all, "allow", oci_privileged(s));
    put_text(&all, "access", "rwm");
    put_end_map(&all);
    put_end_array(&devices);
    put_cpu(resources, &out);
    int64_t bytes = 0;
    if (quantity_value(mp_str(mp_path(resources, "limits.memory")), &bytes) && bytes > 0) {
        struct put memory = put_map(&out, "memory");
        put_int(&memory, "limit", bytes);
        put_end_map(&memory);
    }
    put_end_map(&out);
}

static void put_linux(const struct oci_spec *s, struct put *spec)
{
    static const char *const masked[] = {"/proc/acpi",        "/proc/kcore",
                                         "/proc/keys",        "/proc/latency_stats",
                                         "/proc/timer_list",  "/proc/timer_stats",
                                         "/proc/sched_debug", "/proc/scsi",
                                         "/sys/firmware",     NULL};
    static const char *const fixed[] = {
        "/proc/asound", "/proc/bus",           "/proc/fs", "/proc/irq",
        "/proc/sys",    "/proc/sysrq-trigger", NULL};
    struct put l = put_map(spec, "linux");
    put_text(&l, "cgroupsPath", s->cgroup);
    put_namespaces(s, &l);
    put_resources(s, &l);
    oci_put_texts(&l, "maskedPaths", oci_privileged(s) ? NULL : masked);
    oci_put_texts(&l, "readonlyPaths", oci_privileged(s) ? NULL : fixed);
    put_end_map(&l);
}

int oci_spec_make(const struct oci_spec *s, struct buf *json, struct error *err)
{
    struct buf buf_auto doc = BUF_INIT;
    struct put spec = put_begin(&doc);
    put_text(&spec, "ociVersion", "1.0.2");
    struct put root = put_map(&spec, "root");
    put_text(&root, "path", s->rootfs);
    put_bool(&root, "readonly",
             mp_bool(mp_path(s->container, "securityContext.readOnlyRootFilesystem"), false));
    put_end_map(&root);
    int rc = oci_put_process(s, &spec, err);
    if (rc == 0) rc = oci_put_mounts(s, &spec, err);
    if (rc < 0) return rc;
    put_linux(s, &spec);
    put_end_map(&spec);
    json_write(mp_read(doc.data, doc.len), json);
    return 0;
}
