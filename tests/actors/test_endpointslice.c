/* EndpointSlices: which there are, and what they tell. */
#include "stage.h"

#include "proto/timefmt.h"

static const char service[] =
    "{'metadata':{'name':'web','labels':{'tier':'front'}},'spec':{'selector':{'app':'web'},"
    "'clusterIP':'None','ports':[{'name':'http','port':80,'targetPort':'web'}]}}";

static void serve(struct stage *s, unsigned n, unsigned port, bool ready)
{
    mem_auto char *name = mem_printf("p%u", n);
    mem_auto char *text =
        mem_printf("{'metadata':{'name':'%s','labels':{'app':'web'}},'spec':{'nodeName':"
                   "'n1','containers':[{'name':'c','ports':[{'name':'web',"
                   "'containerPort':%u}]}]}}",
                   name, port);
    stage_make(s, kind_pod, text);
    mem_auto char *status =
        mem_printf("{'phase':'Running','podIP':'10.0.%u.%u','conditions':[{'type':'Ready',"
                   "'status':'%s'}]}",
                   n / 200, n % 200 + 1, ready ? "True" : "False");
    struct command *c = stage_about(COMMAND_STATUS, kind_pod, name);
    c->status = stage_doc(status);
    assert_int_equal(stage_do(s, c).http, 200);
}

struct slices {
    const struct object *at[8];
    unsigned count, endpoints;
};

static struct slices slices_of(struct stage *s)
{
    struct slices all = {.count = 0};
    for (struct actor *a = world_first(s->world, kind_endpointslice, NULL); a;
         a = world_next(a, NULL)) {
        assert_in_range(all.count, 0, 7);
        all.at[all.count++] = a->object;
        all.endpoints += doc_path(a->object->body, "endpoints").count;
    }
    return all;
}

static void a_slice_tells_pods_ports_and_owner(void **state)
{
    (void)state;
    struct stage *s = stage_open(&stage_quick);
    stage_node(s, "n1");
    stage_make(s, kind_service, service);
    serve(s, 1, 8080, true);
    serve(s, 2, 8080, false);
    stage_pass(s, 500);
    struct slices all = slices_of(s);
    assert_int_equal(all.count, 1);
    struct doc *body = all.at[0]->body;
    struct mp labels = object_labels(all.at[0]), endpoints = doc_path(body, "endpoints");
    assert_true(str_starts(object_name(all.at[0]), "web-"));
    assert_true(mp_is(mp_get(labels, "kubernetes.io/service-name"), "web"));
    assert_true(mp_is(mp_get(labels, "endpointslice.kubernetes.io/managed-by"),
                      "endpointslice-controller.k8s.io"));
    assert_true(mp_is(mp_get(labels, "tier"), "front"));
    assert_true(mp_is(mp_get(labels, "service.kubernetes.io/headless"), ""));
    struct mp owner = mp_at(doc_path(body, "metadata.ownerReferences"), 0);
    assert_true(mp_is(mp_get(owner, "kind"), "Service"));
    assert_true(mp_bool(mp_get(owner, "controller"), false));
    assert_true(mp_is(doc_path(body, "addressType"), "IPv4"));
    assert_int_equal(endpoints.count, 2);
    struct mp first = mp_at(endpoints, 0), second = mp_at(endpoints, 1);
    assert_true(mp_is(mp_at(mp_get(first, "addresses"), 0), "10.0.0.2"));
    assert_true(mp_bool(mp_path(first, "conditions.ready"), false));
    assert_false(mp_bool(mp_path(second, "conditions.ready"), true));
    assert_true(mp_is(mp_get(first, "nodeName"), "n1"));
    assert_true(mp_is(mp_path(first, "targetRef.name"), "p1"));
    struct mp port = mp_at(doc_path(body, "ports"), 0);
    assert_true(mp_is(mp_get(port, "name"), "http"));
    assert_int_equal(mp_i64(mp_get(port, "port"), 0), 8080);
    stage_close(s);
}

static void a_service_without_pods_has_an_empty_slice(void **state)
{
    (void)state;
    struct stage *s = stage_open(&stage_quick);
    stage_make(s, kind_service, service);
    stage_pass(s, 500);
    struct slices all = slices_of(s);
    assert_int_equal(all.count, 1);
    assert_int_equal(all.endpoints, 0);
    stage_close(s);
}

static void slices_hold_a_hundred_and_one_set_of_ports(void **state)
{
    (void)state;
    struct stage *s = stage_open(&stage_quick);
    stage_node(s, "n1");
    for (unsigned n = 0; n < 205; n++) serve(s, n, n < 203 ? 8080 : 9090, true);
    stage_make(s, kind_service, service);
    stage_pass(s, 500);
    struct slices all = slices_of(s);
    assert_int_equal(all.count, 4);
    assert_int_equal(all.endpoints, 205);
    for (unsigned i = 0; i < all.count; i++)
        assert_in_range(doc_path(all.at[i]->body, "endpoints").count, 1, 100);
    uint64_t before = 0, after = 0;
    for (unsigned i = 0; i < 4; i++) before += all.at[i]->revision;
    stage_pass(s, 2000);
    all = slices_of(s);
    for (unsigned i = 0; i < 4; i++) after += all.at[i]->revision;
    assert_int_equal(before, after); /* what is right is not written again */
    for (unsigned n = 100; n < 205; n++) {
        mem_auto char *name = mem_printf("p%u", n);
        stage_delete(s, kind_pod, name);
    }
    stage_pass(s, 500);
    all = slices_of(s);
    assert_int_equal(all.count, 1);
    assert_int_equal(all.endpoints, 100);
    stage_close(s);
}

static unsigned altered_since(struct stage *s, uint64_t revision)
{
    struct slices all = slices_of(s);
    unsigned n = 0;
    for (unsigned i = 0; i < all.count; i++) n += all.at[i]->revision > revision;
    return n;
}

/* Otherwise one pod of a service of thousands would have every watcher read all of its slices. */
static void a_pod_that_comes_or_goes_alters_one_slice(void **state)
{
    (void)state;
    struct stage *s = stage_open(&stage_quick);
    stage_node(s, "n1");
    for (unsigned n = 0; n < 350; n++)
        if (n != 5) serve(s, n, 8080, true);
    stage_make(s, kind_service, service);
    stage_pass(s, 500);
    assert_int_equal(slices_of(s).count, 4);
    uint64_t before = s->world->revision;
    serve(s, 5, 8080, true); /* its address is among the first */
    stage_pass(s, 500);
    assert_int_equal(slices_of(s).endpoints, 350);
    assert_int_equal(altered_since(s, before), 1);
    before = s->world->revision;
    stage_delete(s, kind_pod, "p77");
    stage_pass(s, 500);
    assert_int_equal(slices_of(s).endpoints, 349);
    assert_int_equal(altered_since(s, before), 1);
    stage_close(s);
}

static struct mp note(const struct object *o, const char *key)
{
    return mp_get(doc_path(o->body, "metadata.annotations"), key);
}

static void a_change_tells_when_it_happened(void **state)
{
    static const char key[] = "endpoints.kubernetes.io/last-change-trigger-time";
    (void)state;
    struct stage *s = stage_open(&stage_quick);
    stage_node(s, "n1");
    stage_make(s, kind_service, service);
    stage_pass(s, 2000);
    int64_t from_us = s->wall_ms * 1000, first_us, second_us;
    serve(s, 1, 8080, true);
    int64_t until_us = s->wall_ms * 1000;
    stage_pass(s, 2000);
    assert_true(time_parse(mp_str(note(slices_of(s).at[0], key)), &first_us));
    assert_in_range(first_us, from_us, until_us);
    assert_true(time_parse(mp_str(note(stage_get(s, kind_endpoints, "web"), key)), &second_us));
    assert_int_equal(first_us, second_us);
    uint64_t before = s->world->revision;
    stage_edit(s, kind_pod, "p1", "metadata.annotations", "{'a':'b'}"); /* tells nothing new */
    stage_pass(s, 500);
    assert_int_equal(s->world->revision, before + 1);
    stage_close(s);
}

static void an_endpoint_tells_its_zone_its_hostname_and_its_protocol(void **state)
{
    (void)state;
    struct stage *s = stage_open(&stage_quick);
    stage_node(s, "n1");
    stage_edit(s, kind_node, "n1", "metadata.labels", "{'topology.kubernetes.io/zone':'east'}");
    stage_make(s, kind_service,
               "{'metadata':{'name':'db'},'spec':{'selector':{'app':'db'},'clusterIP':'None',"
               "'ports':[{'port':80,'appProtocol':'http2'}]}}");
    stage_make(s, kind_pod,
               "{'metadata':{'name':'db-0','labels':{'app':'db'}},'spec':{'nodeName':'n1',"
               "'hostname':'db-0','subdomain':'db','containers':[{'name':'c'}]}}");
    struct command *c = stage_about(COMMAND_STATUS, kind_pod, "db-0");
    c->status = stage_doc("{'phase':'Running','podIP':'fd00::7'}");
    assert_int_equal(stage_do(s, c).http, 200);
    stage_pass(s, 500);
    struct slices all = slices_of(s);
    assert_int_equal(all.count, 1);
    struct mp e = mp_at(doc_path(all.at[0]->body, "endpoints"), 0),
              port = mp_at(doc_path(all.at[0]->body, "ports"), 0);
    assert_true(mp_is(doc_path(all.at[0]->body, "addressType"), "IPv6"));
    assert_true(mp_is(mp_get(e, "zone"), "east"));
    assert_true(mp_is(mp_get(e, "hostname"), "db-0"));
    assert_true(mp_is(mp_get(port, "appProtocol"), "http2"));
    assert_true(mp_is(mp_get(port, "name"), ""));
    struct object *o = stage_get(s, kind_endpoints, "db");
    struct mp subset = mp_at(doc_path(o->body, "subsets"), 0);
    assert_true(mp_is(mp_get(object_labels(o), "service.kubernetes.io/headless"), ""));
    assert_true(mp_is(mp_get(mp_at(mp_get(subset, "notReadyAddresses"), 0), "hostname"), "db-0"));
    assert_true(mp_is(mp_get(mp_at(mp_get(subset, "ports"), 0), "appProtocol"), "http2"));
    stage_close(s);
}

static void a_slice_that_was_changed_or_lost_comes_back(void **state)
{
    (void)state;
    struct stage *s = stage_open(&stage_quick);
    stage_node(s, "n1");
    serve(s, 1, 8080, true);
    stage_make(s, kind_service, service);
    stage_pass(s, 500);
    mem_auto char *name = mem_strdup(slices_of(s).at[0]->id->name);
    stage_edit(s, kind_endpointslice, name, "endpoints", "[]");
    stage_pass(s, 500);
    assert_int_equal(slices_of(s).endpoints, 1);
    stage_delete(s, kind_endpointslice, name);
    stage_pass(s, 500);
    assert_int_equal(slices_of(s).count, 1);
    assert_int_equal(slices_of(s).endpoints, 1);
    stage_close(s);
}

static void slices_go_with_their_service(void **state)
{
    (void)state;
    struct stage *s = stage_open(&stage_quick);
    stage_node(s, "n1");
    serve(s, 1, 8080, true);
    stage_make(s, kind_service, service);
    stage_make(s, kind_endpointslice,
               "{'metadata':{'name':'mine','labels':{'kubernetes.io/service-name':'web'}},"
               "'addressType':'IPv4','endpoints':[]}");
    stage_pass(s, 500);
    assert_int_equal(slices_of(s).count, 2);
    assert_true(stage_delete(s, kind_service, "web").removed);
    stage_pass(s, 2000);
    struct slices all = slices_of(s);
    assert_int_equal(all.count, 1);
    assert_true(str_is(object_name(all.at[0]), "mine")); /* nobody's but its maker's */
    stage_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slice_tells_pods_ports_and_owner),
        cmocka_unit_test(a_service_without_pods_has_an_empty_slice),
        cmocka_unit_test(slices_hold_a_hundred_and_one_set_of_ports),
        cmocka_unit_test(a_pod_that_comes_or_goes_alters_one_slice),
        cmocka_unit_test(a_change_tells_when_it_happened),
        cmocka_unit_test(an_endpoint_tells_its_zone_its_hostname_and_its_protocol),
        cmocka_unit_test(a_slice_that_was_changed_or_lost_comes_back),
        cmocka_unit_test(slices_go_with_their_service),
    };
    schema_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
