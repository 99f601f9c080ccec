/* ServiceAccount: every pod acts for an account, and finds that account's token where clients look
 * for it. */
#include "actors/admission/plugin.h"
#include "actors/tokens.h"

#include <stdio.h>

enum { VOLUME_MODE = 0644, VOLUME_NAME_MAX = 300 };

static void set_str(struct admission_request *r, const char *path, struct str text)
{
    buf_auto struct buf value = BUF_INIT;
    mp_put_str(&value, text);
    admission_set(r, path, &value);
}

/* Both the field and its old name. */
static void name_account(struct admission_request *r)
{
    struct mp spec = mp_get(r->body, "spec");
    struct str name = mp_str(mp_get(spec, "serviceAccountName"));
    if (!name.n) name = mp_str(mp_get(spec, "serviceAccount"));
    if (!name.n) name = STR("default");
    char kept[256]; /* the body is about to move */
    snprintf(kept, sizeof kept, "%.*s", (int)name.n, name.p);
    if (!mp_is(mp_get(spec, "serviceAccountName"), kept))
        set_str(r, "spec.serviceAccountName", str_of(kept));
    if (!mp_is(mp_path(r->body, "spec.serviceAccount"), kept))
        set_str(r, "spec.serviceAccount", str_of(kept));
}

static bool wants_token(struct mp spec, const struct object *account)
{
    struct mp pod = mp_get(spec, "automountServiceAccountToken");
    if (pod.type == MP_BOOL) return pod.b;
    return mp_bool(doc_path(account->body, "automountServiceAccountToken"), true);
}

/* The first of the account's Secrets that is there and holds its token. */
static struct object *token_of(struct world *w, const struct object *account)
{
    struct mp secrets = doc_path(account->body, "secrets");
    for (struct mp_iter it = mp_items(secrets); mp_iter_next(&it);) {
        struct object *o =
            world_get(w, kind_secret, account->id->ns, mp_str(mp_get(it.value, "name")));
        if (o && token_is_of(o, account)) return o;
    }
    return NULL;
}

static bool volume_named(struct mp volumes, struct str name)
{
    for (struct mp_iter it = mp_items(volumes); mp_iter_next(&it);)
        if (str_eq(mp_str(mp_get(it.value, "name")), name)) return true;
    return false;
}

/* The volume that shows the Secret, if the pod has one; else a name for it that is free (`exists`
 * tells which). Volumes' names have no dots. */
static void name_volume(struct mp volumes, struct str secret, char name[VOLUME_NAME_MAX],
                        bool *exists)
{
    *exists = false;
    for (struct mp_iter it = mp_items(volumes); mp_iter_next(&it);) {
        if (!str_eq(mp_str(mp_path(it.value, "secret.secretName")), secret)) continue;
        struct str own = mp_str(mp_get(it.value, "name"));
        snprintf(name, VOLUME_NAME_MAX, "%.*s", (int)own.n, own.p ? own.p : "");
        *exists = true;
        return;
    }
    int n = snprintf(name, VOLUME_NAME_MAX, "%.*s", (int)secret.n, secret.p);
    for (char *p = name; *p; p++)
        if (*p == '.') *p = '-';
    for (unsigned i = 1; volume_named(volumes, str_of(name)); i++)
        snprintf(name + n, VOLUME_NAME_MAX - (size_t)n, "-%u", i);
}

static bool put_mounts(void *ctx, struct mp container, struct buf *out)
{
    const char *volume = ctx;
    struct mp mounts = mp_get(container, "volumeMounts");
    buf_auto struct buf list = BUF_INIT;
    uint32_t count = 1;
    size_t mark = mp_begin(&list);
    for (struct mp_iter it = mp_items(mounts); mp_iter_next(&it); count++) {
        if (mp_is(mp_get(it.value, "mountPath"), TOKEN_MOUNT)) { /* the pod brings its own */
            mp_put(out, container);
            return false;
        }
        mp_put(&list, it.value);
    }
    mp_put_map(&list, 3);
    mp_put_z(&list, "name");
    mp_put_z(&list, volume);
    mp_put_z(&list, "readOnly");
    mp_put_bool(&list, true);
    mp_put_z(&list, "mountPath");
    mp_put_z(&list, TOKEN_MOUNT);
    mp_end_array(&list, mark, count);
    admission_put_with(out, container, "volumeMounts", &list);
    return true;
}

static void add_volume(struct admission_request *r, const char *name, struct str secret)
{
    struct mp volumes = mp_path(r->body, "spec.volumes");
    buf_auto struct buf list = BUF_INIT;
    uint32_t count = 1;
    size_t mark = mp_begin(&list);
    for (struct mp_iter it = mp_items(volumes); mp_iter_next(&it); count++) mp_put(&list, it.value);
    mp_put_map(&list, 2);
    mp_put_z(&list, "name");
    mp_put_z(&list, name);
    mp_put_z(&list, "secret");
    mp_put_map(&list, 2);
    mp_put_z(&list, "secretName");
    mp_put_str(&list, secret);
    mp_put_z(&list, "defaultMode");
    mp_put_int(&list, VOLUME_MODE);
    mp_end_array(&list, mark, count);
    admission_set(r, "spec.volumes", &list);
}

static bool mount_token(struct admission_request *r, const struct object *account)
{
    const struct object *secret = token_of(r->world, account);
    if (!secret) {
        result_refuse(&r->out->result, 500, "ServerTimeout",
                      "No API token found for service account \"%s\", retry after the token is "
                      "automatically created and added to the service account",
                      account->id->name);
        r->out->result.retry_after_s = 1;
        return false;
    }
    char volume[VOLUME_NAME_MAX];
    bool exists;
    name_volume(mp_path(r->body, "spec.volumes"), object_name(secret), volume, &exists);
    bool mounted = admission_each_container(r, "spec.initContainers", put_mounts, volume);
    mounted |= admission_each_container(r, "spec.containers", put_mounts, volume);
    if (mounted && !exists) add_volume(r, volume, object_name(secret));
    return true;
}

bool admit_account(struct admission_request *r)
{
    bool mirrors =
        mp_get(mp_path(r->body, "metadata.annotations"), "kubernetes.io/config.mirror").type !=
        MP_END;
    if (mirrors) return true; /* its node runs it already, for itself */
    name_account(r);
    if (!r->mint) return true;
    struct mp spec = mp_get(r->body, "spec");
    struct str name = mp_str(mp_get(spec, "serviceAccountName"));
    const struct object *account = world_get(r->world, kind_serviceaccount, r->actor->ns, name);
    if (!account)
        return admission_forbid(r,
                                "error looking up service account %s/%.*s: serviceaccount "
                                "\"%.*s\" not found",
                                r->actor->ns, (int)name.n, name.p, (int)name.n, name.p);
    if (wants_token(spec, account) && !mount_token(r, account)) return false;
    struct mp pull = doc_path(account->body, "imagePullSecrets");
    if (pull.count && !mp_path(r->body, "spec.imagePullSecrets").count) {
        buf_auto struct buf value = BUF_INIT;
        mp_put(&value, pull);
        admission_set(r, "spec.imagePullSecrets", &value);
    }
    return true;
}
