/* Disruption budgets: how many pods may go, as pods come and go. */
#include "stage.h"

#include "actors/controllers/selecting.h"
#include "proto/timefmt.h"

static const struct controller_times quick = {
    .node_grace_ms = 3600 * 1000, /* nobody's business here */
    .gone_node_ms = 40000,
    .eviction_burst = 100,
    .evictions_per_s = 100,
    .status_every_ms = 100,
    .endpoints_every_ms = 100,
    .event_ttl_ms = 3600 * 1000,
};

static const struct kind *kind_budget;

static struct stage *open_stage(void)
{
    struct stage *s = stage_open(&quick);
    kind_budget = kind_by_key(STR("poddisruptionbudgets.policy"));
    stage_node(s, "n1");
    return s;
}

static void budget(struct stage *s, const char *wish)
{
    mem_auto char *text = mem_printf(
        "{'metadata':{'name':'b'},'spec':{%s,'selector':{'matchLabels':{'app':'web'}}}}", wish);
    stage_make(s, kind_budget, text);
}

static void ready(struct stage *s, const char *name, const char *is)
{
    mem_auto char *status =
        mem_printf("{'phase':'Running','conditions':[{'type':'Ready','status':'%s'}]}", is);
    struct command *c = stage_about(COMMAND_STATUS, kind_pod, name);
    c->status = stage_doc(status);
    assert_int_equal(stage_do(s, c).http, 200);
}

static void pod(struct stage *s, const char *name)
{
    mem_auto char *text = mem_printf("{'metadata':{'name':'%s','labels':{'app':'web'}},"
                                     "'spec':{'nodeName':'n1','containers':[{'name':'c'}]}}",
                                     name);
    stage_make(s, kind_pod, text);
    ready(s, name, "True");
}

struct told {
    int64_t expected, healthy, desired, allowed;
};

static void assert_told(struct stage *s, struct told want)
{
    stage_pass(s, 300);
    const struct object *b = stage_get(s, kind_budget, "b");
    assert_int_equal(stage_status(b, "expectedPods"), want.expected);
    assert_int_equal(stage_status(b, "currentHealthy"), want.healthy);
    assert_int_equal(stage_status(b, "desiredHealthy"), want.desired);
    assert_int_equal(stage_status(b, "disruptionsAllowed"), want.allowed);
}

static void a_number_of_pods_has_to_stay(void **state)
{
    (void)state;
    struct stage *s = open_stage();
    pod(s, "p1");
    budget(s, "'minAvailable':2");
    assert_told(s, (struct told){1, 1, 2, 0});
    assert_int_equal(stage_status(stage_get(s, kind_budget, "b"), "observedGeneration"), 1);
    pod(s, "p2");
    pod(s, "p3");
    assert_told(s, (struct told){3, 3, 2, 1});
    ready(s, "p3", "False");
    assert_told(s, (struct told){3, 2, 2, 0});
    ready(s, "p3", "True");
    stage_edit(s, kind_pod, "p3", "metadata.labels", "{'app':'other'}");
    assert_told(s, (struct told){2, 2, 2, 0});
    stage_edit(s, kind_pod, "p3", "metadata.labels", "{'app':'web'}");
    assert_false(stage_delete(s, kind_pod, "p1").removed);
    assert_told(s, (struct told){3, 2, 2, 0}); /* it is there until its node has confirmed */
    stage_edit(s, kind_budget, "b", "spec.minAvailable", "1");
    assert_told(s, (struct told){3, 2, 1, 1});
    assert_int_equal(stage_status(stage_get(s, kind_budget, "b"), "observedGeneration"), 2);
    uint64_t revision = s->world->revision;
    stage_edit(s, kind_pod, "p2", "metadata.annotations", "{'a':'b'}");
    stage_pass(s, 1000);
    assert_int_equal(s->world->revision, revision + 1); /* what is told is not told again */
    stage_close(s);
}

static void a_set(struct stage *s, const char *name, unsigned replicas)
{
    mem_auto char *text = mem_printf(
        "{'metadata':{'name':'%s'},'spec':{'replicas':%u,'selector':{'matchLabels':{'app':'web',"
        "'set':'%s'}},'template':{'metadata':{'labels':{'app':'web','set':'%s'}},"
        "'spec':{'nodeName':'n1','containers':[{'name':'c'}]}}}}",
        name, replicas, name, name);
    stage_make(s, kind_replicaset, text);
}

static void all_ready(struct stage *s)
{
    stage_pass(s, 300);
    for (struct actor *a = world_first(s->world, kind_pod, NULL); a; a = world_next(a, NULL))
        ready(s, a->object->id->name, "True");
}

/* Percentages are of what the sets want, and rounded up. */
static void a_share_of_what_sets_want_has_to_stay(void **state)
{
    (void)state;
    struct stage *s = open_stage();
    a_set(s, "one", 4);
    a_set(s, "two", 3);
    budget(s, "'minAvailable':'50%'");
    assert_told(s, (struct told){7, 0, 4, 0});
    all_ready(s);
    assert_told(s, (struct told){7, 7, 4, 3});
    stage_edit(s, kind_replicaset, "two", "spec.replicas", "6");
    assert_told(s, (struct told){10, 7, 5, 2});
    all_ready(s);
    assert_told(s, (struct told){10, 10, 5, 5});
    stage_close(s);
}

static void a_number_or_a_share_may_be_away(void **state)
{
    (void)state;
    struct stage *s = open_stage();
    a_set(s, "one", 10);
    budget(s, "'maxUnavailable':1");
    all_ready(s);
    assert_told(s, (struct told){10, 10, 9, 1});
    ready(s, world_first(s->world, kind_pod, NULL)->object->id->name, "False");
    assert_told(s, (struct told){10, 9, 9, 0});
    stage_edit(s, kind_budget, "b", "spec.maxUnavailable", "'25%'");
    assert_told(s, (struct told){10, 9, 7, 2});
    stage_edit(s, kind_replicaset, "one", "spec.replicas", "0");
    stage_pass(s, 500);
    assert_int_equal(stage_status(stage_get(s, kind_budget, "b"), "disruptionsAllowed"), 0);
    stage_close(s);
}

/* Sets of one deployment are one, and want what it wants. */
static void the_sets_of_a_deployment_count_once(void **state)
{
    (void)state;
    struct stage *s = open_stage();
    stage_make(s, kind_by_key(STR("deployments.apps")),
               "{'metadata':{'name':'d'},'spec':{'replicas':5,'selector':{'matchLabels':"
               "{'app':'web'}},'template':{'metadata':{'labels':{'app':'web'}}}}}");
    char uid[UID_TEXT];
    uid_text(&stage_get(s, kind_by_key(STR("deployments.apps")), "d")->id->uid, uid);
    mem_auto char *owner = mem_printf("[{'apiVersion':'apps/v1','kind':'Deployment','name':'d',"
                                      "'uid':'%s','controller':true}]",
                                      uid);
    a_set(s, "old", 2);
    a_set(s, "new", 3);
    stage_edit(s, kind_replicaset, "old", "metadata.ownerReferences", owner);
    stage_edit(s, kind_replicaset, "new", "metadata.ownerReferences", owner);
    budget(s, "'maxUnavailable':1");
    all_ready(s);
    assert_told(s, (struct told){5, 5, 4, 1});
    stage_close(s);
}

static void without_a_controller_to_ask_none_may_go(void **state)
{
    (void)state;
    struct stage *s = open_stage();
    a_set(s, "one", 3);
    budget(s, "'maxUnavailable':1");
    all_ready(s);
    assert_told(s, (struct told){3, 3, 2, 1});
    pod(s, "stray");
    stage_pass(s, 300);
    assert_int_equal(stage_status(stage_get(s, kind_budget, "b"), "disruptionsAllowed"), 0);
    unsigned told = 0;
    for (struct actor *a = world_first(s->world, kind_event, NULL); a; a = world_next(a, NULL))
        told += mp_is(doc_path(a->object->body, "reason"), "CalculateExpectedPodCountFailed");
    assert_int_equal(told, 1);
    stage_delete(s, kind_pod, "stray");
    struct command *gone = stage_about(COMMAND_CONFIRM_GONE, kind_pod, "stray");
    stage_do(s, gone);
    assert_told(s, (struct told){3, 3, 2, 1});
    stage_close(s);
}

static void grant(struct stage *s, const char *name, int64_t at_s)
{
    char when[TIME_TEXT];
    time_format_s(at_s, when);
    mem_auto char *status = mem_printf("{'currentHealthy':3,'desiredHealthy':1,'expectedPods':3,"
                                       "'disruptionsAllowed':1,'observedGeneration':1,"
                                       "'disruptedPods':{'%s':'%s'}}",
                                       name, when);
    struct command *c = stage_about(COMMAND_STATUS, kind_budget, "b");
    c->status = stage_doc(status);
    assert_int_equal(stage_do(s, c).http, 200);
}

/* An eviction is counted from when it is granted; until the pod is gone, or too long has passed. */
static void a_granted_eviction_counts_until_it_is_carried_out(void **state)
{
    (void)state;
    struct stage *s = open_stage();
    for (unsigned i = 0; i < 3; i++) pod(s, (const char *[]){"p1", "p2", "p3"}[i]);
    budget(s, "'minAvailable':1");
    assert_told(s, (struct told){3, 3, 1, 2});
    grant(s, "p1", s->wall_ms / 1000);
    assert_told(s, (struct told){3, 2, 1, 1});
    struct mp granted = doc_path(stage_get(s, kind_budget, "b")->status, "disruptedPods");
    assert_int_equal(granted.count, 1);
    stage_delete(s, kind_pod, "p1");
    assert_told(s, (struct told){3, 2, 1, 1});
    granted = doc_path(stage_get(s, kind_budget, "b")->status, "disruptedPods");
    assert_int_equal(granted.count, 0);
    grant(s, "p2", s->wall_ms / 1000);
    assert_told(s, (struct told){3, 1, 1, 0});
    stage_pass(s, 121 * 1000);
    assert_told(s, (struct told){3, 2, 1, 1});
    stage_close(s);
}

/* The next leader has counted along, and tells what the one before did not come to tell. */
static void a_new_leader_tells_what_is_untold(void **state)
{
    (void)state;
    struct stage *s = open_stage();
    pod(s, "p1");
    budget(s, "'minAvailable':0");
    assert_told(s, (struct told){1, 1, 0, 1});
    s->slow = true;
    stage_turn(s);
    struct command *c = stage_about(COMMAND_STATUS, kind_pod, "p1");
    c->status = stage_doc("{'phase':'Running','conditions':[{'type':'Ready','status':'False'}]}");
    system_send(s->system, c);
    stage_turn(s);
    system_lead(s->system, false);
    stage_commit(s);
    s->slow = false;
    system_lead(s->system, true);
    assert_told(s, (struct told){1, 0, 0, 0});
    stage_close(s);
}

/* --- finding selectors by labels --- */

struct finder {
    struct selecting_entry entry;
    struct selector *selector;
    unsigned found;
};

static void found(void *ctx, struct selecting_entry *entry)
{
    (void)ctx;
    container_of(entry, struct finder, entry)->found++;
}

static void selectors_are_found_by_what_they_demand(void **state)
{
    static const char *const texts[] = {"app=web", "app in (web)", "app in (a,b)", "x!=y",
                                        "app=db",  "app=web",      "app"};
    enum { COUNT = sizeof texts / sizeof *texts };
    static const unsigned want[COUNT] = {1, 1, 1, 1, 0, 0, 1};
    (void)state;
    struct selecting index = {0};
    struct finder f[COUNT] = {0};
    istr here = istr_of("here"), there = istr_of("there");
    for (unsigned i = 0; i < COUNT; i++) {
        assert_int_equal(selector_parse(str_of(texts[i]), &f[i].selector, NULL), 0);
        selecting_put(&index, i == 5 ? there : here, f[i].selector, &f[i].entry);
    }
    struct doc *labels = stage_doc("{'app':'web','tier':'front'}");
    selecting_each(&index, here, doc_root(labels), found, NULL);
    for (unsigned i = 0; i < COUNT; i++) assert_int_equal(f[i].found, want[i]);
    selecting_put(&index, here, f[4].selector, &f[0].entry); /* it wants something else now */
    selecting_drop(&index, &f[1].entry);
    selecting_each(&index, here, doc_root(labels), found, NULL);
    assert_int_equal(f[0].found, 1);
    assert_int_equal(f[1].found, 1);
    assert_int_equal(f[2].found, 2);
    for (unsigned i = 0; i < COUNT; i++) {
        selecting_drop(&index, &f[i].entry);
        selector_free(f[i].selector);
    }
    assert_int_equal(index.shelves.count, 0);
    doc_unref(labels);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_of_pods_has_to_stay),
        cmocka_unit_test(a_share_of_what_sets_want_has_to_stay),
        cmocka_unit_test(a_number_or_a_share_may_be_away),
        cmocka_unit_test(the_sets_of_a_deployment_count_once),
        cmocka_unit_test(without_a_controller_to_ask_none_may_go),
        cmocka_unit_test(a_granted_eviction_counts_until_it_is_carried_out),
        cmocka_unit_test(a_new_leader_tells_what_is_untold),
        cmocka_unit_test(selectors_are_found_by_what_they_demand),
    };
    schema_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
