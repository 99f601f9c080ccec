/* DefaultTolerationSeconds: a pod stays for five minutes on a node that is not ready or not
 * reachable, unless it says otherwise. */
#include "actors/admission/plugin.h"

enum { TOLERATION_S = 300 };

static bool tolerates_no_execute(struct mp tolerations, const char *key)
{
    for (struct mp_iter it = mp_items(tolerations); mp_iter_next(&it);) {
        struct str k = mp_str(mp_get(it.value, "key"));
        struct str effect = mp_str(mp_get(it.value, "effect"));
        if ((!k.n || str_is(k, key)) && (!effect.n || str_is(effect, "NoExecute"))) return true;
    }
    return false;
}

static void put_toleration(struct buf *out, const char *key)
{
    mp_put_map(out, 4);
    mp_put_z(out, "key");
    mp_put_z(out, key);
    mp_put_z(out, "operator");
    mp_put_z(out, "Exists");
    mp_put_z(out, "effect");
    mp_put_z(out, "NoExecute");
    mp_put_z(out, "tolerationSeconds");
    mp_put_int(out, TOLERATION_S);
}

bool admit_tolerations(struct admission_request *r)
{
    static const char *const troubles[] = {"node.kubernetes.io/not-ready",
                                           "node.kubernetes.io/unreachable"};
    struct mp old = mp_path(r->body, "spec.tolerations");
    buf_auto struct buf list = BUF_INIT;
    uint32_t count = 0;
    size_t mark = mp_begin(&list);
    for (struct mp_iter it = mp_items(old); mp_iter_next(&it); count++) mp_put(&list, it.value);
    uint32_t given = count;
    for (unsigned i = 0; i < sizeof troubles / sizeof *troubles; i++) {
        if (tolerates_no_execute(old, troubles[i])) continue;
        put_toleration(&list, troubles[i]);
        count++;
    }
    mp_end_array(&list, mark, count);
    if (count != given) admission_set(r, "spec.tolerations", &list);
    return true;
}
