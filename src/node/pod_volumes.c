#include "node/pod_volumes.h"

#include "base/mem.h"
#include "node/paths.h"
#include "proto/quantity.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>

enum { FILE_MODE = 0644 };

bool volume_path_is_inside(struct str path)
{
    struct str part;
    if (path.n == 0 || path.p[0] == '/' || memchr(path.p, '\0', path.n)) return false;
    while (path.p && str_split(&path, '/', &part)) {
        if (str_is(part, "..")) return false;
    }
    return true;
}

static int volume_file(const char *dir, struct str path, const struct buf *bytes, mode_t mode,
                       struct error *err)
{
    if (!volume_path_is_inside(path)) {
        return error_set(err, E_INVALID, "path \"%.*s\" leaves the volume", (int)path.n, path.p);
    }
    mem_auto char *file = mem_printf("%s/%.*s", dir, (int)path.n, path.p),
                  *above = mem_strdup(file);
    *strrchr(above, '/') = '\0';
    int rc = path_make_dir(above, 0755, err);
    return rc < 0 ? rc : path_replace(file, (struct str){bytes->data, bytes->len}, mode, err);
}

static mode_t mode_of(struct mp item, struct mp source)
{
    int64_t otherwise = mp_i64(mp_get(source, "defaultMode"), FILE_MODE);
    return (mode_t)(mp_i64(mp_get(item, "mode"), otherwise) & 07777);
}

/* The files of a config map or secret: all keys, or those of `items` under the paths given there.
 */
static int volume_keys(const struct pod_context *p, struct mp source, const char *kind,
                       const char *what, struct str name, const char *dir, mode_t mode,
                       struct error *err)
{
    struct mp data = pod_need_data(p->needs, kind, name), items = mp_get(source, "items");
    bool optional = mp_bool(mp_get(source, "optional"), false);
    if (data.type == MP_END) {
        if (optional) return 0;
        return error_set(err, E_NOTFOUND, "%s \"%.*s\" not found", what, (int)name.n, name.p);
    }
    int rc = 0;
    bool listed = items.type == MP_ARRAY && items.count;
    for (struct mp_iter it = mp_items(listed ? items : data); rc == 0 && mp_iter_next(&it);) {
        struct str key = listed ? mp_str(mp_get(it.value, "key")) : it.key;
        struct str path = listed ? mp_str(mp_get(it.value, "path")) : it.key;
        struct buf buf_auto bytes = BUF_INIT;
        if (pod_need_value(p->needs, kind, name, key, &bytes)) {
            mode_t own = (mode_t)mp_i64(listed ? mp_get(it.value, "mode") : (struct mp){0}, mode);
            rc = volume_file(dir, path, &bytes, own, err);
        } else if (!optional) {
            rc = error_set(err, E_NOTFOUND, "references non-existent %s key: %.*s", what,
                           (int)key.n, key.p);
        }
    }
    return rc;
}

static int volume_downward(const struct pod_context *p, struct mp source, const char *dir,
                           struct error *err)
{
    int rc = 0;
    for (struct mp_iter it = mp_items(mp_get(source, "items")); rc == 0 && mp_iter_next(&it);) {
        struct buf buf_auto bytes = BUF_INIT;
        pod_field(p, mp_str(mp_path(it.value, "fieldRef.fieldPath")), &bytes);
        rc = volume_file(dir, mp_str(mp_get(it.value, "path")), &bytes, mode_of(it.value, source),
                         err);
    }
    return rc;
}

static int volume_projected(const struct pod_context *p, struct mp source, const char *dir,
                            struct error *err)
{
    int rc = 0;
    mode_t mode = mode_of((struct mp){0}, source);
    for (struct mp_iter it = mp_items(mp_get(source, "sources")); rc == 0 && mp_iter_next(&it);) {
        struct mp secret = mp_get(it.value, "secret"), config = mp_get(it.value, "configMap");
        struct mp downward = mp_get(it.value, "downwardAPI");
        if (secret.type == MP_MAP) {
            rc = volume_keys(p, secret, "secrets", "secret", mp_str(mp_get(secret, "name")), dir,
                             mode, err);
        } else if (config.type == MP_MAP) {
            rc = volume_keys(p, config, "configmaps", "configmap", mp_str(mp_get(config, "name")),
                             dir, mode, err);
        } else if (downward.type == MP_MAP) {
            rc = volume_downward(p, downward, dir, err);
        }
    }
    return rc;
}

static int volume_empty(struct mp source, const struct volume_dirs *dirs, struct str name,
                        struct error *err)
{
    bool memory = mp_is(mp_get(source, "medium"), "Memory");
    mem_auto char *dir =
        mem_printf("%s/%.*s", memory ? dirs->memory : dirs->disk, (int)name.n, name.p);
    int rc = path_make_dir(dir, 0777, err);
    if (rc < 0) return rc;
    if (memory) {
        int64_t size = 0;
        bool limited = quantity_value(mp_str(mp_get(source, "sizeLimit")), &size) && size > 0;
        mem_auto char *options =
            limited ? mem_printf("mode=0777,size=%lld", (long long)size) : mem_strdup("mode=0777");
        return mount_tmpfs(dir, options, err);
    }
    return chmod(dir, 0777) < 0 ? error_set(err, E_IO, "%s: cannot be opened to all", dir) : 0;
}

static int volume_host(struct mp source, struct error *err)
{
    struct str path = mp_str(mp_get(source, "path"));
    struct mp type = mp_get(source, "type");
    mem_auto char *z = mem_printf("%.*s", (int)path.n, path.p ? path.p : "");
    if (mp_is(type, "DirectoryOrCreate")) return path_make_dir(z, 0755, err);
    if (mp_is(type, "FileOrCreate") && !path_exists(z)) return path_write(z, STR(""), 0644, err);
    if (path_exists(z)) return 0;
    if (!mp_str(type).n) return path_make_dir(z, 0755, err);
    return error_set(err, E_NOTFOUND, "hostPath type check failed: %s is not there", z);
}

static int volume_make(const struct pod_context *p, struct mp volume,
                       const struct volume_dirs *dirs, struct error *err)
{
    struct str name = mp_str(mp_get(volume, "name"));
    struct mp s;
    mem_auto char *dir = mem_printf("%s/%.*s", dirs->memory, (int)name.n, name.p);
    if (!volume_path_is_inside(name)) return error_set(err, E_INVALID, "bad volume name");
    if ((s = mp_get(volume, "emptyDir")).type == MP_MAP) return volume_empty(s, dirs, name, err);
    if ((s = mp_get(volume, "hostPath")).type == MP_MAP) return volume_host(s, err);
    int rc = path_make_dir(dir, 0755, err);
    if (rc < 0) return rc;
    mode_t mode = FILE_MODE;
    if ((s = mp_get(volume, "secret")).type == MP_MAP) {
        mode = mode_of((struct mp){0}, s);
        return volume_keys(p, s, "secrets", "secret", mp_str(mp_get(s, "secretName")), dir, mode,
                           err);
    }
    if ((s = mp_get(volume, "configMap")).type == MP_MAP) {
        mode = mode_of((struct mp){0}, s);
        return volume_keys(p, s, "configmaps", "configmap", mp_str(mp_get(s, "name")), dir, mode,
                           err);
    }
    if ((s = mp_get(volume, "projected")).type == MP_MAP) return volume_projected(p, s, dir, err);
    if ((s = mp_get(volume, "downwardAPI")).type == MP_MAP) return volume_downward(p, s, dir, err);
    return error_set(err, E_UNSUPPORTED, "this node does not know this type of volume");
}

int volumes_make(const struct pod_context *p, const struct volume_dirs *dirs, struct error *err)
{
    int rc = path_make_dir(dirs->disk, 0755, err);
    if (rc == 0) rc = path_make_dir(dirs->memory, 0755, err);
    for (struct mp_iter it = mp_items(mp_path(p->body, "spec.volumes"));
         rc == 0 && mp_iter_next(&it);) {
        struct str name = mp_str(mp_get(it.value, "name"));
        rc = volume_make(p, it.value, dirs, err);
        if (rc < 0)
            error_wrap(err, rc, "MountVolume.SetUp failed for volume \"%.*s\" ", (int)name.n,
                       name.p);
    }
    return rc;
}

void volumes_remove(const struct volume_dirs *dirs)
{
    DIR *d = opendir(dirs->memory);
    struct dirent *entry;
    while (d && (entry = readdir(d))) {
        if (entry->d_name[0] == '.') continue;
        mem_auto char *path = mem_printf("%s/%s", dirs->memory, entry->d_name);
        mount_remove(path);
    }
    if (d) closedir(d);
    path_remove_tree(dirs->memory);
    path_remove_tree(dirs->disk);
}

char *volume_path(struct mp body, struct str name, const struct volume_dirs *dirs)
{
    for (struct mp_iter it = mp_items(mp_path(body, "spec.volumes")); mp_iter_next(&it);) {
        if (!str_eq(mp_str(mp_get(it.value, "name")), name)) continue;
        struct mp host = mp_get(it.value, "hostPath"), empty = mp_get(it.value, "emptyDir");
        if (host.type == MP_MAP) {
            struct str path = mp_str(mp_get(host, "path"));
            return mem_strndup(path.p ? path.p : "", path.n);
        }
        bool disk = empty.type == MP_MAP && !mp_is(mp_get(empty, "medium"), "Memory");
        return mem_printf("%s/%.*s", disk ? dirs->disk : dirs->memory, (int)name.n, name.p);
    }
    return NULL;
}
