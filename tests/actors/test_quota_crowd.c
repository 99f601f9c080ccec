/* No crowd gets past a quota, whoever leads and whatever fails. */
#include "stage.h"

#include "actors/admission/admission.h"
#include "actors/admission/quota.h"

static void assert_used(struct stage *s, const char *quota, const char *line, const char *used)
{
    stage_pass(s, 300);
    struct object *o = stage_get(s, kind_quota, quota);
    struct str is = mp_str(mp_get(doc_path(o->status, "used"), line));
    if (!str_is(is, used)) fail_msg("%s: %.*s, not %s", line, (int)is.n, is.p ? is.p : "", used);
}

static void quota(struct stage *s, const char *hard)
{
    mem_auto char *text = mem_printf("{'metadata':{'name':'q'},'spec':{'hard':{%s}}}", hard);
    stage_make(s, kind_quota, text);
}

struct crowd {
    unsigned made, refused, lost;
};

static void crowd_note(struct command *c, const struct result *r)
{
    struct crowd *crowd = c->data;
    crowd->made += r->http == 201;
    crowd->refused += r->http == 403;
    crowd->lost += r->http == 503 || r->http == 504;
}

static void crowd_send(struct stage *s, struct crowd *crowd, unsigned from, unsigned to,
                       bool dry_run)
{
    for (unsigned i = from; i < to; i++) {
        mem_auto char *text =
            mem_printf("{'metadata':{'name':'p%u'},'spec':{'containers':[{'name':'c'}]}}", i);
        struct command *c = stage_command(COMMAND_CREATE, kind_pod, text);
        c->done = crowd_note;
        c->data = crowd;
        c->dry_run = dry_run;
        system_send(s->system, c);
    }
}

static void a_crowd_in_one_entry_does_not_get_past_it(void **state)
{
    (void)state;
    struct stage *s = stage_open(NULL);
    struct crowd crowd = {0}, dry = {0};
    quota(s, "'pods':'100'");
    uint64_t entries = s->entries;
    crowd_send(s, &dry, 1000, 1200, true);
    assert_int_equal(dry.made, 200); /* promises nothing */
    crowd_send(s, &crowd, 0, 200, false);
    crowd_send(s, &dry, 1200, 1210, true);
    assert_int_equal(dry.refused, 10); /* but sees what was promised */
    stage_turn(s);
    assert_int_equal(s->entries, entries + 1);
    assert_int_equal(crowd.made, 100);
    assert_int_equal(crowd.refused, 100);
    assert_int_equal(stage_pods(s, NULL, true), 100);
    assert_used(s, "q", "pods", "100");
    stage_close(s);
}

/* The first fifty are on their way when leadership is lost: they may come to be or not. What was
 * only gathered is given back at once. */
static void a_leader_change_gives_back_what_was_not_done(void **state)
{
    (void)state;
    struct stage *s = stage_open(NULL);
    struct crowd crowd = {0};
    quota(s, "'pods':'100'");
    stage_pass(s, 300);
    s->slow = true;
    crowd_send(s, &crowd, 0, 50, false);
    stage_turn(s); /* proposed */
    crowd_send(s, &crowd, 50, 200, false);
    assert_int_equal(crowd.refused, 100);
    system_lead(s->system, false);
    assert_int_equal(crowd.lost, 50);
    struct quota *q =
        quotas_find(admission_quotas(s->world->admission), istr_of("default"), STR("q"));
    assert_int_equal((int64_t)q->lines[0].held, 50000);
    stage_commit(s); /* it was committed all the same */
    assert_int_equal((int64_t)q->lines[0].held, 0);
    assert_int_equal((int64_t)q->lines[0].used, 50000);
    s->slow = false;
    system_lead(s->system, true);
    crowd = (struct crowd){0};
    crowd_send(s, &crowd, 200, 400, false);
    stage_turn(s);
    assert_int_equal(crowd.made, 50);
    assert_int_equal(crowd.refused, 150);
    assert_used(s, "q", "pods", "100");
    stage_close(s);
}

static void a_failed_entry_gives_back_what_it_held(void **state)
{
    (void)state;
    struct stage *s = stage_open(NULL);
    struct crowd crowd = {0};
    quota(s, "'pods':'10'");
    stage_pass(s, 300);
    s->slow = true;
    crowd_send(s, &crowd, 0, 10, false);
    stage_turn(s);
    s->flying = false;
    system_proposed(s->system, E_NOTLEADER);
    assert_int_equal(crowd.lost, 10);
    s->slow = false;
    crowd_send(s, &crowd, 10, 30, false);
    stage_turn(s);
    assert_int_equal(crowd.made, 10);
    assert_int_equal(crowd.refused, 10);
    stage_close(s);
}

/* What is counted change by change is what a master counts that begins with this world. */
static void counts_are_those_of_a_master_born_now(void **state)
{
    (void)state;
    struct stage *s = stage_open(NULL);
    quota(s, "'pods':'50','cpu':'20','services.nodeports':'9','configmaps':'30'");
    for (unsigned i = 0; i < 400; i++) {
        char name[16];
        snprintf(name, sizeof name, "o%llu", (unsigned long long)stage_random64(s) % 20);
        const struct kind *kinds[] = {kind_pod, kind_service, kind_configmap};
        const struct kind *kind = kinds[stage_random64(s) % 3];
        mem_auto char *text = mem_printf(
            "{'metadata':{'name':'%s'},'spec':{'containers':[{'resources':{'requests':{'cpu':"
            "'%llum'}}}],'type':'%s','ports':[{'port':1}]}}",
            name, (unsigned long long)stage_random64(s) % 3000,
            stage_random64(s) % 2 ? "NodePort" : "ClusterIP");
        enum command_op op = stage_random64(s) % 4 ? COMMAND_CREATE : COMMAND_DELETE;
        if (op == COMMAND_CREATE && kind == kind_service && stage_get(s, kind, name))
            op = COMMAND_UPDATE;
        stage_do(s, stage_command(op, kind, text));
        if (stage_random64(s) % 8) continue;
        struct command *c = stage_about(COMMAND_STATUS, kind_pod, name);
        c->status = stage_doc("{'phase':'Failed'}");
        stage_do(s, c);
    }
    struct quota *kept =
        quotas_find(admission_quotas(s->world->admission), istr_of("default"), STR("q"));
    struct quotas fresh = {0};
    quotas_init(&fresh, s->world);
    struct quota *want = quotas_find(&fresh, istr_of("default"), STR("q"));
    for (unsigned i = 0; i < kept->count; i++) {
        assert_true(kept->lines[i].used == want->lines[i].used);
        assert_true(kept->lines[i].used > 0);
        assert_true(kept->lines[i].used <= kept->lines[i].hard);
        assert_true(kept->lines[i].held == 0);
    }
    quotas_free(&fresh);
    stage_close(s);
}

static void a_set_that_a_quota_stops_says_so_until_it_can_go_on(void **state)
{
    (void)state;
    struct stage *s = stage_open(NULL);
    quota(s, "'pods':'1'");
    stage_make(
        s, kind_replicaset,
        "{'metadata':{'name':'r'},'spec':{'replicas':3,'selector':{'matchLabels':{'a':'b'}},"
        "'template':{'metadata':{'labels':{'a':'b'}},'spec':{'containers':[{'name':'c'}]}}}}");
    stage_pass(s, 1000);
    struct mp failure =
        status_condition(stage_get(s, kind_replicaset, "r")->status, "ReplicaFailure");
    assert_true(mp_is(mp_get(failure, "status"), "True"));
    assert_true(mp_is(mp_get(failure, "reason"), "FailedCreate"));
    assert_non_null(strstr(mp_str(mp_get(failure, "message")).p, "exceeded quota: q"));
    stage_edit(s, kind_quota, "q", "spec.hard", "{'pods':'10'}");
    stage_pass(s, 60000);
    assert_int_equal(stage_pods(s, NULL, true), 3);
    failure = status_condition(stage_get(s, kind_replicaset, "r")->status, "ReplicaFailure");
    assert_int_equal(failure.type, MP_END);
    stage_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_crowd_in_one_entry_does_not_get_past_it),
        cmocka_unit_test(a_leader_change_gives_back_what_was_not_done),
        cmocka_unit_test(a_failed_entry_gives_back_what_it_held),
        cmocka_unit_test(counts_are_those_of_a_master_born_now),
        cmocka_unit_test(a_set_that_a_quota_stops_says_so_until_it_can_go_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
