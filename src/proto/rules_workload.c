/* Replica sets and replication controllers: the template fits the selector and runs for ever. */
#include "proto/checker.h"
#include "proto/selector.h"

static void workload_template(struct checker *c, const struct selector *selector, struct mp spec)
{
    static const char *const policies[] = {"Always", NULL};
    struct mp labels = mp_path(spec, "template.metadata.labels");
    struct mp pod = mp_path(spec, "template.spec"), policy = mp_get(pod, "restartPolicy");
    if (selector && !selector_matches(selector, labels)) {
        struct mp none = mp_read("\x80", 1);
        check_invalid(c, "template.metadata.labels", labels.type == MP_MAP ? labels : none,
                      "`selector` does not match template `labels`");
    }
    if (!check_empty(policy) && !mp_is(policy, "Always"))
        check_unsupported(c, "template.spec.restartPolicy", mp_str(policy), policies);
    if (mp_get(pod, "activeDeadlineSeconds").type != MP_END)
        check_forbidden(c, "template.spec.activeDeadlineSeconds",
                        "activeDeadlineSeconds in ReplicaSet is not Supported");
}

check_fn check_replicaset_spec;
void check_replicaset_spec(struct checker *c, const struct check_scope *at)
{
    struct mp label_selector = check_get(at, "selector");
    struct selector *selector = NULL;
    if (check_get(at, "template").type == MP_END)
        check_required(c, "template.spec.containers", NULL);
    if (label_selector.type != MP_MAP || label_selector.count == 0) return;
    if (check_empty(mp_get(label_selector, "matchLabels")) &&
        check_empty(mp_get(label_selector, "matchExpressions")))
        check_invalid(c, "selector", label_selector, "empty selector is invalid for deployment");
    else if (selector_from_doc(label_selector, &selector, NULL))
        check_invalid(c, "selector", label_selector, "invalid label selector");
    workload_template(c, selector, at->object);
    selector_free(selector);
}

check_fn check_rc_spec;
void check_rc_spec(struct checker *c, const struct check_scope *at)
{
    struct mp map = check_get(at, "selector");
    struct selector *selector = NULL;
    if (check_empty(map) || selector_from_map(map, &selector, NULL)) return;
    if (check_get(at, "template").type != MP_END) workload_template(c, selector, at->object);
    selector_free(selector);
}
