/* Service accounts' tokens and the CA: made, made anew, and gone with what they are for. */
#include "mint.h"

static size_t tokens(struct stage *s)
{
    size_t n = 0;
    istr ns = istr_of("default");
    for (struct actor *a = world_first(s->world, kind_secret, ns); a; a = world_next(a, ns))
        n += token_is_secret(a->object);
    return n;
}

static void every_account_has_a_token_and_lists_it(void **state)
{
    (void)state;
    struct stage *s = open_stage();
    stage_make(s, kind_serviceaccount, "{'metadata':{'name':'robot'}}");
    stage_pass(s, 100);
    struct object *token = token_of(s, "robot");
    assert_non_null(token);
    assert_non_null(token_of(s, "default"));
    assert_int_equal(tokens(s), 2);
    mem_auto char *said = mem_printf("default/robot/%s", token->id->name);
    assert_true(mp_is(doc_path(token->body, "data.token"), said));
    stage_pass(s, 3000);
    assert_int_equal(tokens(s), 2);
    stage_close(s);
}

static void a_deleted_token_is_made_anew(void **state)
{
    (void)state;
    struct stage *s = open_stage();
    mem_auto char *first = mem_strdup(token_of(s, "default")->id->name);
    stage_delete(s, kind_secret, first);
    stage_pass(s, 100);
    assert_string_not_equal(token_of(s, "default")->id->name, first);
    assert_int_equal(doc_path(stage_get(s, kind_serviceaccount, "default")->body, "secrets").count,
                     1);
    stage_close(s);
}

static void a_token_goes_with_its_account(void **state)
{
    (void)state;
    struct stage *s = open_stage();
    stage_make(s, kind_serviceaccount, "{'metadata':{'name':'robot'}}");
    stage_pass(s, 100);
    assert_int_equal(tokens(s), 2);
    stage_delete(s, kind_serviceaccount, "robot");
    stage_pass(s, 100);
    assert_int_equal(tokens(s), 1);
    /* The default account comes back, as another one, with another token. */
    struct uid before = stage_get(s, kind_serviceaccount, "default")->id->uid;
    stage_delete(s, kind_serviceaccount, "default");
    stage_pass(s, 200);
    assert_false(uid_equal(&before, &stage_get(s, kind_serviceaccount, "default")->id->uid));
    assert_non_null(token_of(s, "default"));
    assert_int_equal(tokens(s), 1);
    stage_close(s);
}

static void a_token_that_a_user_asks_for_is_filled_in(void **state)
{
    (void)state;
    struct stage *s = open_stage();
    stage_make(s, kind_secret,
               "{'metadata':{'name':'mine','annotations':{'kubernetes.io/service-account.name':"
               "'default'}},'type':'kubernetes.io/service-account-token'}");
    stage_make(s, kind_secret,
               "{'metadata':{'name':'nobodys','annotations':{'kubernetes.io/service-account.name':"
               "'nobody'}},'type':'kubernetes.io/service-account-token'}");
    stage_pass(s, 200);
    struct object *mine = stage_get(s, kind_secret, "mine");
    assert_true(mp_is(doc_path(mine->body, "data.token"), "default/default/mine"));
    assert_true(token_is_of(mine, stage_get(s, kind_serviceaccount, "default")));
    assert_null(stage_get(s, kind_secret, "nobodys"));
    stage_close(s);
}

static void every_namespace_knows_the_ca(void **state)
{
    (void)state;
    struct stage *s = open_stage();
    stage_make(s, kind_namespace, "{'metadata':{'name':'new'}}");
    stage_pass(s, 100);
    for (struct actor *a = world_first(s->world, kind_namespace, NULL); a;
         a = world_next(a, NULL)) {
        struct object *o =
            world_get(s->world, kind_configmap, istr_get(actor_name(a)), STR("kube-root-ca.crt"));
        assert_non_null(o);
        assert_true(mp_is(mp_get(doc_path(o->body, "data"), "ca.crt"), "the CA"));
    }
    stage_edit(s, kind_configmap, "kube-root-ca.crt", "data", "{'other':'1'}");
    stage_pass(s, 100);
    struct object *o = stage_get(s, kind_configmap, "kube-root-ca.crt");
    assert_true(mp_is(mp_get(doc_path(o->body, "data"), "ca.crt"), "the CA"));
    stage_delete(s, kind_configmap, "kube-root-ca.crt");
    stage_pass(s, 100);
    assert_non_null(stage_get(s, kind_configmap, "kube-root-ca.crt"));
    stage_close(s);
}

static void a_namespace_with_tokens_can_be_deleted(void **state)
{
    (void)state;
    struct stage *s = open_stage();
    stage_make(s, kind_namespace, "{'metadata':{'name':'new'}}");
    stage_pass(s, 100);
    stage_delete(s, kind_namespace, "new");
    stage_pass(s, 5000);
    assert_null(world_get(s->world, kind_namespace, NULL, STR("new")));
    stage_close(s);
}

/* Whatever the old leader did not come to do, the next one does, and nothing twice. */
static void the_next_leader_goes_on(void **state)
{
    (void)state;
    struct stage *s = open_stage();
    s->slow = true;
    struct command *c =
        stage_command(COMMAND_CREATE, kind_serviceaccount, "{'metadata':{'name':'robot'}}");
    system_send(s->system, c);
    stage_turn(s);
    stage_commit(s);
    stage_turn(s); /* the token is proposed, and lost */
    assert_true(s->flying);
    s->flying = false;
    system_lead(s->system, false);
    system_proposed(s->system, E_NOTLEADER);
    s->slow = false;
    stage_pass(s, 500);
    assert_null(token_of(s, "robot"));
    system_lead(s->system, true);
    stage_pass(s, 2000);
    assert_non_null(token_of(s, "robot"));
    assert_int_equal(tokens(s), 2);
    stage_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_account_has_a_token_and_lists_it),
        cmocka_unit_test(a_deleted_token_is_made_anew),
        cmocka_unit_test(a_token_goes_with_its_account),
        cmocka_unit_test(a_token_that_a_user_asks_for_is_filled_in),
        cmocka_unit_test(every_namespace_knows_the_ca),
        cmocka_unit_test(a_namespace_with_tokens_can_be_deleted),
        cmocka_unit_test(the_next_leader_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
