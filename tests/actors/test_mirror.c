/* Endpoints that people write themselves, and the slices that tell the same. */
#include "stage.h"

static const char
    service[] = "{'metadata':{'name':'db'},'spec':{'ports':[{'port':5432}]}}",
    endpoints[] = "{'metadata':{'name':'db','labels':{'tier':'back'},'annotations':{'a':'b'}},"
                  "'subsets':[{'addresses':[{'ip':'10.1.2.3','hostname':'one'},{'ip':'fd00::1'}],"
                  "'notReadyAddresses':[{'ip':'10.1.2.4'}],'ports':[{'port':5432}]}]}";

static unsigned mirrors(struct stage *s, const struct object **out)
{
    unsigned n = 0;
    for (struct actor *a = world_first(s->world, kind_endpointslice, istr_of("default")); a;
         a = world_next(a, istr_of("default"))) {
        if (!mp_is(mp_get(object_labels(a->object), "endpointslice.kubernetes.io/managed-by"),
                   "endpointslicemirroring-controller.k8s.io"))
            continue;
        assert_in_range(n, 0, 3);
        if (out) out[n] = a->object;
        n++;
    }
    return n;
}

static void endpoints_are_told_as_slices(void **state)
{
    (void)state;
    struct stage *s = stage_open(&stage_quick);
    const struct object *slices[4], *v4, *v6;
    stage_make(s, kind_endpoints, endpoints);
    stage_pass(s, 100);
    assert_int_equal(mirrors(s, NULL), 0); /* of no service yet */
    stage_make(s, kind_service, service);
    stage_pass(s, 100);
    assert_int_equal(mirrors(s, slices), 2);
    bool first = mp_is(doc_path(slices[0]->body, "addressType"), "IPv4");
    v4 = slices[!first];
    v6 = slices[first];
    assert_true(mp_is(doc_path(v6->body, "addressType"), "IPv6"));
    assert_true(mp_is(mp_get(object_labels(v4), "kubernetes.io/service-name"), "db"));
    assert_true(mp_is(mp_get(object_labels(v4), "tier"), "back"));
    assert_true(mp_is(doc_path(v4->body, "metadata.annotations.a"), "b"));
    struct mp list = doc_path(v4->body, "endpoints"), port = mp_at(doc_path(v4->body, "ports"), 0);
    assert_int_equal(list.count, 2);
    assert_true(mp_is(mp_at(mp_get(mp_at(list, 0), "addresses"), 0), "10.1.2.3"));
    assert_true(mp_is(mp_get(mp_at(list, 0), "hostname"), "one"));
    assert_true(mp_bool(mp_path(mp_at(list, 0), "conditions.ready"), false));
    assert_false(mp_bool(mp_path(mp_at(list, 1), "conditions.ready"), true));
    assert_int_equal(mp_i64(mp_get(port, "port"), 0), 5432);
    assert_true(mp_is(mp_get(port, "name"), ""));
    struct mp owner = mp_at(doc_path(v4->body, "metadata.ownerReferences"), 0);
    assert_true(mp_is(mp_get(owner, "kind"), "Endpoints"));
    uint64_t revision = s->world->revision;
    stage_pass(s, 1000);
    assert_int_equal(s->world->revision, revision); /* what is right is not written again */
    stage_close(s);
}

static void mirrors_follow_and_go_with_their_endpoints(void **state)
{
    (void)state;
    struct stage *s = stage_open(&stage_quick);
    const struct object *slices[4];
    stage_make(s, kind_service, service);
    stage_make(s, kind_endpoints, endpoints);
    stage_edit(s, kind_endpoints, "db", "subsets",
               "[{'addresses':[{'ip':'10.9.9.9'}],'ports':[{'port':1}]},"
               "{'addresses':[{'ip':'10.9.9.9'}],'ports':[{'port':2}]}]");
    stage_pass(s, 100);
    assert_int_equal(mirrors(s, slices), 2); /* one address, two sets of ports */
    mem_auto char *lost = mem_strdup(slices[0]->id->name);
    stage_delete(s, kind_endpointslice, lost);
    stage_edit(s, kind_endpointslice, slices[1]->id->name, "endpoints", "[]");
    stage_pass(s, 100);
    assert_int_equal(mirrors(s, slices), 2);
    assert_int_equal(doc_path(slices[0]->body, "endpoints").count, 1);
    assert_int_equal(doc_path(slices[1]->body, "endpoints").count, 1);
    stage_edit(s, kind_endpoints, "db", "subsets", "[]");
    stage_pass(s, 100);
    assert_int_equal(mirrors(s, NULL), 0);
    stage_edit(s, kind_endpoints, "db", "subsets", "[{'addresses':[{'ip':'10.9.9.9'}]}]");
    stage_pass(s, 100);
    assert_int_equal(mirrors(s, NULL), 1);
    stage_delete(s, kind_endpoints, "db");
    stage_pass(s, 100);
    assert_int_equal(mirrors(s, NULL), 0);
    stage_close(s);
}

/* Who does not want them is left alone: selectors have slices of their own, and the other two say
 * so. */
static void not_every_endpoints_is_mirrored(void **state)
{
    (void)state;
    struct stage *s = stage_open(&stage_quick);
    stage_make(s, kind_service, service);
    stage_make(s, kind_endpoints, endpoints);
    stage_pass(s, 100);
    assert_int_equal(mirrors(s, NULL), 2);
    stage_edit(s, kind_endpoints, "db", "metadata.labels",
               "{'endpointslice.kubernetes.io/skip-mirror':'true'}");
    stage_pass(s, 100);
    assert_int_equal(mirrors(s, NULL), 0);
    stage_edit(s, kind_endpoints, "db", "metadata.labels", "{}");
    stage_pass(s, 100);
    assert_int_equal(mirrors(s, NULL), 2);
    stage_edit(s, kind_endpoints, "db", "metadata.annotations",
               "{'control-plane.alpha.kubernetes.io/leader':'{}'}");
    stage_pass(s, 100);
    assert_int_equal(mirrors(s, NULL), 0);
    stage_edit(s, kind_endpoints, "db", "metadata.annotations", "{}");
    stage_pass(s, 100);
    assert_int_equal(mirrors(s, NULL), 2);
    stage_edit(s, kind_service, "db", "spec.selector", "{'app':'db'}");
    stage_pass(s, 500);
    assert_int_equal(mirrors(s, NULL), 0);
    stage_close(s);
}

/* A leader that fell between two writes leaves it to the next. */
static void a_new_leader_finds_what_is_missing(void **state)
{
    (void)state;
    struct stage *s = stage_open(&stage_quick);
    stage_make(s, kind_service, service);
    stage_make(s, kind_endpoints, endpoints);
    stage_pass(s, 100);
    s->slow = true;
    system_send(s->system, stage_about(COMMAND_DELETE, kind_service, "db"));
    stage_turn(s);
    system_lead(s->system, false);
    stage_commit(s); /* folded, but this master acts no more */
    assert_int_equal(mirrors(s, NULL), 2);
    s->slow = false;
    system_lead(s->system, true);
    stage_pass(s, 500);
    assert_int_equal(mirrors(s, NULL), 0);
    stage_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(endpoints_are_told_as_slices),
        cmocka_unit_test(mirrors_follow_and_go_with_their_endpoints),
        cmocka_unit_test(not_every_endpoints_is_mirrored),
        cmocka_unit_test(a_new_leader_finds_what_is_missing),
    };
    schema_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
