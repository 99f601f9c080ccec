/* Nodes and events. */
#include "proto/checker.h"

#include "base/map.h"
#include "base/mem.h"

static void taint_check(struct checker *c, struct mp taint, unsigned i)
{
    static const char *const effects[] = {"NoSchedule", "PreferNoSchedule", "NoExecute", NULL};
    struct mp key = mp_get(taint, "key"), value = mp_get(taint, "value");
    struct str effect = mp_str(mp_get(taint, "effect"));
    size_t mark = c->path.len;
    path_field(&c->path, STR("taints"));
    path_index(&c->path, i);
    const char *wrong = name_check_qualified(mp_str(key));
    if (wrong) check_invalid(c, "key", key, wrong);
    wrong = name_check_label_value(mp_str(value));
    if (wrong) check_invalid(c, "value", value, wrong);
    bool known = false;
    for (size_t k = 0; effects[k]; k++) known |= str_is(effect, effects[k]);
    if (!effect.n)
        check_required(c, "effect", NULL);
    else if (!known)
        check_unsupported(c, "effect", effect, effects);
    path_cut(&c->path, mark);
}

check_fn check_node_taints;
void check_node_taints(struct checker *c, const struct check_scope *at)
{
    struct map seen = {0};
    unsigned i = 0;
    char *pair;
    for (struct mp_iter it = mp_items(at->value); mp_iter_next(&it); i++) {
        struct str key = mp_str(mp_get(it.value, "key"));
        struct str effect = mp_str(mp_get(it.value, "effect"));
        taint_check(c, it.value, i);
        pair = mem_printf("%.*s:%.*s", (int)key.n, key.n ? key.p : "", (int)effect.n,
                          effect.n ? effect.p : "");
        if (!map_get(&seen, pair, strlen(pair))) {
            map_put(&seen, pair, strlen(pair), pair);
            continue;
        }
        mem_auto char *sub = mem_printf("taints[%u]", i);
        struct str value = mp_str(mp_get(it.value, "value"));
        check_add(c, "FieldValueDuplicate", sub,
                  "Duplicate value: core.Taint{Key:\"%.*s\", Value:\"%.*s\", Effect:\"%.*s\", "
                  "TimeAdded:<nil>}: taints must be unique by key and effect pair",
                  (int)key.n, key.n ? key.p : "", (int)value.n, value.n ? value.p : "",
                  (int)effect.n, effect.n ? effect.p : "");
        mem_free(pair);
    }
    for (size_t k = 0; (pair = map_next(&seen, &k));) mem_free(pair);
    map_free(&seen);
}

/* An event lives with what it is about; those about cluster-wide things live in `default`. */
check_fn check_event;
void check_event(struct checker *c, const struct check_scope *at)
{
    struct str ns = mp_str(mp_path(at->object, "metadata.namespace"));
    struct mp about = mp_path(at->object, "involvedObject.namespace");
    struct str expected = mp_str(about).n ? mp_str(about) : STR("default");
    bool system = !mp_str(about).n && str_is(ns, "kube-system");
    if (ns.n && !str_eq(ns, expected) && !system)
        check_invalid(c, "involvedObject.namespace", about, "does not match event.namespace");
}
