#include "node/oci.h"

#include "base/digest.h"
#include "base/mem.h"
#include "base/trace.h"
#include "node/exec.h"
#include "node/oci_spec.h"
#include "node/paths.h"
#include "proto/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>

enum { CREATE_MS = 60 * 1000 };
#define LOG_BYTES_MAX                                                                              \
    "52428800" /* of one run: beyond it conmon begins a new file in place of the old */

void oci_container_id(const char *uid, struct str container, unsigned attempt, char id[DRIVER_ID])
{
    mem_auto char *text = mem_printf("%s/%.*s/%u", uid, (int)container.n, container.p, attempt);
    struct digest d = digest_of(text, strlen(text));
    char hex[DIGEST_HEX];
    digest_hex(&d, hex);
    snprintf(id, DRIVER_ID, "%s", hex);
}

static struct mp container_find(const struct pod_brief *p, struct str name)
{
    static const char *const lists[] = {"spec.containers", "spec.initContainers"};
    for (size_t i = 0; i < 2; i++) {
        for (struct mp_iter it = mp_items(doc_path(p->body, lists[i])); mp_iter_next(&it);) {
            if (str_eq(mp_str(mp_get(it.value, "name")), name)) return it.value;
        }
    }
    return (struct mp){0};
}

/* --- root file system --- */

/* The image below, the container's own writes above; where overlays are not to be had, a copy. */
static int rootfs_make(const char *fs, const char *image, struct error *err)
{
    mem_auto char *upper = mem_printf("%s/upper", fs), *work = mem_printf("%s/work", fs);
    mem_auto char *merged = mem_printf("%s/merged", fs);
    int rc = path_make_dir(upper, 0755, err);
    if (rc == 0) rc = path_make_dir(work, 0700, err);
    if (rc == 0) rc = path_make_dir(merged, 0755, err);
    if (rc < 0) return rc;
    mem_auto char *options = mem_printf("lowerdir=%s,upperdir=%s,workdir=%s", image, upper, work);
    if (mount("overlay", merged, "overlay", 0, options) == 0) return 0;
    mem_auto char *from = mem_printf("%s/.", image);
    return exec_run(EXEC("cp", "-a", from, merged), NULL, NULL, err);
}

int oci_runtime(const struct oci *o, const char *verb, const char *id, const char *more,
                struct error *err)
{
    struct exec_options options = {.timeout_ms = 20 * 1000};
    return exec_run(EXEC(o->runtime, "--root", o->runtime_root, verb, id, more), &options, NULL,
                    err);
}

void oci_container_remove(struct oci *o, const char *uid, const char *id)
{
    struct exec_options options = {.timeout_ms = 20 * 1000};
    mem_auto char *bundle = mem_printf("%s/bundles/%s", o->run, id);
    mem_auto char *fs = mem_printf("%s/pods/%s/fs/%s", o->dir, uid, id);
    mem_auto char *merged = mem_printf("%s/merged", fs),
                  *state = mem_printf("%s/%s", o->runtime_root, id);
    if (path_exists(state)) {
        (void)exec_run(EXEC(o->runtime, "--root", o->runtime_root, "delete", "--force", id),
                       &options, NULL, NULL);
    }
    mount_remove(merged);
    path_remove_tree(fs);
    path_remove_tree(bundle);
    static const char *const places[] = {"exits", "persist", "sock"};
    for (size_t i = 0; i < 3; i++) {
        mem_auto char *path = mem_printf("%s/%s/%s", o->run, places[i], id);
        path_remove_tree(path);
    }
}

/* --- start --- */

struct launch {
    char *bundle, *fs, *rootfs, *persist, *pidfile, *conmon_pid, *exits, *sock, *termination, *log,
        *cgroup;
};

static void launch_make(const struct oci *o, const struct pod_brief *p, const char *id,
                        const char *log, struct launch *l)
{
    *l = (struct launch){
        .bundle = mem_printf("%s/bundles/%s", o->run, id),
        .fs = mem_printf("%s/pods/%s/fs/%s", o->dir, p->uid, id),
        .rootfs = mem_printf("%s/pods/%s/fs/%s/merged", o->dir, p->uid, id),
        .persist = mem_printf("%s/persist/%s", o->run, id),
        .pidfile = mem_printf("%s/bundles/%s/pid", o->run, id),
        .conmon_pid = mem_printf("%s/bundles/%s/conmon.pid", o->run, id),
        .exits = mem_printf("%s/exits", o->run),
        .sock = mem_printf("%s/sock", o->run),
        .termination = mem_printf("%s/bundles/%s/termination", o->run, id),
        .log = mem_printf("k8s-file:%s", log),
        .cgroup = mem_printf("/logship/%s/%s", p->uid, id),
    };
}

static void launch_free(struct launch *l)
{
    mem_free(l->bundle), mem_free(l->fs), mem_free(l->rootfs), mem_free(l->persist),
        mem_free(l->pidfile);
    mem_free(l->conmon_pid), mem_free(l->exits), mem_free(l->sock), mem_free(l->termination);
    mem_free(l->log), mem_free(l->cgroup);
}

/* A subPath that is not there is made, as a directory. */
static int sub_paths_make(const struct pod_brief *p, struct mp container,
                          const struct volume_dirs *dirs, struct error *err)
{
    int rc = 0;
    for (struct mp_iter it = mp_items(mp_get(container, "volumeMounts"));
         rc == 0 && mp_iter_next(&it);) {
        struct str sub = mp_str(mp_get(it.value, "subPath"));
        if (!sub.n || !volume_path_is_inside(sub)) continue;
        mem_auto char *volume =
            volume_path(doc_root(p->body), mp_str(mp_get(it.value, "name")), dirs);
        if (!volume) continue;
        mem_auto char *path = mem_printf("%s/%.*s", volume, (int)sub.n, sub.p);
        if (!path_exists(path)) rc = path_make_dir(path, 0755, err);
    }
    return rc;
}

static int launch_write_spec(struct oci *o, const struct pod_brief *p, struct mp container,
                             const struct image *image, const struct launch *l, struct error *err)
{
    struct oci_paths at;
    struct pod_context context;
    oci_paths_make(o, p->uid, &at);
    oci_context(o, p, &context);
    struct volume_dirs dirs = oci_dirs(&at);
    bool host_net = mp_bool(doc_path(p->body, "spec.hostNetwork"), false);
    struct oci_spec spec = {
        .pod = &context,
        .container = container,
        .image = image,
        .rootfs = l->rootfs,
        .cgroup = l->cgroup,
        .net_ns = host_net ? NULL : at.net,
        .uts_ns = host_net ? NULL : at.uts,
        .ipc_ns = mp_bool(doc_path(p->body, "spec.hostIPC"), false) ? NULL : at.ipc,
        .etc = at.etc,
        .shm = at.shm,
        .termination = l->termination,
        .dirs = &dirs,
    };
    struct buf buf_auto json = BUF_INIT;
    mem_auto char *file = mem_printf("%s/config.json", l->bundle);
    int rc = oci_spec_make(&spec, &json, err);
    if (rc == 0) rc = sub_paths_make(p, container, &dirs, err);
    if (rc == 0) rc = path_make_dir(l->bundle, 0700, err);
    if (rc == 0) rc = path_make_dir(l->persist, 0700, err);
    if (rc == 0) rc = path_write(l->termination, STR(""), 0666, err);
    if (rc == 0) rc = path_write(file, (struct str){json.data, json.len}, 0600, err);
    oci_paths_free(&at);
    return rc;
}

/* conmon creates the container and stays with it: it writes the log and, in the end, the exit file.
 * It says over its pipe {"data": pid}, or why it could not. */
static int launch_create(const struct oci *o, const char *id, const struct launch *l,
                         struct error *err)
{
    struct buf buf_auto answer = BUF_INIT, doc = BUF_INIT;
    /* It leaves a note where it runs when memory was short. */
    struct exec_options options = {.sync_pipe = true, .timeout_ms = CREATE_MS, .dir = l->bundle};
    int rc = exec_run(EXEC("conmon", "--api-version", "1", "-c", id, "-u", id, "-n", id, "-r",
                           o->runtime, "--runtime-arg", "--root", "--runtime-arg", o->runtime_root,
                           "-b", l->bundle, "-p", l->pidfile, "-P", l->conmon_pid, "-l", l->log,
                           "--log-size-max", LOG_BYTES_MAX, "--exit-dir", l->exits, "--persist-dir",
                           l->persist, "--socket-dir-path", l->sock),
                      &options, &answer, err);
    if (rc < 0 && !answer.len) return rc;
    if (!answer.len || json_parse(answer.data, answer.len, &doc, NULL) < 0) {
        return error_set(err, E_IO, "conmon said nothing about the container");
    }
    struct mp said = mp_read(doc.data, doc.len);
    if (mp_i64(mp_get(said, "data"), -1) > 0) return 0;
    struct str why = mp_str(mp_get(said, "message"));
    while (why.n && why.p[why.n - 1] == '\n') why.n--;
    return error_set(err, E_IO, "failed to create the container: %.*s", (int)why.n,
                     why.n ? why.p : "");
}

int oci_start(struct node_driver *d, const struct pod_brief *p, struct str container,
              unsigned attempt, const char *log_file, char id[DRIVER_ID], char image_id[DRIVER_ID],
              const char **reason, struct error *err)
{
    struct oci *o = container_of(d, struct oci, driver);
    struct mp spec = container_find(p, container);
    struct image image = {0};
    *reason = "CreateContainerConfigError";
    if (spec.type != MP_MAP) return error_set(err, E_NOTFOUND, "no such container");
    if (attempt > 0) {
        char before[DRIVER_ID];
        oci_container_id(p->uid, container, attempt - 1, before);
        oci_container_remove(o, p->uid, before);
    }
    oci_container_id(p->uid, container, attempt, id);
    oci_container_remove(o, p->uid, id); /* of a try that failed */
    struct str policy = mp_str(mp_get(spec, "imagePullPolicy"));
    int rc = images_get(o->images, mp_str(mp_get(spec, "image")), policy, &image, reason, err);
    if (rc < 0) return rc;
    struct launch l;
    launch_make(o, p, id, log_file, &l);
    *reason = "CreateContainerConfigError";
    rc = launch_write_spec(o, p, spec, &image, &l, err);
    if (rc == 0) {
        *reason = "StartError";
        rc = rootfs_make(l.fs, image.rootfs, err);
        if (rc == 0) rc = launch_create(o, id, &l, err);
        if (rc == 0) rc = oci_runtime(o, "start", id, NULL, err);
        if (rc < 0) oci_container_remove(o, p->uid, id);
    }
    snprintf(image_id, DRIVER_ID, "%s", image.digest);
    launch_free(&l);
    image_free(&image);
    return rc;
}

/* --- end --- */

void oci_kill(struct node_driver *d, const char *id, bool hard)
{
    struct oci *o = container_of(d, struct oci, driver);
    struct error err = {0};
    struct exec_options options = {.timeout_ms = 20 * 1000};
    int rc =
        hard ? exec_run(EXEC(o->runtime, "--root", o->runtime_root, "kill", "--all", id, "KILL"),
                        &options, NULL, &err)
             : oci_runtime(o, "kill", id, "TERM", &err);
    if (rc < 0) trace_debug("oci", "kill %s: %s", id, err.text);
}

static void termination_message(const struct oci *o, const char *id, struct container_exit *out)
{
    struct buf buf_auto text = BUF_INIT;
    mem_auto char *file = mem_printf("%s/bundles/%s/termination", o->run, id);
    if (path_read(file, &text, NULL) < 0 || text.len == 0) return;
    size_t n = text.len < sizeof out->message ? text.len : sizeof out->message - 1;
    while (n && ((unsigned char)text.data[n] & 0xc0) == 0x80) n--; /* not inside a character */
    struct buf buf_auto check = BUF_INIT;
    mp_put_str(&check, (struct str){text.data, n});
    if (mp_valid(check.data, check.len)) snprintf(out->message, n + 1, "%s", text.data);
}

/* Nobody will write an exit file any more: conmon is gone (killed, or the machine was restarted).
 */
static bool conmon_is_gone(const struct oci *o, const char *id)
{
    struct buf buf_auto text = BUF_INIT;
    mem_auto char *file = mem_printf("%s/bundles/%s/conmon.pid", o->run, id);
    if (path_read(file, &text, NULL) < 0 || !text.len) return true;
    mem_auto char *cmdline = mem_printf("/proc/%ld/cmdline", strtol(text.data, NULL, 10));
    struct buf buf_auto line = BUF_INIT;
    if (path_read(cmdline, &line, NULL) < 0) return true;
    return line.len == 0 || !memmem(line.data, line.len, id, strlen(id));
}

bool oci_poll_exit(struct node_driver *d, const char *id, struct container_exit *out)
{
    struct oci *o = container_of(d, struct oci, driver);
    struct buf buf_auto text = BUF_INIT;
    mem_auto char *file = mem_printf("%s/exits/%s", o->run, id);
    mem_auto char *oom = mem_printf("%s/persist/%s/oom", o->run, id),
                  *oom2 = mem_printf("%s/bundles/%s/oom", o->run, id);
    struct stat st;
    *out = (struct container_exit){0};
    if (stat(file, &st) == 0 && path_read(file, &text, NULL) == 0 && text.len) {
        out->code = (int)strtol(text.data, NULL, 10);
        out->finished_s = st.st_mtim.tv_sec;
        out->out_of_memory = path_exists(oom) || path_exists(oom2);
        termination_message(o, id, out);
        return true;
    }
    if (!conmon_is_gone(o, id)) return false;
    if (stat(file, &st) == 0) return false; /* it just wrote it */
    oci_kill(d, id, true);
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    out->code = 137;
    out->finished_s = now.tv_sec;
    snprintf(out->message, sizeof out->message, "The container's supervisor is gone");
    return true;
}
