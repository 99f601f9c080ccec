/* What becomes of new objects before they are objects: defaults, classes, limits. */
#include "stage.h"

static const char *refusal(struct stage *s, const struct kind *kind, const char *text)
{
    static char said[600];
    struct outcome o = stage_create(s, kind, text);
    snprintf(said, sizeof said, "%d %s: %s", o.http, o.reason, o.message);
    return said;
}

static struct mp at(struct stage *s, const struct kind *kind, const char *name, const char *path)
{
    struct object *o = stage_get(s, kind, name);
    assert_non_null(o);
    return doc_path(o->body, path);
}

static struct mp container(struct stage *s, const char *pod, const char *path)
{
    return mp_path(mp_at(at(s, kind_pod, pod, "spec.containers"), 0), path);
}

static void assert_text(struct mp v, const char *text)
{
    struct str s = mp_str(v);
    if (!str_is(s, text)) fail_msg("is '%.*s', not '%s'", (int)s.n, s.p ? s.p : "", text);
}

#define POD(name, spec)                                                                            \
    "{'metadata':{'name':'" name "'},'spec':{'containers':[{'name':'c','image':'i'" spec "}]}}"

static void a_plain_pod_gets_account_priority_and_tolerations(void **state)
{
    (void)state;
    struct stage *s = stage_open(NULL);
    stage_make(s, kind_pod, POD("p", ""));
    assert_text(at(s, kind_pod, "p", "spec.serviceAccountName"), "default");
    assert_text(at(s, kind_pod, "p", "spec.serviceAccount"), "default");
    assert_text(at(s, kind_pod, "p", "spec.preemptionPolicy"), "PreemptLowerPriority");
    assert_int_equal(mp_i64(at(s, kind_pod, "p", "spec.priority"), -1), 0);
    assert_int_equal(at(s, kind_pod, "p", "spec.tolerations").count, 2);
    assert_int_equal(at(s, kind_pod, "p", "spec.volumes").type, MP_END);
    stage_close(s);
}

static void own_tolerations_are_kept(void **state)
{
    (void)state;
    struct stage *s = stage_open(NULL);
    stage_make(s, kind_pod,
               "{'metadata':{'name':'p'},'spec':{'containers':[{'name':'c'}],'tolerations':[{'key':"
               "'node.kubernetes.io/not-ready','operator':'Exists','tolerationSeconds':7}]}}");
    struct mp list = at(s, kind_pod, "p", "spec.tolerations");
    assert_int_equal(list.count, 2);
    assert_int_equal(mp_i64(mp_get(mp_at(list, 0), "tolerationSeconds"), 0), 7);
    assert_text(mp_get(mp_at(list, 1), "key"), "node.kubernetes.io/unreachable");
    stage_close(s);
}

static void a_priority_comes_from_its_class(void **state)
{
    (void)state;
    struct stage *s = stage_open(NULL);
    stage_make(s, kind_priorityclass,
               "{'metadata':{'name':'high'},'value':1000,'preemptionPolicy':'Never'}");
    stage_make(s, kind_pod,
               "{'metadata':{'name':'p'},'spec':{'containers':[],'priorityClassName':'high'}}");
    assert_int_equal(mp_i64(at(s, kind_pod, "p", "spec.priority"), -1), 1000);
    assert_text(at(s, kind_pod, "p", "spec.preemptionPolicy"), "Never");
    assert_string_equal(
        refusal(s, kind_pod,
                "{'metadata':{'name':'q'},'spec':{'containers':[],'priorityClassName':'none'}}"),
        "403 Forbidden: pods \"q\" is forbidden: no PriorityClass with name none was found");
    assert_string_equal(
        refusal(s, kind_pod, "{'metadata':{'name':'q'},'spec':{'containers':[],'priority':9}}"),
        "403 Forbidden: pods \"q\" is forbidden: the integer value of priority (9) must not be "
        "provided in pod spec; priority admission controller computed 0 from the given "
        "PriorityClass name");
    stage_close(s);
}

/* The same body as before, and yet another outcome: what was kept of it does not outlive the
 * change. */
static void a_default_class_counts_from_when_it_is_there(void **state)
{
    (void)state;
    struct stage *s = stage_open(NULL);
    stage_make(s, kind_pod, POD("before", ""));
    stage_make(s, kind_priorityclass,
               "{'metadata':{'name':'usual'},'value':50,'globalDefault':true}");
    stage_make(s, kind_pod, POD("while", ""));
    assert_string_equal(
        refusal(s, kind_priorityclass,
                "{'metadata':{'name':'other'},'value':60,'globalDefault':true}"),
        "403 Forbidden: priorityclasses.scheduling.k8s.io \"other\" is forbidden: PriorityClass "
        "usual is already marked as default. Only one default can exist");
    stage_delete(s, kind_priorityclass, "usual");
    stage_make(s, kind_pod, POD("after", ""));
    assert_int_equal(mp_i64(at(s, kind_pod, "before", "spec.priority"), -1), 0);
    assert_int_equal(mp_i64(at(s, kind_pod, "while", "spec.priority"), -1), 50);
    assert_text(at(s, kind_pod, "while", "spec.priorityClassName"), "usual");
    assert_int_equal(mp_i64(at(s, kind_pod, "after", "spec.priority"), -1), 0);
    stage_close(s);
}

#define DEFAULTS                                                                                   \
    "{'metadata':{'name':'l'},'spec':{'limits':[{'type':'Container','default':{'cpu':'2','memory'" \
    ":'1Gi'},'defaultRequest':{'cpu':'1','memory':'512Mi'}}]}}"

static void containers_get_the_defaults_they_lack(void **state)
{
    (void)state;
    struct stage *s = stage_open(NULL);
    stage_make(s, kind_limitrange, DEFAULTS);
    stage_make(s, kind_pod, POD("p", ",'resources':{'limits':{'cpu':'3'},'requests':{'cpu':'3'}}"));
    assert_text(container(s, "p", "resources.limits.cpu"), "3");
    assert_text(container(s, "p", "resources.limits.memory"), "1Gi");
    assert_text(container(s, "p", "resources.requests.memory"), "512Mi");
    assert_text(mp_get(at(s, kind_pod, "p", "metadata.annotations"), "kubernetes.io/limit-ranger"),
                "LimitRanger plugin set: memory request for container c; memory limit for "
                "container c");
    stage_make(s, kind_pod, POD("q", ""));
    assert_text(container(s, "q", "resources.requests.cpu"), "1");
    assert_text(mp_get(at(s, kind_pod, "q", "metadata.annotations"), "kubernetes.io/limit-ranger"),
                "LimitRanger plugin set: cpu, memory request for container c; cpu, memory limit "
                "for container c");
    assert_text(doc_path(stage_get(s, kind_pod, "q")->status, "qosClass"), "Burstable");
    stage_close(s);
}

static void a_default_below_what_is_asked_for_refuses_the_pod(void **state)
{
    (void)state;
    struct stage *s = stage_open(NULL);
    stage_make(s, kind_limitrange, DEFAULTS);
    assert_string_equal(refusal(s, kind_pod, POD("p", ",'resources':{'requests':{'cpu':'3'}}")),
                        "422 Invalid: Pod \"p\" is invalid: spec.containers[0].resources.requests: "
                        "Invalid value: \"3\": must be less than or equal to cpu limit");
    stage_make(s, kind_pod, POD("q", ",'resources':{'requests':{'cpu':'2'}}"));
    assert_text(container(s, "q", "resources.limits.cpu"), "2");
    stage_close(s);
}

static void what_is_out_of_bounds_is_refused_in_kubernetes_words(void **state)
{
    (void)state;
    struct stage *s = stage_open(NULL);
    stage_make(s, kind_limitrange,
               "{'metadata':{'name':'l'},'spec':{'limits':[{'type':'Container','min':{'cpu':'100m'"
               "},'max':{'memory':'1Gi'},'maxLimitRequestRatio':{'cpu':'2'}}]}}");
#define SAID "403 Forbidden: pods \"p\" is forbidden: "
    assert_string_equal(refusal(s, kind_pod, POD("p", "")),
                        SAID "[minimum cpu usage per Container is 100m.  No request is specified, "
                             "maximum memory usage per Container is 1Gi.  No limit is specified, "
                             "cpu max limit to request ratio per Container is 2, but no request is "
                             "specified or request is 0]");
    assert_string_equal(
        refusal(s, kind_pod,
                POD("p", ",'resources':{'requests':{'cpu':'50m','memory':'1Gi'},'limits':{'cpu':"
                         "'75m','memory':'2Gi'}}")),
        SAID "[minimum cpu usage per Container is 100m, but request is 50m, maximum memory usage "
             "per Container is 1Gi, but limit is 2Gi]");
    assert_string_equal(
        refusal(s, kind_pod,
                POD("p", ",'resources':{'requests':{'cpu':'100m','memory':'1Gi'},'limits':{'cpu':"
                         "'250m','memory':'1Gi'}}")),
        SAID "cpu max limit to request ratio per Container is 2, but provided ratio is 2.500000");
    stage_close(s);
}

static void a_pod_is_bounded_as_a_whole_and_a_claim_by_its_size(void **state)
{
    (void)state;
    struct stage *s = stage_open(NULL);
    stage_make(
        s, kind_limitrange,
        "{'metadata':{'name':'l'},'spec':{'limits':[{'type':'Pod','max':{'cpu':'1'}},{"
        "'type':'PersistentVolumeClaim','min':{'storage':'1Gi'},'max':{'storage':'2Gi'}}]}}");
    assert_string_equal(
        refusal(s, kind_pod,
                "{'metadata':{'name':'p'},'spec':{'containers':[{'name':'a','resources':{'limits':{"
                "'cpu':'600m'}}},{'name':'b','resources':{'limits':{'cpu':'600m'}}}]}}"),
        SAID "maximum cpu usage per Pod is 1, but limit is 1200m");
#define CLAIM(size)                                                                                \
    "{'metadata':{'name':'c'},'spec':{'resources':{'requests':{'storage':'" size "'}}}}"
#define SAID_CLAIM "403 Forbidden: persistentvolumeclaims \"c\" is forbidden: "
    assert_string_equal(refusal(s, kind_pvc, CLAIM("3Gi")),
                        SAID_CLAIM "maximum storage usage per PersistentVolumeClaim is 2Gi, but "
                                   "request is 3Gi");
    assert_string_equal(refusal(s, kind_pvc, CLAIM("512Mi")),
                        SAID_CLAIM "minimum storage usage per PersistentVolumeClaim is 1Gi, but "
                                   "request is 512Mi");
    stage_make(s, kind_pvc, CLAIM("1Gi"));
    stage_close(s);
}

static void a_claim_gets_the_default_class_and_is_protected(void **state)
{
    (void)state;
    struct stage *s = stage_open(NULL);
    stage_make(s, kind_storageclass,
               "{'metadata':{'name':'fast','annotations':{'storageclass.kubernetes.io/"
               "is-default-class':'true'}}}");
    stage_make(s, kind_pvc, "{'metadata':{'name':'a'},'spec':{}}");
    stage_make(s, kind_pvc, "{'metadata':{'name':'b'},'spec':{'storageClassName':''}}");
    assert_text(at(s, kind_pvc, "a", "spec.storageClassName"), "fast");
    assert_text(at(s, kind_pvc, "b", "spec.storageClassName"), "");
    assert_text(mp_at(at(s, kind_pvc, "a", "metadata.finalizers"), 0),
                "kubernetes.io/pvc-protection");
    stage_make(s, kind_pv, "{'metadata':{'name':'v'},'spec':{}}");
    assert_text(mp_at(at(s, kind_pv, "v", "metadata.finalizers"), 0),
                "kubernetes.io/pv-protection");
    struct outcome o =
        stage_edit(s, kind_pvc, "a", "spec.resources", "{'requests':{'storage':'5Gi'}}");
    assert_int_equal(o.http, 403);
    assert_string_equal(o.message, "persistentvolumeclaims \"a\" is forbidden: Only bound "
                                   "persistent volume claims can be expanded");
    stage_close(s);
}

static void an_ingress_gets_the_default_class(void **state)
{
#define CLASS(name)                                                                                \
    "{'metadata':{'name':'" name "','annotations':{'ingressclass.kubernetes.io/is-default-class':" \
    "'true'}},'spec':{'controller':'a/b'}}"
    (void)state;
    struct stage *s = stage_open(NULL);
    stage_make(s, kind_ingressclass, CLASS("one"));
    stage_make(s, kind_ingressclass, "{'metadata':{'name':'other'},'spec':{'controller':'a/b'}}");
    stage_make(s, kind_ingress, "{'metadata':{'name':'a'},'spec':{}}");
    stage_make(s, kind_ingress, "{'metadata':{'name':'b'},'spec':{'ingressClassName':'other'}}");
    stage_make(s, kind_ingress,
               "{'metadata':{'name':'c','annotations':{'kubernetes.io/ingress.class':'old'}},"
               "'spec':{}}");
    assert_text(at(s, kind_ingress, "a", "spec.ingressClassName"), "one");
    assert_text(at(s, kind_ingress, "b", "spec.ingressClassName"), "other");
    assert_int_equal(at(s, kind_ingress, "c", "spec.ingressClassName").type, MP_END);
    stage_make(s, kind_ingressclass, CLASS("two"));
    assert_string_equal(
        refusal(s, kind_ingress, "{'metadata':{'name':'d'},'spec':{}}"),
        "403 Forbidden: ingresses.networking.k8s.io \"d\" is forbidden: Internal error occurred: "
        "2 default IngressClasses were found, only 1 allowed");
    stage_close(s);
}

static void a_runtime_class_adds_its_cost_and_its_places(void **state)
{
    (void)state;
    struct stage *s = stage_open(NULL);
    stage_make(s, kind_runtimeclass,
               "{'metadata':{'name':'vm'},'handler':'vm','overhead':{'podFixed':{'cpu':'250m'}},"
               "'scheduling':{'nodeSelector':{'vm':'yes'}}}");
    stage_make(s, kind_pod,
               "{'metadata':{'name':'p'},'spec':{'containers':[],'runtimeClassName':'vm'}}");
    assert_text(at(s, kind_pod, "p", "spec.overhead.cpu"), "250m");
    assert_text(at(s, kind_pod, "p", "spec.nodeSelector.vm"), "yes");
    assert_string_equal(
        refusal(s, kind_pod,
                "{'metadata':{'name':'p2'},'spec':{'containers':[],'runtimeClassName':'no'}}"),
        "403 Forbidden: pods \"p2\" is forbidden: pod rejected: RuntimeClass \"no\" not found");
    stage_close(s);
}

static void pods_of_one_template_share_what_admission_made(void **state)
{
    (void)state;
    struct stage *s = stage_open(NULL);
    stage_make(s, kind_limitrange, DEFAULTS);
    stage_make(
        s, kind_replicaset,
        "{'metadata':{'name':'r'},'spec':{'replicas':3,'selector':{'matchLabels':{'a':'b'}},"
        "'template':{'metadata':{'labels':{'a':'b'}},'spec':{'containers':[{'name':'c'}]}}}}");
    stage_pass(s, 500);
    assert_int_equal(stage_pods(s, NULL, true), 3);
    struct actor *first = world_first(s->world, kind_pod, NULL);
    assert_text(
        mp_path(mp_at(doc_path(first->object->body, "spec.containers"), 0), "resources.limits.cpu"),
        "2");
    for (struct actor *a = first; a; a = world_next(a, NULL))
        assert_ptr_equal(a->object->body, first->object->body);
    stage_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_pod_gets_account_priority_and_tolerations),
        cmocka_unit_test(own_tolerations_are_kept),
        cmocka_unit_test(a_priority_comes_from_its_class),
        cmocka_unit_test(a_default_class_counts_from_when_it_is_there),
        cmocka_unit_test(containers_get_the_defaults_they_lack),
        cmocka_unit_test(a_default_below_what_is_asked_for_refuses_the_pod),
        cmocka_unit_test(what_is_out_of_bounds_is_refused_in_kubernetes_words),
        cmocka_unit_test(a_pod_is_bounded_as_a_whole_and_a_claim_by_its_size),
        cmocka_unit_test(a_claim_gets_the_default_class_and_is_protected),
        cmocka_unit_test(an_ingress_gets_the_default_class),
        cmocka_unit_test(a_runtime_class_adds_its_cost_and_its_places),
        cmocka_unit_test(pods_of_one_template_share_what_admission_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
