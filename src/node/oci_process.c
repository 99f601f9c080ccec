#include "node/oci_spec_internal.h"

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
        if (!oci_privileged(s) && listed(drop, c) && !listed(add, c)) continue;
        mp_put_z(list.b, c);
        list.count++;
    }
    for (size_t i = 0; i < sizeof(more_capabilities) / sizeof(more_capabilities[0]); i++) {
        if (!oci_privileged(s) && !listed(add, more_capabilities[i])) continue;
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

int oci_put_process(const struct oci_spec *s, struct put *spec, struct error *err)
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
