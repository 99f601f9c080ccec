/* Nodes as remote actors: what a connected node is told, and what becomes of what it says. */
#include "actors/remote_play.h"

static struct remote_report about_pod(struct play *p, int type, uint64_t link, const char *node,
                                      const char *pod)
{
    struct remote_report r = report(type, link, node);
    struct object *o = stage_get(p->s, kind_pod, pod);
    r.ns = istr_of("default");
    r.name = mem_strdup(pod);
    r.revision = o->revision;
    r.uid = o->id->uid;
    return r;
}

static void a_node_that_joins_is_registered_and_told_its_pods(void **state)
{
    (void)state;
    struct play p;
    play_open(&p);
    makes_pod(&p, "before", "n1", "");
    joins(&p, 1, "n1");
    struct object *node = stage_get(p.s, kind_node, "n1");
    assert_non_null(node);
    assert_true(mp_is(mp_get(object_labels(node), "kubernetes.io/os"), "linux"));
    assert_int_equal(doc_path(node->status, "conditions").count, 1);
    expect(&p.e, 1, 0, NODEWIRE_WELCOME);
    assert_int_equal(heard(&p.e, 1, 0)->heartbeat_ms, 5000);
    expect(&p.e, 1, 1, NODEWIRE_POD);
    expect(&p.e, 1, 2, NODEWIRE_SYNCED);
    assert_int_equal(p.beats, 1);
    assert_int_equal(remotes_connected(p.r), 1);
    play_close(&p);
}

static void a_node_that_cannot_be_made_is_sent_away_to_come_again(void **state)
{
    (void)state;
    struct play p;
    play_open(&p);
    system_set_low_space(p.s->system, true);
    joins(&p, 1, "n1");
    expect(&p.e, 1, 0, NODEWIRE_WELCOME);
    expect(&p.e, 1, 1, NODEWIRE_REFUSE);
    assert_true(heard(&p.e, 1, 1)->closes);
    assert_null(heard(&p.e, 1, 2));
    assert_int_equal(remotes_connected(p.r), 0);
    system_set_low_space(p.s->system, false);
    joins(&p, 2, "n1");
    assert_non_null(stage_get(p.s, kind_node, "n1"));
    assert_int_equal(remotes_connected(p.r), 1);
    play_close(&p);
}

static void every_change_of_a_pod_reaches_its_node_and_no_other(void **state)
{
    (void)state;
    struct play p;
    play_open(&p);
    joins(&p, 1, "n1");
    joins(&p, 2, "n2");
    edge_forget(&p.e);
    makes_pod(&p, "web", "n1", "");
    expect(&p.e, 1, 0, NODEWIRE_POD);
    stage_edit(p.s, kind_pod, "web", "metadata.labels", "{'a':'b'}");
    expect(&p.e, 1, 1, NODEWIRE_POD);
    stage_delete(p.s, kind_pod, "web");
    expect(&p.e, 1, 2, NODEWIRE_POD);
    assert_true(heard(&p.e, 1, 2)->pod->deleted_s != 0);
    says(&p, about_pod(&p, NODEWIRE_POD_GONE, 1, "n1", "web"));
    assert_null(stage_get(p.s, kind_pod, "web"));
    expect(&p.e, 1, 3, NODEWIRE_GONE);
    assert_null(heard(&p.e, 1, 4));
    assert_null(heard(&p.e, 2, 0));
    play_close(&p);
}

static void a_status_is_recorded_and_not_echoed(void **state)
{
    (void)state;
    struct play p;
    play_open(&p);
    joins(&p, 1, "n1");
    makes_pod(&p, "web", "n1", "");
    edge_forget(&p.e);
    struct remote_report r = about_pod(&p, NODEWIRE_POD_STATUS, 1, "n1", "web");
    r.status = stage_doc("{'phase':'Running'}");
    says(&p, r);
    assert_true(mp_is(doc_path(stage_get(p.s, kind_pod, "web")->status, "phase"), "Running"));
    assert_null(heard(&p.e, 1, 0));
    struct command *c =
        stage_about(COMMAND_STATUS, kind_pod, "web"); /* by somebody else: it is told */
    c->status = stage_doc("{'phase':'Failed'}");
    stage_do(p.s, c);
    expect(&p.e, 1, 0, NODEWIRE_POD);
    play_close(&p);
}

static void a_report_on_a_pod_that_is_no_more_is_answered(void **state)
{
    (void)state;
    struct play p;
    play_open(&p);
    joins(&p, 1, "n1");
    makes_pod(&p, "web", "n1", "");
    struct remote_report r = about_pod(&p, NODEWIRE_POD_STATUS, 1, "n1", "web");
    r.status = stage_doc("{'phase':'Running'}");
    r.uid.bytes[0] ^= 1; /* of an earlier pod of this name */
    edge_forget(&p.e);
    struct uid uid = r.uid;
    says(&p, r);
    expect(&p.e, 1, 0, NODEWIRE_GONE);
    assert_true(uid_equal(&heard(&p.e, 1, 0)->uid, &uid));
    play_close(&p);
}

static void a_second_connection_of_a_node_replaces_the_first(void **state)
{
    (void)state;
    struct play p;
    play_open(&p);
    joins(&p, 1, "n1");
    edge_forget(&p.e);
    joins(&p, 2, "n1");
    expect(&p.e, 1, 0, NODEWIRE_REFUSE);
    assert_true(heard(&p.e, 1, 0)->closes);
    says(&p, report(REPORT_CLOSED, 1, "n1")); /* the old one's end is no news */
    assert_int_equal(remotes_connected(p.r), 1);
    says(&p, report(REPORT_CLOSED, 2, "n1"));
    assert_int_equal(remotes_connected(p.r), 0);
    makes_pod(&p, "web", "n1", ""); /* nobody to tell, and no harm */
    play_close(&p);
}

static void a_master_that_follows_sends_nodes_to_the_leader(void **state)
{
    (void)state;
    struct play p;
    play_open(&p);
    joins(&p, 1, "n1");
    edge_forget(&p.e);
    p.leader = "127.0.0.1:7001";
    system_lead(p.s->system, false);
    expect(&p.e, 1, 0, NODEWIRE_REDIRECT);
    assert_int_equal(remotes_connected(p.r), 0);
    joins(&p, 2, "n2");
    expect(&p.e, 2, 0, NODEWIRE_REDIRECT);
    assert_string_equal(heard(&p.e, 2, 0)->address, "127.0.0.1:7001");
    assert_true(heard(&p.e, 2, 0)->closes);
    assert_null(stage_get(p.s, kind_node, "n2"));
    system_lead(p.s->system, true);
    play_close(&p);
}

static void pods_come_with_their_secrets_and_again_when_these_change(void **state)
{
    (void)state;
    struct play p;
    play_open(&p);
    joins(&p, 1, "n1");
    edge_forget(&p.e);
    makes_pod(&p, "web", "n1",
              ",'env':[{'name':'A','valueFrom':{'secretKeyRef':{'name':'key','key':'k'}}}],"
              "'envFrom':[{'configMapRef':{'name':'conf'}}]");
    const struct remote_message *m = heard(&p.e, 1, 0);
    assert_int_equal(m->need_count, 2);
    assert_null(m->needs[0].object);
    stage_make(p.s, kind_secret,
               "{'metadata':{'name':'key','namespace':'default'},'data':{'k':'dg=='}}");
    expect(&p.e, 1, 1, NODEWIRE_POD);
    m = heard(&p.e, 1, 1);
    assert_true(m->needs[0].kind == kind_secret && m->needs[0].object);
    assert_null(m->needs[1].object);
    stage_make(p.s, kind_configmap,
               "{'metadata':{'name':'other','namespace':'default'},'data':{}}");
    assert_null(heard(&p.e, 1, 2)); /* nobody asked for that one */
    play_close(&p);
}

static void many_pods_cross_in_one_note(void **state)
{
    (void)state;
    struct play p;
    play_open(&p);
    joins(&p, 1, "n1");
    edge_forget(&p.e);
    p.e.notes = 0;
    for (int i = 0; i < 100; i++) {
        mem_auto char *text =
            mem_printf("{'metadata':{'name':'p%d','namespace':'default'},'spec':{'nodeName':'n1',"
                       "'containers':[{'name':'a','image':'i'}]}}",
                       i);
        system_send(p.s->system, stage_command(COMMAND_CREATE, kind_pod, text));
    }
    stage_pass(p.s, 100);
    expect(&p.e, 1, 99, NODEWIRE_POD);
    assert_true(p.e.notes <= 3);
    play_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_node_that_joins_is_registered_and_told_its_pods),
        cmocka_unit_test(a_node_that_cannot_be_made_is_sent_away_to_come_again),
        cmocka_unit_test(every_change_of_a_pod_reaches_its_node_and_no_other),
        cmocka_unit_test(a_status_is_recorded_and_not_echoed),
        cmocka_unit_test(a_report_on_a_pod_that_is_no_more_is_answered),
        cmocka_unit_test(a_second_connection_of_a_node_replaces_the_first),
        cmocka_unit_test(a_master_that_follows_sends_nodes_to_the_leader),
        cmocka_unit_test(pods_come_with_their_secrets_and_again_when_these_change),
        cmocka_unit_test(many_pods_cross_in_one_note),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
