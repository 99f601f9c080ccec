#include "node/oci.h"

#include "base/mem.h"
#include "base/trace.h"
#include "node/exec.h"
#include "node/paths.h"

#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

void oci_paths_make(const struct oci *o, const char *uid, struct oci_paths *out)
{
    *out = (struct oci_paths){
        .pod = mem_printf("%s/pods/%s", o->dir, uid),
        .etc = mem_printf("%s/pods/%s/etc", o->dir, uid),
        .disk = mem_printf("%s/pods/%s/volumes", o->dir, uid),
        .memory = mem_printf("%s/volumes/%s", o->run, uid),
        .ns = mem_printf("%s/ns/%s", o->run, uid),
        .net = mem_printf("%s/ns/%s/net", o->run, uid),
        .ipc = mem_printf("%s/ns/%s/ipc", o->run, uid),
        .uts = mem_printf("%s/ns/%s/uts", o->run, uid),
        .shm = mem_printf("%s/ns/%s/shm", o->run, uid),
    };
}

void oci_paths_free(struct oci_paths *p)
{
    mem_free(p->pod), mem_free(p->etc), mem_free(p->disk), mem_free(p->memory), mem_free(p->ns);
    mem_free(p->net), mem_free(p->ipc), mem_free(p->uts), mem_free(p->shm);
}

void oci_context(const struct oci *o, const struct pod_brief *p, struct pod_context *out)
{
    *out = (struct pod_context){
        .body = doc_root(p->body),
        .needs = doc_root(p->needs),
        .ns = str_of(p->ns),
        .name = str_of(p->name),
        .uid = str_of(p->uid),
        .node = o->node,
        .host_ip = o->address,
        .pod_ip = p->ip,
    };
}

static bool pod_flag(const struct pod_brief *p, const char *path)
{
    return mp_bool(doc_path(p->body, path), false);
}

/* --- namespaces --- */

static int namespaces_make(const struct oci_paths *at, const struct pod_brief *p,
                           const char *hostname, struct error *err)
{
    int rc = path_make_dir(at->ns, 0700, err);
    if (rc == 0) rc = mount_tmpfs(at->shm, "mode=1777,size=64m", err);
    const char *const files[] = {at->net, at->ipc, at->uts};
    for (size_t i = 0; rc == 0 && i < 3; i++) rc = path_write(files[i], STR(""), 0600, err);
    if (rc < 0) return rc;
    bool host_net = pod_flag(p, "spec.hostNetwork"), host_ipc = pod_flag(p, "spec.hostIPC");
    mem_auto char *net = mem_printf("--net=%s", at->net), *ipc = mem_printf("--ipc=%s", at->ipc);
    mem_auto char *uts = mem_printf("--uts=%s", at->uts);
    const char *argv[10] = {"unshare"};
    size_t n = 1;
    if (!host_net) argv[n++] = net, argv[n++] = uts;
    if (!host_ipc) argv[n++] = ipc;
    if (n == 1) return 0;
    if (host_net) {
        argv[n++] = "true";
    } else {
        argv[n++] = "hostname";
        argv[n++] = hostname;
    }
    return exec_run(argv, NULL, NULL, err);
}

static void namespaces_remove(const struct oci_paths *at)
{
    const char *const files[] = {at->net, at->ipc, at->uts, at->shm};
    for (size_t i = 0; i < 4; i++) {
        mount_remove(files[i]);
        mount_remove(files[i]); /* a setup that was tried twice */
    }
    path_remove_tree(at->ns);
}

/* --- /etc --- */

static void etc_hosts(const struct pod_brief *p, const char *hostname, const char *ip,
                      struct buf *out)
{
    buf_puts(out, "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n");
    if (ip[0]) buf_printf(out, "%s\t%s\n", ip, hostname);
    for (struct mp_iter it = mp_items(doc_path(p->body, "spec.hostAliases")); mp_iter_next(&it);) {
        struct str address = mp_str(mp_get(it.value, "ip"));
        for (struct mp_iter name = mp_items(mp_get(it.value, "hostnames")); mp_iter_next(&name);) {
            struct str s = mp_str(name.value);
            buf_printf(out, "%.*s\t%.*s\n", (int)address.n, address.p, (int)s.n, s.p);
        }
    }
}

static void etc_resolv(const struct pod_brief *p, struct buf *out)
{
    struct mp config = doc_path(p->body, "spec.dnsConfig");
    if (!mp_is(doc_path(p->body, "spec.dnsPolicy"), "None"))
        (void)path_read("/etc/resolv.conf", out, NULL);
    for (struct mp_iter it = mp_items(mp_get(config, "nameservers")); mp_iter_next(&it);) {
        buf_printf(out, "nameserver %.*s\n", (int)mp_str(it.value).n, mp_str(it.value).p);
    }
    const char *word = "search";
    for (struct mp_iter it = mp_items(mp_get(config, "searches")); mp_iter_next(&it); word = "") {
        buf_printf(out, "%s %.*s", word, (int)mp_str(it.value).n, mp_str(it.value).p);
    }
    if (!*word) buf_putc(out, '\n');
}

static int etc_make(const struct oci_paths *at, const struct pod_brief *p, const char *hostname,
                    const char *ip, struct error *err)
{
    struct buf buf_auto hosts = BUF_INIT, resolv = BUF_INIT, name = BUF_INIT;
    if (pod_flag(p, "spec.hostNetwork")) {
        (void)path_read("/etc/hosts", &hosts, NULL);
    } else {
        etc_hosts(p, hostname, ip, &hosts);
    }
    etc_resolv(p, &resolv);
    buf_printf(&name, "%s\n", hostname);
    const struct {
        const char *file;
        const struct buf *text;
    } files[] = {{"hosts", &hosts}, {"resolv.conf", &resolv}, {"hostname", &name}};
    int rc = path_make_dir(at->etc, 0755, err);
    for (size_t i = 0; rc == 0 && i < 3; i++) {
        mem_auto char *path = mem_printf("%s/%s", at->etc, files[i].file);
        rc = path_write(path, (struct str){files[i].text->data, files[i].text->len}, 0644, err);
    }
    return rc;
}

/* --- the whole --- */

static char *pod_hostname(const struct pod_brief *p)
{
    struct str own = mp_str(doc_path(p->body, "spec.hostname"));
    if (pod_flag(p, "spec.hostNetwork")) {
        char host[65] = "localhost";
        (void)gethostname(host, sizeof host - 1);
        return mem_strdup(host);
    }
    char *name = own.n ? mem_strndup(own.p, own.n) : mem_strdup(p->name);
    if (strlen(name) > 63) name[63] = '\0'; /* the kernel's limit, as Kubernetes cuts it */
    return name;
}

int oci_setup(struct node_driver *d, const struct pod_brief *p, char ip[64], const char **reason,
              struct error *err)
{
    struct oci *o = container_of(d, struct oci, driver);
    struct oci_paths at;
    struct pod_context context;
    oci_paths_make(o, p->uid, &at);
    oci_context(o, p, &context);
    struct volume_dirs dirs = oci_dirs(&at);
    mem_auto char *hostname = pod_hostname(p);
    ip[0] = '\0';
    *reason = "FailedMount";
    int rc = volumes_make(&context, &dirs, err);
    if (rc == 0) {
        *reason = "FailedCreatePodSandBox";
        namespaces_remove(&at); /* of a try before */
        rc = namespaces_make(&at, p, hostname, err);
        if (rc == 0 && !pod_flag(p, "spec.hostNetwork")) {
            rc = cni_add(&o->cni, p->uid, at.net, p->ns, p->name, ip, err);
            /* What failed was undone, an address that a restart left behind among it: once more. */
            if (rc < 0) rc = cni_add(&o->cni, p->uid, at.net, p->ns, p->name, ip, err);
        }
        if (rc == 0) rc = etc_make(&at, p, hostname, ip, err);
        if (rc < 0) namespaces_remove(&at);
    }
    oci_paths_free(&at);
    return rc;
}

void oci_refresh(struct node_driver *d, const struct pod_brief *p)
{
    struct oci *o = container_of(d, struct oci, driver);
    struct oci_paths at;
    struct pod_context context;
    struct error err = {0};
    oci_paths_make(o, p->uid, &at);
    oci_context(o, p, &context);
    struct volume_dirs dirs = oci_dirs(&at);
    if (volumes_make(&context, &dirs, &err) < 0)
        trace_warn("oci", "%s/%s: %s", p->ns, p->name, err.text);
    oci_paths_free(&at);
}

static void containers_remove(struct oci *o, const char *uid, const char *pod_dir)
{
    mem_auto char *fs = mem_printf("%s/fs", pod_dir);
    DIR *dir = opendir(fs);
    struct dirent *entry;
    while (dir && (entry = readdir(dir))) {
        if (entry->d_name[0] != '.') oci_container_remove(o, uid, entry->d_name);
    }
    if (dir) closedir(dir);
}

/* Runtimes remove a container's own cgroup, not the pod's above it. */
static void cgroups_remove(const char *uid)
{
    DIR *dir = opendir("/sys/fs/cgroup");
    struct dirent *entry;
    while (dir && (entry = readdir(dir))) {
        if (entry->d_name[0] == '.') continue;
        mem_auto char *path = mem_printf("/sys/fs/cgroup/%s/logship/%s", entry->d_name, uid);
        (void)rmdir(path);
    }
    if (dir) closedir(dir);
    mem_auto char *unified = mem_printf("/sys/fs/cgroup/logship/%s", uid);
    (void)rmdir(unified);
}

void oci_teardown(struct node_driver *d, const struct pod_brief *p)
{
    struct oci *o = container_of(d, struct oci, driver);
    struct oci_paths at;
    oci_paths_make(o, p->uid, &at);
    containers_remove(o, p->uid, at.pod);
    if (!pod_flag(p, "spec.hostNetwork")) cni_del(&o->cni, p->uid, at.net);
    namespaces_remove(&at);
    struct volume_dirs dirs = oci_dirs(&at);
    volumes_remove(&dirs);
    path_remove_tree(at.pod);
    cgroups_remove(p->uid);
    oci_paths_free(&at);
}

bool oci_is_set_up(struct node_driver *d, const struct pod_brief *p)
{
    struct oci *o = container_of(d, struct oci, driver);
    struct oci_paths at;
    oci_paths_make(o, p->uid, &at);
    bool there = mount_is(at.shm);
    oci_paths_free(&at);
    return there;
}
