/* Nodes: nothing is placed on one before it is known to be ready. */
#include "actors/deciding.h"
#include "actors/edit.h"

static const char not_ready[] = "node.kubernetes.io/not-ready";

static bool says_ready(const struct doc *status)
{
    return mp_is(mp_get(status_condition(status, "Ready"), "status"), "True");
}

static struct doc *with_not_ready_taint(struct doc *body)
{
    struct mp old = doc_path(body, "spec.taints");
    for (struct mp_iter it = mp_items(old); mp_iter_next(&it);)
        if (mp_is(mp_get(it.value, "key"), not_ready)) return doc_ref(body);
    buf_auto struct buf list = BUF_INIT;
    uint32_t count = 1;
    size_t mark = mp_begin(&list);
    for (struct mp_iter it = mp_items(old); mp_iter_next(&it); count++) mp_put(&list, it.value);
    mp_put_map(&list, 2);
    mp_put_z(&list, "key");
    mp_put_z(&list, not_ready);
    mp_put_z(&list, "effect");
    mp_put_z(&list, "NoSchedule");
    mp_end_array(&list, mark, count);
    return edit_doc(body, "spec.taints", edit_value(&list));
}

static struct doc *first_status(const struct command *c, const struct doc *body)
{
    (void)body;
    return c->status ? doc_ref(c->status) : doc_empty();
}

static void node_decide(struct world *w, const struct actor *a, const struct command *c,
                        int64_t now_ms, struct decision *out)
{
    if (c->op != COMMAND_CREATE) {
        object_decide(w, a, c, now_ms, out);
        return;
    }
    struct doc *given = c->body ? doc_ref(c->body) : doc_empty();
    struct doc *body = says_ready(c->status) ? doc_ref(given) : with_not_ready_taint(given);
    doc_unref(given);
    object_decide_create(w, a, c, body, first_status, out);
}

const struct behavior behavior_node = {node_decide, object_fold};
