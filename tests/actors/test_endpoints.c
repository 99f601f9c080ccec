/* Endpoints, Events and their end. */
#include "stage.h"

#include "actors/controllers/recorder.h"

static const char service[] =
    "{'metadata':{'name':'web','labels':{'tier':'front'}},'spec':{'selector':"
    "{'app':'web'},'ports':[{'name':'http','port':80,'targetPort':'web'},"
    "{'name':'raw','port':81,'targetPort':9090,'protocol':'UDP'}]}}";

static void serve(struct stage *s, const char *name, const char *ip, bool ready)
{
    mem_auto char *text =
        mem_printf("{'metadata':{'name':'%s','labels':{'app':'web'}},'spec':{'nodeName':"
                   "'n1','containers':[{'name':'c','ports':[{'name':'web',"
                   "'containerPort':8080}]}]}}",
                   name);
    stage_make(s, kind_pod, text);
    mem_auto char *status =
        mem_printf("{'phase':'Running','podIP':'%s','conditions':[{'type':'Ready',"
                   "'status':'%s'}]}",
                   ip, ready ? "True" : "False");
    struct command *c = stage_about(COMMAND_STATUS, kind_pod, name);
    c->status = stage_doc(status);
    assert_int_equal(stage_do(s, c).http, 200);
}

static struct mp subset(struct stage *s)
{
    struct object *o = stage_get(s, kind_endpoints, "web");
    assert_non_null(o);
    return mp_at(doc_path(o->body, "subsets"), 0);
}

static void a_service_knows_its_pods(void **state)
{
    (void)state;
    struct stage *s = stage_open(&stage_quick);
    stage_node(s, "n1");
    stage_make(s, kind_service, service);
    serve(s, "b", "10.0.0.9", true);
    serve(s, "a", "10.0.0.2", true);
    serve(s, "c", "10.0.0.5", false);
    stage_make(s, kind_pod,
               "{'metadata':{'name':'other','labels':{'app':'db'}},'spec':{'nodeName':'n1'}}");
    stage_pass(s, 500);
    struct mp ready = mp_get(subset(s), "addresses"),
              waiting = mp_get(subset(s), "notReadyAddresses");
    assert_int_equal(ready.count, 2);
    assert_int_equal(waiting.count, 1);
    assert_true(mp_is(mp_get(mp_at(ready, 0), "ip"), "10.0.0.2"));
    assert_true(mp_is(mp_get(mp_at(ready, 0), "nodeName"), "n1"));
    assert_true(mp_is(mp_path(mp_at(ready, 0), "targetRef.name"), "a"));
    struct mp ports = mp_get(subset(s), "ports");
    assert_int_equal(ports.count, 2);
    assert_int_equal(mp_i64(mp_get(mp_at(ports, 0), "port"), 0), 8080);
    assert_int_equal(mp_i64(mp_get(mp_at(ports, 1), "port"), 0), 9090);
    assert_true(mp_is(mp_get(mp_at(ports, 1), "protocol"), "UDP"));
    assert_true(mp_is(doc_path(stage_get(s, kind_endpoints, "web")->body, "metadata.labels.tier"),
                      "front"));
    stage_close(s);
}

static void endpoints_follow_their_pods(void **state)
{
    (void)state;
    struct stage *s = stage_open(&stage_quick);
    stage_node(s, "n1");
    serve(s, "a", "10.0.0.2", true);
    serve(s, "b", "10.0.0.3", true);
    stage_make(s, kind_service, service); /* after the pods, this time */
    stage_pass(s, 500);
    assert_int_equal(mp_get(subset(s), "addresses").count, 2);
    stage_delete(s, kind_pod, "a");
    stage_pass(s, 500);
    assert_int_equal(mp_get(subset(s), "addresses").count, 1);
    stage_edit(s, kind_pod, "b", "metadata.labels", "{'app':'web2'}");
    stage_pass(s, 500);
    assert_int_equal(subset(s).type, MP_END);
    stage_edit(s, kind_service, "web", "spec.selector", "{'app':'web2'}");
    stage_pass(s, 500);
    assert_int_equal(mp_get(subset(s), "addresses").count, 1);
    assert_true(stage_delete(s, kind_service, "web").removed);
    stage_pass(s, 500);
    assert_null(stage_get(s, kind_endpoints, "web"));
    stage_close(s);
}

static void endpoints_without_a_selector_are_left_alone(void **state)
{
    (void)state;
    struct stage *s = stage_open(&stage_quick);
    stage_make(s, kind_endpoints,
               "{'metadata':{'name':'web'},'subsets':[{'addresses':[{'ip':'1.2.3.4'}]}]}");
    stage_make(s, kind_service, "{'metadata':{'name':'web'},'spec':{'ports':[{'port':80}]}}");
    stage_pass(s, 500);
    assert_true(mp_is(mp_get(mp_at(mp_get(subset(s), "addresses"), 0), "ip"), "1.2.3.4"));
    stage_delete(s, kind_service, "web");
    stage_pass(s, 500);
    assert_non_null(stage_get(s, kind_endpoints, "web"));
    stage_close(s);
}

/* A thousand addresses are told, and rather those that answer. */
static void endpoints_have_a_capacity(void **state)
{
    (void)state;
    struct stage *s = stage_open(&stage_quick);
    stage_node(s, "n1");
    for (unsigned n = 0; n < 1010; n++) {
        char name[16], ip[24];
        snprintf(name, sizeof name, "p%u", n);
        snprintf(ip, sizeof ip, "10.0.%u.%u", n / 200, n % 200 + 1);
        serve(s, name, ip, n >= 20);
    }
    stage_make(s, kind_service, service);
    stage_pass(s, 500);
    struct object *o = stage_get(s, kind_endpoints, "web");
    assert_int_equal(mp_get(subset(s), "addresses").count, 990);
    assert_int_equal(mp_get(subset(s), "notReadyAddresses").count, 10);
    assert_true(mp_is(
        mp_get(doc_path(o->body, "metadata.annotations"), "endpoints.kubernetes.io/over-capacity"),
        "truncated"));
    for (unsigned n = 0; n < 20; n++) {
        char name[16];
        snprintf(name, sizeof name, "p%u", n);
        stage_delete(s, kind_pod, name);
    }
    stage_pass(s, 500);
    o = stage_get(s, kind_endpoints, "web");
    assert_int_equal(mp_get(subset(s), "addresses").count, 990);
    assert_int_equal(
        mp_get(doc_path(o->body, "metadata.annotations"), "endpoints.kubernetes.io/over-capacity")
            .type,
        MP_END);
    stage_close(s);
}

/* What finds its peers by the service needs them before they are ready, and while they go. */
static void pods_in_any_state_are_published_where_asked(void **state)
{
    (void)state;
    struct stage *s = stage_open(&stage_quick);
    stage_node(s, "n1");
    stage_make(s, kind_service, service);
    stage_edit(s, kind_service, "web", "spec.publishNotReadyAddresses", "true");
    serve(s, "a", "10.0.0.2", false);
    stage_pass(s, 500);
    assert_int_equal(mp_get(subset(s), "addresses").count, 1);
    assert_false(stage_delete(s, kind_pod, "a").removed);
    stage_pass(s, 500);
    assert_int_equal(mp_get(subset(s), "addresses").count, 1);
    stage_edit(s, kind_service, "web", "spec.publishNotReadyAddresses", "false");
    stage_pass(s, 500);
    assert_int_equal(subset(s).type, MP_END);
    stage_close(s);
}

/* --- news --- */

static void what_is_said_again_is_counted(void **state)
{
    (void)state;
    struct stage *s = stage_open(&stage_quick);
    stage_make(s, kind_pod, "{'metadata':{'name':'x'},'spec':{}}");
    struct recorder *r = recorder_new(s->system, "tester");
    for (int i = 0; i < 5; i++) {
        recorder_tell(r, stage_get(s, kind_pod, "x"), "Warning", "Sneezed", "bless %s", "you");
        stage_pass(s, 100);
    }
    assert_int_equal(world_count(s->world, kind_event), 1);
    struct object *e = world_first(s->world, kind_event, NULL)->object;
    assert_int_equal(mp_i64(doc_path(e->body, "count"), 0), 5);
    assert_true(mp_is(doc_path(e->body, "reason"), "Sneezed"));
    assert_true(mp_is(doc_path(e->body, "message"), "bless you"));
    assert_true(mp_is(doc_path(e->body, "involvedObject.kind"), "Pod"));
    assert_true(mp_is(doc_path(e->body, "involvedObject.name"), "x"));
    assert_true(mp_is(doc_path(e->body, "source.component"), "tester"));
    recorder_free(r);
    stage_close(s);
}

static void telling_is_bounded(void **state)
{
    (void)state;
    struct stage *s = stage_open(&stage_quick);
    stage_make(s, kind_pod, "{'metadata':{'name':'x'},'spec':{}}");
    struct recorder *r = recorder_new(s->system, "tester");
    for (int i = 0; i < 5000; i++)
        recorder_tell(r, stage_get(s, kind_pod, "x"), "Normal", "Chatter", "number %d", i);
    stage_pass(s, 100);
    assert_in_range(world_count(s->world, kind_event), 1, 2001);
    recorder_free(r);
    stage_close(s);
}

static void news_grow_old(void **state)
{
    (void)state;
    struct stage *s = stage_open(&stage_quick);
    stage_make(s, kind_pod, "{'metadata':{'name':'x'},'spec':{}}");
    struct recorder *r = recorder_new(s->system, "tester");
    recorder_tell(r, stage_get(s, kind_pod, "x"), "Normal", "Old", "once");
    for (int i = 0; i < 4; i++) {
        recorder_tell(r, stage_get(s, kind_pod, "x"), "Normal", "Fresh", "again and again");
        stage_pass(s, 2000);
    }
    assert_int_equal(world_count(s->world, kind_event), 1);
    assert_true(
        mp_is(doc_path(world_first(s->world, kind_event, NULL)->object->body, "reason"), "Fresh"));
    assert_int_equal(
        mp_i64(doc_path(world_first(s->world, kind_event, NULL)->object->body, "count"), 0), 4);
    stage_pass(s, 5000);
    assert_int_equal(world_count(s->world, kind_event), 0);
    recorder_free(r);
    stage_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_service_knows_its_pods),
        cmocka_unit_test(endpoints_follow_their_pods),
        cmocka_unit_test(endpoints_without_a_selector_are_left_alone),
        cmocka_unit_test(endpoints_have_a_capacity),
        cmocka_unit_test(pods_in_any_state_are_published_where_asked),
        cmocka_unit_test(what_is_said_again_is_counted),
        cmocka_unit_test(telling_is_bounded),
        cmocka_unit_test(news_grow_old),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
