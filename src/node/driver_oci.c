#include "node/oci.h"

#include "base/mem.h"
#include "base/trace.h"
#include "node/exec.h"
#include "node/paths.h"

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

static void oci_close(struct node_driver *d)
{
    struct oci *o = container_of(d, struct oci, driver);
    images_free(o->images);
    cni_close(&o->cni);
    mem_free(o->dir), mem_free(o->run), mem_free(o->runtime), mem_free(o->runtime_root);
    mem_free(o->node), mem_free(o->address), mem_free(o->describe), mem_free(o->exits);
    mem_free(o);
}

static int oci_directories(struct oci *o, struct error *err)
{
    static const char *const below[] = {"bundles", "exits",   "persist", "sock",
                                        "ns",      "volumes", "runtime"};
    int rc = mount_tmpfs(o->run, "mode=0700", err);
    for (size_t i = 0; rc == 0 && i < sizeof(below) / sizeof(below[0]); i++) {
        mem_auto char *dir = mem_printf("%s/%s", o->run, below[i]);
        rc = path_make_dir(dir, 0700, err);
    }
    return rc;
}

static int oci_prepare(struct oci *o, const struct oci_options *options, struct error *err)
{
    char real[PATH_MAX];
    int rc = path_make_dir(options->dir, 0755, err);
    if (rc < 0) return rc;
    if (!realpath(options->dir, real))
        return error_set(err, E_IO, "%s: cannot be resolved", options->dir);
    o->dir = mem_strdup(real);
    o->run = mem_printf("%s/run", real);
    o->exits = mem_printf("%s/run/exits", real);
    o->runtime_root = mem_printf("%s/run/runtime", real);
    rc = oci_directories(o, err);
    if (rc == 0) rc = oci_probe(options, o->run, &o->runtime, &o->describe, err);
    mem_auto char *layout =
        options->images ? mem_strdup(options->images) : mem_printf("%s/images", real);
    mem_auto char *cache = mem_printf("%s/cache", real), *state = mem_printf("%s/cni", real);
    o->images = images_new(layout, cache);
    if (rc == 0) {
        rc = cni_open(&o->cni, options->cni_bin ? options->cni_bin : "/usr/lib/cni",
                      options->cni_conf, options->pod_cidr ? options->pod_cidr : "10.88.0.0/24",
                      state, err);
    }
    return rc;
}

int driver_oci_open(struct node_driver **out, const struct oci_options *options, struct error *err)
{
    if (geteuid() != 0) return error_set(err, E_DENIED, "the oci driver must run as root");
    struct oci *o = mem_new(struct oci);
    o->node = mem_strdup(options->node);
    o->address = mem_strdup(options->address);
    int rc = oci_prepare(o, options, err);
    if (rc < 0) {
        oci_close(&o->driver);
        return rc;
    }
    o->driver = (struct node_driver){
        .runtime = o->describe,
        .watch = o->exits,
        .is_set_up = oci_is_set_up,
        .setup = oci_setup,
        .start = oci_start,
        .kill = oci_kill,
        .refresh = oci_refresh,
        .teardown = oci_teardown,
        .poll_exit = oci_poll_exit,
        .close = oci_close,
    };
    if (!path_exists(o->cni.plugins)) {
        o->driver.trouble = "container runtime network not ready: the CNI plugins are missing";
        trace_warn("oci", "%s: %s", o->cni.plugins, o->driver.trouble);
    }
    trace_info("oci", "containers run through %s", o->runtime);
    *out = &o->driver;
    return 0;
}
