#include "actors/pod_needs.h"

struct walk {
    pod_need_fn *fn;
    void *ctx;
};

static void needs_name(const struct walk *w, const struct kind *kind, struct mp name)
{
    if (name.type == MP_STR && name.s.n != 0) w->fn(w->ctx, kind, name.s);
}

static void needs_volume(const struct walk *w, struct mp volume)
{
    needs_name(w, kind_secret, mp_path(volume, "secret.secretName"));
    needs_name(w, kind_configmap, mp_path(volume, "configMap.name"));
    for (struct mp_iter it = mp_items(mp_path(volume, "projected.sources")); mp_iter_next(&it);) {
        needs_name(w, kind_secret, mp_path(it.value, "secret.name"));
        needs_name(w, kind_configmap, mp_path(it.value, "configMap.name"));
    }
}

static void needs_container(const struct walk *w, struct mp container)
{
    for (struct mp_iter it = mp_items(mp_get(container, "env")); mp_iter_next(&it);) {
        struct mp from = mp_get(it.value, "valueFrom");
        needs_name(w, kind_secret, mp_path(from, "secretKeyRef.name"));
        needs_name(w, kind_configmap, mp_path(from, "configMapKeyRef.name"));
    }
    for (struct mp_iter it = mp_items(mp_get(container, "envFrom")); mp_iter_next(&it);) {
        needs_name(w, kind_secret, mp_path(it.value, "secretRef.name"));
        needs_name(w, kind_configmap, mp_path(it.value, "configMapRef.name"));
    }
}

void pod_needs_each(struct mp body, pod_need_fn *fn, void *ctx)
{
    struct walk w = {fn, ctx};
    struct mp spec = mp_get(body, "spec");
    for (struct mp_iter it = mp_items(mp_get(spec, "volumes")); mp_iter_next(&it);) {
        needs_volume(&w, it.value);
    }
    static const char *const lists[] = {"containers", "initContainers"};
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        for (struct mp_iter it = mp_items(mp_get(spec, lists[i])); mp_iter_next(&it);) {
            needs_container(&w, it.value);
        }
    }
}
