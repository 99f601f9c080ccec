/* What keeps pods: the template fits the selector and runs for ever. */
#include "proto/checker.h"
#include "proto/selector.h"

/* Replica sets are said to be deployments here, as Kubernetes does. */
static const struct {
    const char *type, *empty, *deadline;
} workload_words[] = {
    {"apps.v1.DaemonSetSpec", "empty selector is invalid for daemonset",
     "activeDeadlineSeconds in DaemonSet is not Supported"},
    {"apps.v1.StatefulSetSpec", "empty selector is invalid for statefulset",
     "activeDeadlineSeconds in StatefulSet is not Supported"},
    {NULL, "empty selector is invalid for deployment",
     "activeDeadlineSeconds in ReplicaSet is not Supported"},
};

static size_t workload_word(const struct check_scope *at)
{
    size_t i = 0;
    while (workload_words[i].type && strcmp(workload_words[i].type, at->type->name) != 0) i++;
    return i;
}

static void workload_template(struct checker *c, const struct selector *selector,
                              const struct check_scope *at)
{
    struct mp spec = at->object;
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
                        workload_words[workload_word(at)].deadline);
}

check_fn check_workload_spec;
void check_workload_spec(struct checker *c, const struct check_scope *at)
{
    struct mp label_selector = check_get(at, "selector");
    struct selector *selector = NULL;
    if (check_get(at, "template").type == MP_END)
        check_required(c, "template.spec.containers", NULL);
    if (label_selector.type != MP_MAP || label_selector.count == 0) return;
    if (check_empty(mp_get(label_selector, "matchLabels")) &&
        check_empty(mp_get(label_selector, "matchExpressions")))
        check_invalid(c, "selector", label_selector, workload_words[workload_word(at)].empty);
    else if (selector_from_doc(label_selector, &selector, NULL))
        check_invalid(c, "selector", label_selector, "invalid label selector");
    workload_template(c, selector, at);
    selector_free(selector);
}

check_fn check_rc_spec;
void check_rc_spec(struct checker *c, const struct check_scope *at)
{
    struct mp map = check_get(at, "selector");
    struct selector *selector = NULL;
    if (check_empty(map) || selector_from_map(map, &selector, NULL)) return;
    if (check_get(at, "template").type != MP_END) workload_template(c, selector, at);
    selector_free(selector);
}
