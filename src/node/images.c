#include "node/images.h"

#include "base/mem.h"
#include "node/exec.h"
#include "node/paths.h"
#include "proto/json.h"

#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

enum { PULL_MS = 5 * 60 * 1000, UNPACK_MS = 5 * 60 * 1000 };

struct images {
    char *layout, *cache;
    pthread_mutex_t unpacking; /* one at a time: pods of one image arrive together */
};

struct images *images_new(const char *layout, const char *cache)
{
    struct images *im = mem_new(struct images);
    im->layout = mem_strdup(layout);
    im->cache = mem_strdup(cache);
    pthread_mutex_init(&im->unpacking, NULL);
    return im;
}

void images_free(struct images *im)
{
    if (!im) return;
    pthread_mutex_destroy(&im->unpacking);
    mem_free(im->layout);
    mem_free(im->cache);
    mem_free(im);
}

void image_free(struct image *image)
{
    mem_free(image->rootfs);
    buf_free(&image->config);
    *image = (struct image){0};
}

char *image_normal_name(struct str name)
{
    static const char *const prefixes[] = {"docker.io/library/", "docker.io/", "localhost/"};
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        if (!str_starts(name, prefixes[i])) continue;
        name.p += strlen(prefixes[i]);
        name.n -= strlen(prefixes[i]);
        break;
    }
    size_t last = name.n; /* where the last path part begins */
    while (last && name.p[last - 1] != '/') last--;
    bool tagged = memchr(name.p + last, ':', name.n - last) || memchr(name.p, '@', name.n);
    return mem_printf("%.*s%s", (int)name.n, name.p, tagged ? "" : ":latest");
}

/* How a name is written as a tag of the layout, where neither '/' nor ':' may stand. */
static char *image_ref(const char *normal)
{
    char *ref = mem_strdup(normal);
    for (char *p = ref; *p; p++) {
        if (*p == '/' || *p == ':' || *p == '@') *p = '_';
    }
    return ref;
}

static int json_file(const char *path, struct buf *out, struct error *err)
{
    struct buf buf_auto text = BUF_INIT;
    int rc = path_read(path, &text, err);
    if (rc == 0) rc = json_parse(text.data ? text.data : "", text.len, out, err);
    return rc < 0 ? error_wrap(err, rc, "%s", path) : 0;
}

/* Finds the layout's entry for the name: its ref and digest. */
static bool images_find(struct images *im, const char *normal, char **ref, char digest[80])
{
    struct buf buf_auto index = BUF_INIT;
    mem_auto char *path = mem_printf("%s/index.json", im->layout), *own = image_ref(normal);
    if (json_file(path, &index, NULL) < 0) return false;
    struct mp manifests = mp_get(mp_read(index.data, index.len), "manifests");
    for (struct mp_iter it = mp_items(manifests); mp_iter_next(&it);) {
        struct mp annotations = mp_get(it.value, "annotations");
        struct str name = mp_str(mp_get(annotations, "org.opencontainers.image.ref.name"));
        struct str d = mp_str(mp_get(it.value, "digest"));
        if (!name.n || !d.n || d.n >= 80) continue;
        mem_auto char *theirs = image_normal_name(name);
        if (strcmp(theirs, normal) != 0 && !str_is(name, own)) continue;
        *ref = mem_strndup(name.p, name.n);
        snprintf(digest, 80, "%.*s", (int)d.n, d.p);
        return true;
    }
    return false;
}

static int images_pull(struct images *im, struct str name, const char *normal, struct error *err)
{
    mem_auto char *ref = image_ref(normal);
    mem_auto char *from = mem_printf("docker://%.*s", (int)name.n, name.p);
    mem_auto char *to = mem_printf("oci:%s:%s", im->layout, ref);
    struct exec_options options = {.timeout_ms = PULL_MS};
    int rc = exec_run(EXEC("skopeo", "copy", "--quiet", from, to), &options, NULL, err);
    return rc < 0 ? error_wrap(err, rc, "failed to pull image \"%.*s\"", (int)name.n, name.p) : 0;
}

static int blob(struct images *im, struct str digest, struct buf *out, struct error *err)
{
    struct str algorithm;
    struct str hex = digest;
    if (!str_split(&hex, ':', &algorithm) || !hex.p || memchr(digest.p, '/', digest.n)) {
        return error_set(err, E_CORRUPT, "image layout: bad digest");
    }
    mem_auto char *path = mem_printf("%s/blobs/%.*s/%.*s", im->layout, (int)algorithm.n,
                                     algorithm.p, (int)hex.n, hex.p);
    return json_file(path, out, err);
}

static int image_config(struct images *im, struct image *image, struct error *err)
{
    struct buf buf_auto manifest = BUF_INIT, config = BUF_INIT;
    int rc = blob(im, str_of(image->digest), &manifest, err);
    if (rc < 0) return rc;
    struct str digest = mp_str(mp_path(mp_read(manifest.data, manifest.len), "config.digest"));
    rc = blob(im, digest, &config, err);
    if (rc < 0) return rc;
    struct mp inner = mp_get(mp_read(config.data, config.len), "config");
    if (inner.type == MP_MAP) {
        mp_put(&image->config, inner);
    } else {
        mp_put_map(&image->config, 0);
    }
    return 0;
}

static int image_unpack(struct images *im, const char *ref, const char *bundle, struct error *err)
{
    mem_auto char *temporary = mem_printf("%s.%d", bundle, (int)getpid());
    mem_auto char *source = mem_printf("%s:%s", im->layout, ref);
    struct exec_options options = {.timeout_ms = UNPACK_MS};
    path_remove_tree(temporary);
    int rc = exec_run(EXEC("umoci", "unpack", "--image", source, temporary), &options, NULL, err);
    if (rc == 0 && rename(temporary, bundle) < 0)
        rc = error_set(err, E_IO, "cannot rename %s", temporary);
    if (rc < 0) path_remove_tree(temporary);
    return rc;
}

static int image_open(struct images *im, const char *ref, struct image *image, struct error *err)
{
    mem_auto char *bundle = mem_printf("%s/%s", im->cache, image->digest);
    mem_auto char *spec_file = mem_printf("%s/config.json", bundle);
    int rc = path_make_dir(im->cache, 0700, err);
    pthread_mutex_lock(&im->unpacking);
    if (rc == 0 && !path_exists(spec_file)) rc = image_unpack(im, ref, bundle, err);
    pthread_mutex_unlock(&im->unpacking);
    struct buf buf_auto spec = BUF_INIT;
    if (rc == 0) rc = json_file(spec_file, &spec, err);
    if (rc == 0) rc = image_config(im, image, err);
    if (rc < 0) return rc;
    struct mp user = mp_path(mp_read(spec.data, spec.len), "process.user");
    image->uid = (unsigned)mp_i64(mp_get(user, "uid"), 0);
    image->gid = (unsigned)mp_i64(mp_get(user, "gid"), 0);
    image->rootfs = mem_printf("%s/rootfs", bundle);
    return 0;
}

int images_get(struct images *im, struct str name, struct str policy, struct image *out,
               const char **reason, struct error *err)
{
    mem_auto char *normal = image_normal_name(name), *ref = NULL;
    struct image image = {0};
    bool here = images_find(im, normal, &ref, image.digest);
    int rc = 0;
    if (!here && str_is(policy, "Never")) {
        *reason = "ErrImageNeverPull";
        return error_set(err, E_NOTFOUND,
                         "Container image \"%.*s\" is not present with pull policy of Never",
                         (int)name.n, name.p);
    }
    *reason = "ErrImagePull";
    if (!here) rc = images_pull(im, name, normal, err);
    if (rc < 0) return rc;
    if (!here && !images_find(im, normal, &ref, image.digest)) {
        return error_set(err, E_NOTFOUND, "image \"%.*s\" was pulled but is not in the store",
                         (int)name.n, name.p);
    }
    *reason = "CreateContainerError";
    rc = image_open(im, ref, &image, err);
    if (rc < 0) {
        image_free(&image);
        return rc;
    }
    *out = image;
    return 0;
}
