/* Namespaces: the first ones, their accounts, and how they are emptied. */
#include "stage.h"

static bool has(struct stage *s, const struct kind *kind, const char *ns, const char *name)
{
    return world_get(s->world, kind, ns ? istr_of(ns) : NULL, str_of(name)) != NULL;
}

static void a_cluster_begins_with_four_namespaces(void **state)
{
    (void)state;
    struct stage *s = stage_open(&controller_times_default);
    static const char *const names[] = {"default", "kube-system", "kube-public", "kube-node-lease"};
    for (int i = 0; i < 4; i++) {
        struct object *ns = stage_get(s, kind_namespace, names[i]);
        assert_non_null(ns);
        assert_true(mp_is(doc_path(ns->status, "phase"), "Active"));
        assert_true(mp_is(mp_at(doc_path(ns->body, "spec.finalizers"), 0), "kubernetes"));
        assert_true(has(s, kind_serviceaccount, names[i], "default"));
    }
    stage_close(s);
}

static void a_lost_account_comes_back(void **state)
{
    (void)state;
    struct stage *s = stage_open(&controller_times_default);
    assert_true(stage_delete(s, kind_serviceaccount, "default").removed);
    stage_pass(s, 100);
    assert_true(has(s, kind_serviceaccount, "default", "default"));
    stage_close(s);
}

/* What another leader's last entry brought is seen to by the next one. */
static void a_new_leader_finds_the_accounts_that_lack(void **state)
{
    (void)state;
    struct stage *s = stage_open(&controller_times_default);
    stage_pass(s, 100);
    s->slow = true;
    system_send(s->system,
                stage_command(COMMAND_CREATE, kind_namespace, "{'metadata':{'name':'shop'}}"));
    stage_pass(s, 100);
    system_lead(s->system, false);
    s->slow = false;
    stage_commit(s);
    stage_pass(s, 100);
    assert_true(has(s, kind_namespace, NULL, "shop"));
    assert_false(has(s, kind_serviceaccount, "shop", "default"));
    system_lead(s->system, true);
    stage_pass(s, 100);
    assert_true(has(s, kind_serviceaccount, "shop", "default"));
    stage_close(s);
}

static void the_lasting_namespaces_cannot_be_deleted(void **state)
{
    (void)state;
    struct stage *s = stage_open(&controller_times_default);
    struct outcome o = stage_delete(s, kind_namespace, "default");
    assert_int_equal(o.http, 403);
    assert_string_equal(o.reason, "Forbidden");
    assert_string_equal(o.message,
                        "namespaces \"default\" is forbidden: this namespace may not be deleted");
    stage_close(s);
}

static void deleting_a_namespace_empties_it(void **state)
{
    (void)state;
    struct stage *s = stage_open(&controller_times_default);
    stage_node(s, "n1");
    stage_make(s, kind_namespace, "{'metadata':{'name':'shop'}}");
    stage_make(s, kind_replicaset,
               "{'metadata':{'name':'web','namespace':'shop'},'spec':{'replicas':20,'selector':{"
               "'matchLabels':{'app':'web'}},'template':{'metadata':{'labels':{'app':'web'}},'spec'"
               ":{}}}}");
    stage_make(s, kind_configmap, "{'metadata':{'name':'m','namespace':'shop'}}");
    stage_make(s, kind_pod, "{'metadata':{'name':'lone','namespace':'shop'},'spec':{}}");
    stage_play(s, 1000);
    assert_int_equal(stage_pods(s, "n1", true), 21);
    s->dead[0] = "n1"; /* nobody confirms that pods are gone, for now */
    struct outcome o = stage_delete(s, kind_namespace, "shop");
    assert_int_equal(o.http, 200);
    assert_false(o.removed);
    stage_pass(s, 500);
    struct object *ns = stage_get(s, kind_namespace, "shop");
    assert_true(mp_is(doc_path(ns->status, "phase"), "Terminating"));
    assert_false(has(s, kind_configmap, "shop", "m"));
    assert_false(has(s, kind_replicaset, "shop", "web"));
    assert_int_equal(stage_pods(s, NULL, true), 0);
    assert_int_equal(stage_pods(s, NULL, false), 21);
    o = stage_create(s, kind_configmap, "{'metadata':{'name':'new','namespace':'shop'}}");
    assert_int_equal(o.http, 403);
    assert_string_equal(o.message,
                        "configmaps \"new\" is forbidden: unable to create new content in "
                        "namespace shop because it is being terminated");
    s->dead[0] = NULL;
    stage_play(s, 1000);
    assert_null(stage_get(s, kind_namespace, "shop"));
    assert_int_equal(stage_pods(s, NULL, false), 0);
    stage_close(s);
}

static void a_namespace_waits_for_finalizers_in_it(void **state)
{
    (void)state;
    struct stage *s = stage_open(&controller_times_default);
    stage_make(s, kind_namespace, "{'metadata':{'name':'shop'}}");
    stage_make(s, kind_configmap,
               "{'metadata':{'name':'m','namespace':'shop','finalizers':['a.b/c']}}");
    stage_delete(s, kind_namespace, "shop");
    stage_pass(s, 1000);
    assert_non_null(stage_get(s, kind_namespace, "shop"));
    /* Not even its finalizer taken by hand lets it go before its content. */
    struct command *c = stage_command(COMMAND_UPDATE, kind_namespace,
                                      "{'metadata':{'name':'shop'},'spec':{'finalizers':[]}}");
    c->merges_finalizers = true;
    assert_int_equal(stage_do(s, c).http, 409);
    c = stage_command(COMMAND_UPDATE, kind_configmap,
                      "{'metadata':{'name':'m','namespace':'shop'}}");
    assert_int_equal(stage_do(s, c).http, 200);
    stage_pass(s, 500);
    assert_null(stage_get(s, kind_namespace, "shop"));
    stage_close(s);
}

static void assert_told(struct stage *s, const char *type, const char *value, const char *reason,
                        const char *message)
{
    struct mp c = status_condition(stage_get(s, kind_namespace, "shop")->status, type);
    struct str said = mp_str(mp_get(c, "message"));
    mem_auto char *text = mem_strndup(said.p ? said.p : "", said.n);
    assert_string_equal(text, message);
    assert_true(mp_is(mp_get(c, "status"), value));
    assert_true(mp_is(mp_get(c, "reason"), reason));
    assert_true(mp_get(c, "lastTransitionTime").type == MP_STR);
}

static void a_namespace_that_stays_tells_why(void **state)
{
    (void)state;
    struct stage *s = stage_open(&controller_times_default);
    stage_node(s, "n1");
    stage_make(s, kind_namespace, "{'metadata':{'name':'shop'}}");
    stage_make(s, kind_pod,
               "{'metadata':{'name':'p','namespace':'shop','finalizers':['x/y']},'spec':{}}");
    stage_make(s, kind_configmap,
               "{'metadata':{'name':'m','namespace':'shop','finalizers':['a.b/c','x/y']}}");
    stage_delete(s, kind_namespace, "shop");
    stage_play(s, 1000);
    assert_int_equal(doc_path(stage_get(s, kind_namespace, "shop")->status, "conditions").type,
                     MP_END);
    stage_play(s, 3000);
    assert_told(s, "NamespaceDeletionDiscoveryFailure", "False", "ResourcesDiscovered",
                "All resources successfully discovered");
    assert_told(s, "NamespaceDeletionGroupVersionParsingFailure", "False", "ParsedGroupVersions",
                "All legacy kube types successfully parsed");
    assert_told(s, "NamespaceDeletionContentFailure", "False", "ContentDeleted",
                "All content successfully deleted, may be waiting on finalization");
    assert_told(s, "NamespaceContentRemaining", "True", "SomeResourcesRemain",
                "Some resources are remaining: configmaps. has 1 resource instances, pods. has 1 "
                "resource instances");
    assert_told(s, "NamespaceFinalizersRemaining", "True", "SomeFinalizersRemain",
                "Some content in the namespace has finalizers remaining: a.b/c in 1 resource "
                "instances, x/y in 2 resource instances");
    struct object *told = object_ref(stage_get(s, kind_namespace, "shop"));
    stage_play(s, 10000); /* nothing changes, and nothing is written */
    assert_ptr_equal(stage_get(s, kind_namespace, "shop"), told);
    object_unref(told);
    stage_do(s, stage_command(COMMAND_UPDATE, kind_configmap,
                              "{'metadata':{'name':'m','namespace':'shop'}}"));
    stage_play(s, 3000);
    assert_told(s, "NamespaceContentRemaining", "True", "SomeResourcesRemain",
                "Some resources are remaining: pods. has 1 resource instances");
    stage_do(s, stage_command(COMMAND_UPDATE, kind_pod,
                              "{'metadata':{'name':'p','namespace':'shop'},'spec':{}}"));
    stage_play(s, 1000);
    assert_null(stage_get(s, kind_namespace, "shop"));
    stage_close(s);
}

static void a_name_can_be_used_again(void **state)
{
    (void)state;
    struct stage *s = stage_open(&controller_times_default);
    for (int i = 0; i < 3; i++) {
        stage_make(s, kind_namespace, "{'metadata':{'name':'shop'}}");
        stage_make(s, kind_secret, "{'metadata':{'name':'k','namespace':'shop'}}");
        stage_delete(s, kind_namespace, "shop");
        stage_pass(s, 1000);
        assert_null(stage_get(s, kind_namespace, "shop"));
    }
    stage_close(s);
}

static void a_new_leader_finishes_the_emptying(void **state)
{
    (void)state;
    struct stage *s = stage_open(&controller_times_default);
    stage_make(s, kind_namespace, "{'metadata':{'name':'shop'}}");
    stage_make(s, kind_secret, "{'metadata':{'name':'k','namespace':'shop'}}");
    stage_delete(s, kind_namespace, "shop");
    system_lead(s->system, false);
    stage_pass(s, 500);
    assert_non_null(stage_get(s, kind_namespace, "shop"));
    system_lead(s->system, true);
    stage_pass(s, 1000);
    assert_null(stage_get(s, kind_namespace, "shop"));
    stage_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cluster_begins_with_four_namespaces),
        cmocka_unit_test(a_lost_account_comes_back),
        cmocka_unit_test(a_new_leader_finds_the_accounts_that_lack),
        cmocka_unit_test(the_lasting_namespaces_cannot_be_deleted),
        cmocka_unit_test(deleting_a_namespace_empties_it),
        cmocka_unit_test(a_namespace_waits_for_finalizers_in_it),
        cmocka_unit_test(a_namespace_that_stays_tells_why),
        cmocka_unit_test(a_name_can_be_used_again),
        cmocka_unit_test(a_new_leader_finishes_the_emptying),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
