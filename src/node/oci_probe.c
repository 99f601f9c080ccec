#include "node/oci.h"

#include "base/mem.h"
#include "base/trace.h"
#include "node/exec.h"
#include "node/paths.h"

#include <unistd.h>

/* A container that runs /bin/true of the machine itself. */
static void probe_spec(struct buf *json)
{
    static const char *const dirs[] = {"/bin", "/lib", "/lib64", "/usr"};
    buf_puts(
        json,
        "{\"ociVersion\":\"1.0.2\",\"process\":{\"user\":{\"uid\":0,\"gid\":0},\"cwd\":\"/\","
        "\"args\":[\"/bin/true\"],\"env\":[\"PATH=/bin:/usr/bin\"]},\"root\":{\"path\":\"rootfs\"},"
        "\"mounts\":[{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\"},"
        "{\"destination\":\"/dev\",\"type\":\"tmpfs\",\"source\":\"tmpfs\"}");
    for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
        if (!path_exists(dirs[i])) continue;
        buf_printf(json,
                   ",{\"destination\":\"%s\",\"type\":\"bind\",\"source\":\"%s\",\"options\":["
                   "\"rbind\",\"ro\"]}",
                   dirs[i], dirs[i]);
    }
    buf_printf(
        json,
        "],\"linux\":{\"cgroupsPath\":\"/logship/probe-%d\",\"namespaces\":[{\"type\":\"mount\"},"
        "{\"type\":\"pid\"}]}}",
        (int)getpid());
}

static int probe_one(const char *runtime, const char *root, const char *bundle, struct error *err)
{
    mem_auto char *id = mem_printf("probe-%d", (int)getpid());
    struct exec_options options = {.timeout_ms = 20 * 1000};
    int rc =
        exec_run(EXEC(runtime, "--root", root, "run", "--bundle", bundle, id), &options, NULL, err);
    (void)exec_run(EXEC(runtime, "--root", root, "delete", "--force", id), &options, NULL, NULL);
    return rc;
}

static char *probe_describe(const char *runtime)
{
    struct buf out = BUF_INIT;
    if (exec_run(EXEC(runtime, "--version"), NULL, &out, NULL) < 0 || !out.len) {
        buf_free(&out);
        return mem_strdup("oci://unknown");
    }
    size_t n = strcspn(out.data, "\n");
    struct str line = {out.data, n}, word, last = {0};
    while (line.p && str_split(&line, ' ', &word)) last = word;
    const char *base = strrchr(runtime, '/') ? strrchr(runtime, '/') + 1 : runtime;
    char *text = mem_printf("%s://%.*s", base, (int)last.n, last.n ? last.p : "");
    buf_free(&out);
    return text;
}

int oci_probe(const struct oci_options *options, const char *run, char **runtime, char **describe,
              struct error *err)
{
    static const char *const usual[] = {"runc", "crun", NULL};
    const char *const given[] = {options->runtime, NULL};
    const char *const *candidates = options->runtime ? given : usual;
    mem_auto char *bundle = mem_printf("%s/probe", run),
                  *rootfs = mem_printf("%s/probe/rootfs", run);
    mem_auto char *file = mem_printf("%s/probe/config.json", run),
                  *root = mem_printf("%s/runtime", run);
    struct buf buf_auto json = BUF_INIT, why = BUF_INIT;
    int rc = path_make_dir(rootfs, 0755, err);
    probe_spec(&json);
    if (rc == 0) rc = path_write(file, (struct str){json.data, json.len}, 0600, err);
    if (rc < 0) return rc;
    for (; *candidates; candidates++) {
        struct error one = {0};
        if (probe_one(*candidates, root, bundle, &one) == 0) {
            *describe = probe_describe(*candidates);
            /* conmon wants a path, and does not look one up. */
            *runtime = NULL;
            static const char *const places[] = {"/usr/sbin",      "/usr/bin", "/usr/local/sbin",
                                                 "/usr/local/bin", "/sbin",    "/bin"};
            for (size_t i = 0;
                 !strchr(*candidates, '/') && !*runtime && i < sizeof(places) / sizeof(places[0]);
                 i++) {
                mem_auto char *path = mem_printf("%s/%s", places[i], *candidates);
                if (access(path, X_OK) == 0) *runtime = mem_strdup(path);
            }
            if (!*runtime) *runtime = mem_strdup(*candidates);
            path_remove_tree(bundle);
            return 0;
        }
        trace_debug("oci", "%s does not work here: %s", *candidates, one.text);
        buf_printf(&why, "%s%s", why.len ? "; " : "", one.text);
    }
    return error_set(err, E_UNSUPPORTED, "no container runtime works on this machine: %s",
                     why.data);
}
