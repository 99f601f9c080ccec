#include "node/oci_spec_internal.h"

#include "base/mem.h"

static void put_mount(struct put *list, const char *to, const char *type, const char *from,
                      const char *const *options)
{
    struct put m = put_item(list);
    put_text(&m, "destination", to);
    put_text(&m, "type", type);
    put_text(&m, "source", from);
    oci_put_texts(&m, "options", options);
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
                  OPTIONS("nosuid", "noexec", "nodev", oci_privileged(s) ? "rw" : "ro"));
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

int oci_put_mounts(const struct oci_spec *s, struct put *spec, struct error *err)
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
