#include "node/oci_spec.h"

#include "base/mem.h"
#include "node/put.h"
#include "proto/json.h"
#include "proto/quantity.h"

enum { CPU_PERIOD_US = 100 * 1000, CPU_SHARES_MIN = 2, CPU_QUOTA_MIN_US = 1000 };

static void put_texts(struct put *m, const char *key, const char *const *texts)
{
    struct put list = put_map(m, key);
    for (; texts && *texts; texts++) {
        mp_put_z(list.b, *texts);
        list.count++;
    }
    put_end_array(&list);
}

/* --- process --- */

static void put_args(const struct pod_env *env, struct mp from, bool expand, struct put *list)
{
    for (struct mp_iter it = mp_items(from); mp_iter_next(&it);) {
        struct buf buf_auto text = BUF_INIT;
        if (expand) pod_env_expand(env, mp_str(it.value), &text);
        mp_put_str(list->b, expand ? (struct str){text.data, text.len} : mp_str(it.value));
        list->count++;
    }
}

/* command replaces the image's Entrypoint and Cmd, args its Cmd. */
static int put_command(const struct oci_spec *s, const struct pod_env *env, struct put *process,
                       struct error *err)
{
    struct mp image = mp_read(s->image->config.data, s->image->config.len);
    struct mp command = mp_get(s->container, "command"), args = mp_get(s->container, "args");
    bool own_command = command.type == MP_ARRAY && command.count;
    bool own_args = args.type == MP_ARRAY && args.count;
    struct put list = put_map(process, "args");
    put_args(env, own_command ? command : mp_get(image, "Entrypoint"), own_command, &list);
    if (own_args || !own_command)
        put_args(env, own_args ? args : mp_get(image, "Cmd"), own_args, &list);
    put_end_array(&list);
    return list.count ? 0 : error_set(err, E_INVALID, "no command specified");
}

static struct mp security(const struct oci_spec *s, const char *key)
{
    struct mp own = mp_get(mp_get(s->container, "securityContext"), key);
    return own.type != MP_END ? own : mp_get(mp_path(s->pod->body, "spec.securityContext"), key);
}

static bool privileged(const struct oci_spec *s)
{
    return mp_bool(mp_path(s->container, "securityContext.privileged"), false);
}

static int put_user(const struct oci_spec *s, struct put *process, struct error *err)
{
    int64_t uid = mp_i64(security(s, "runAsUser"), s->image->uid);
    if (mp_bool(security(s, "runAsNonRoot"), false) && uid == 0) {
        return error_set(err, E_INVALID, "container has runAsNonRoot and image will run as root");
    }
    struct put user = put_map(process, "user");
    put_int(&user, "uid", uid);
    put_int(&user, "gid",
            mp_i64(security(s, "runAsGroup"), uid == s->image->uid ? s->image->gid : 0));
    struct put groups = put_map(&user, "additionalGids");
    struct mp fs_group = mp_path(s->pod->body, "spec.securityContext.fsGroup");
    if (fs_group.type == MP_INT) {
        mp_put(groups.b, fs_group);
        groups.count++;
    }
    struct mp more = mp_path(s->pod->body, "spec.securityContext.supplementalGroups");
    for (struct mp_iter it = mp_items(more); mp_iter_next(&it);) {
        mp_put(groups.b, it.value);
        groups.count++;
    }
    put_end_array(&groups);
    put_end_map(&user);
    return 0;
}

static const char *const usual_capabilities[] = {
    "CAP_CHOWN",   "CAP_DAC_OVERRIDE", "CAP_FSETID",           "CAP_FOWNER",
    "CAP_MKNOD",   "CAP_NET_RAW",      "CAP_SETGID",           "CAP_SETUID",
    "CAP_SETFCAP", "CAP_SETPCAP",      "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT",
    "CAP_KILL",    "CAP_AUDIT_WRITE",
};
static const char *const more_capabilities[] = {
    "CAP_AUDIT_CONTROL", "CAP_BLOCK_SUSPEND",  "CAP_DAC_READ_SEARCH", "CAP_IPC_LOCK",
    "CAP_IPC_OWNER",     "CAP_LEASE",          "CAP_LINUX_IMMUTABLE", "CAP_MAC_ADMIN",
    "CAP_MAC_OVERRIDE",  "CAP_NET_ADMIN",      "CAP_NET_BROADCAST",   "CAP_SYSLOG",
    "CAP_SYS_ADMIN",     "CAP_SYS_BOOT",       "CAP_SYS_MODULE",      "CAP_SYS_NICE",
    "CAP_SYS_PACCT",     "CAP_SYS_PTRACE",     "CAP_SYS_RAWIO",       "CAP_SYS_RESOURCE",
    "CAP_SYS_TIME",      "CAP_SYS_TTY_CONFIG", "CAP_WAKE_ALARM",
};

static bool listed(struct mp list, const char *capability)
{
    for (struct mp_iter it = mp_items(list); mp_iter_next(&it);) {
        if (mp_is(it.value, "ALL") || mp_is(it.value, capability + 4)) return true;
    }
    return false;
}

static void put_capability_set(const struct oci_spec *s, struct put *caps, const char *set)
{
    struct mp change = mp_path(s->container, "securityContext.capabilities");
    struct mp add = mp_get(change, "add"), drop = mp_get(change, "drop");
    struct put list = put_map(caps, set);
    for (size_t i = 0; i < sizeof(usual_capabilities) / sizeof(usual_capabilities[0]); i++) {
        const char *c = usual_capabilities[i];
        if (!privileged(s) && listed(drop, c) && !listed(add, c)) continue;
        mp_put_z(list.b, c);
        list.count++;
    }
    for (size_t i = 0; i < sizeof(more_capabilities) / sizeof(more_capabilities[0]); i++) {
        if (!privileged(s) && !listed(add, more_capabilities[i])) continue;
        mp_put_z(list.b, more_capabilities[i]);
        list.count++;
    }
    put_end_array(&list);
}

static void put_capabilities(const struct oci_spec *s, struct put *process)
{
    struct put caps = put_map(process, "capabilities");
    put_capability_set(s, &caps, "bounding");
    put_capability_set(s, &caps, "effective");
    put_capability_set(s, &caps, "permitted");
    put_end_map(&caps);
}

static int put_process(const struct oci_spec *s, struct put *spec, struct error *err)
{
    struct mp image = mp_read(s->image->config.data, s->image->config.len);
    struct pod_env env;
    int rc = pod_env_make(s->pod, s->container, mp_get(image, "Env"), &env, err);
    if (rc < 0) return rc;
    struct put process = put_map(spec, "process");
    put_bool(&process, "terminal", false);
    rc = put_user(s, &process, err);
    if (rc == 0) rc = put_command(s, &env, &process, err);
    struct put list = put_map(&process, "env");
    for (size_t i = 0; i < env.count; i++, list.count++) mp_put_z(list.b, env.items[i]);
    put_end_array(&list);
    struct str dir = mp_str(mp_get(s->container, "workingDir"));
    if (!dir.n) dir = mp_str(mp_get(image, "WorkingDir"));
    put_str(&process, "cwd", dir.n ? dir : STR("/"));
    put_capabilities(s, &process);
    struct mp escalation = mp_path(s->container, "securityContext.allowPrivilegeEscalation");
    put_bool(&process, "noNewPrivileges", !mp_bool(escalation, true));
    put_end_map(&process);
    pod_env_free(&env);
    return rc;
}

/* --- mounts --- */

static void put_mount(struct put *list, const char *to, const char *type, const char *from,
                      const char *const *options)
{
    struct put m = put_item(list);
    put_text(&m, "destination", to);
    put_text(&m, "type", type);
    put_text(&m, "source", from);
    put_texts(&m, "options", options);
    put_end_map(&m);
}
#define OPTIONS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void put_bind(struct put *list, const char *from, const char *to, bool read_only)
{
    put_mount(list, to, "bind", from, OPTIONS("rbind", "rprivate", read_only ? "ro" : "rw"));
}

static void put_usual_mounts(const struct oci_spec *s, struct put *list)
{
    bool own_net = s->net_ns != NULL;
    put_mount(list, "/proc", "proc", "proc", OPTIONS("nosuid", "noexec", "nodev"));
    put_mount(list, "/dev", "tmpfs", "tmpfs",
              OPTIONS("nosuid", "strictatime", "mode=755", "size=65536k"));
    put_mount(list, "/dev/pts", "devpts", "devpts",
              OPTIONS("nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"));
    put_bind(list, s->shm, "/dev/shm", false);
    put_mount(list, "/dev/mqueue", "mqueue", "mqueue", OPTIONS("nosuid", "noexec", "nodev"));
    if (own_net) {
        put_mount(list, "/sys", "sysfs", "sysfs",
                  OPTIONS("nosuid", "noexec", "nodev", privileged(s) ? "rw" : "ro"));
    } else {
        put_mount(list, "/sys", "bind", "/sys",
                  OPTIONS("rbind", "rprivate", "nosuid", "noexec", "nodev", "ro"));
    }
    static const char *const names[] = {"hosts", "hostname", "resolv.conf"};
    for (size_t i = 0; i < 3; i++) {
        mem_auto char *from = mem_printf("%s/%s", s->etc, names[i]),
                      *to = mem_printf("/etc/%s", names[i]);
        put_bind(list, from, to, false);
    }
    struct str message = mp_str(mp_get(s->container, "terminationMessagePath"));
    mem_auto char *to =
        mem_strndup(message.n ? message.p : "/dev/termination-log", message.n ? message.n : 20);
    put_bind(list, s->termination, to, false);
}

static int put_volume_mount(const struct oci_spec *s, struct mp mount, struct put *list,
                            struct error *err)
{
    struct str name = mp_str(mp_get(mount, "name")), to = mp_str(mp_get(mount, "mountPath"));
    struct str sub = mp_str(mp_get(mount, "subPath"));
    mem_auto char *from = volume_path(s->pod->body, name, s->dirs);
    if (!from) return error_set(err, E_NOTFOUND, "volume \"%.*s\" not found", (int)name.n, name.p);
    if (sub.n && !volume_path_is_inside(sub))
        return error_set(err, E_INVALID, "subPath leaves the volume");
    mem_auto char *whole =
        sub.n ? mem_printf("%s/%.*s", from, (int)sub.n, sub.p) : mem_strdup(from);
    mem_auto char *z = mem_strndup(to.n ? to.p : "/", to.n ? to.n : 1);
    put_bind(list, whole, z, mp_bool(mp_get(mount, "readOnly"), false));
    return 0;
}

static int put_mounts(const struct oci_spec *s, struct put *spec, struct error *err)
{
    struct put list = put_map(spec, "mounts");
    put_usual_mounts(s, &list);
    int rc = 0;
    for (struct mp_iter it = mp_items(mp_get(s->container, "volumeMounts"));
         rc == 0 && mp_iter_next(&it);) {
        rc = put_volume_mount(s, it.value, &list, err);
    }
    put_end_array(&list);
    return rc;
}

/* --- linux --- */

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
    put_bool(&all, "allow", privileged(s));
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
    put_texts(&l, "maskedPaths", privileged(s) ? NULL : masked);
    put_texts(&l, "readonlyPaths", privileged(s) ? NULL : fixed);
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
    int rc = put_process(s, &spec, err);
    if (rc == 0) rc = put_mounts(s, &spec, err);
    if (rc < 0) return rc;
    put_linux(s, &spec);
    put_end_map(&spec);
    json_write(mp_read(doc.data, doc.len), json);
    return 0;
}
