#include "base/mem.h"
#include "node/exec.h"
#include "node/node.h"
#include "node/paths.h"

#include <dirent.h>
#include <limits.h>
#include <stdlib.h>

typedef void entry_fn(const char *path, const char *name, const void *arg);

static void entries_each(const char *dir, entry_fn *fn, const void *arg)
{
    DIR *d = opendir(dir);
    struct dirent *entry;
    while (d && (entry = readdir(d))) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
        mem_auto char *path = mem_printf("%s/%s", dir, entry->d_name);
        fn(path, entry->d_name, arg);
    }
    if (d) closedir(d);
}

static void container_end(const char *path, const char *name, const void *root)
{
    (void)path;
    static const char *const runtimes[] = {"runc", "crun"};
    struct exec_options options = {.timeout_ms = 20 * 1000};
    for (size_t i = 0; i < 2; i++) {
        if (exec_run(EXEC(runtimes[i], "--root", root, "delete", "--force", name), &options, NULL,
                     NULL) == 0)
            return;
    }
}

static void mount_end(const char *path, const char *name, const void *arg)
{
    (void)name, (void)arg;
    mount_remove(path);
}

static void mounts_end(const char *path, const char *name, const void *arg)
{
    (void)name;
    entries_each(path, mount_end, arg);
}

static void overlay_end(const char *path, const char *name, const void *arg)
{
    (void)name, (void)arg;
    mem_auto char *merged = mem_printf("%s/merged", path);
    mount_remove(merged);
}

static void pod_overlays_end(const char *path, const char *name, const void *arg)
{
    (void)name;
    mem_auto char *fs = mem_printf("%s/fs", path);
    entries_each(fs, overlay_end, arg);
}

int node_wipe(const char *dir, struct error *err)
{
    char real[PATH_MAX];
    if (!realpath(dir, real)) return error_set(err, E_NOTFOUND, "%s: there is no node", dir);
    mem_auto char *run = mem_printf("%s/run", real), *runtime = mem_printf("%s/run/runtime", real);
    mem_auto char *ns = mem_printf("%s/run/ns", real),
                  *volumes = mem_printf("%s/run/volumes", real);
    mem_auto char *pods = mem_printf("%s/pods", real), *state = mem_printf("%s/state", real);
    mem_auto char *cni = mem_printf("%s/cni", real);
    entries_each(runtime, container_end, runtime);
    entries_each(ns, mounts_end, NULL);
    entries_each(volumes, mounts_end, NULL);
    entries_each(pods, pod_overlays_end, NULL);
    mount_remove(run);
    const char *const trees[] = {pods, state, cni};
    for (size_t i = 0; i < 3; i++) path_remove_tree(trees[i]);
    return 0;
}
