/* Service accounts, their tokens, and what of them comes into pods. */
#include "stage.h"

#include "actors/tokens.h"

/* Makes tokens that say whose they are. */
static struct doc *fake_mint(const struct token_mint *m, const struct object *account,
                             struct str secret, const struct doc *body)
{
    (void)m;
    char token[128];
    snprintf(token, sizeof token, "%s/%s/%.*s", account->id->ns, account->id->name, (int)secret.n,
             secret.p);
    buf_auto struct buf data = BUF_INIT;
    mp_put_map(&data, 1);
    mp_put_z(&data, "token");
    mp_put_z(&data, token);
    return edit_doc(body, "data", edit_value(&data));
}

static struct str fake_root_ca(const struct token_mint *m)
{
    (void)m;
    return STR("the CA");
}

static const struct token_mint fake = {fake_mint, fake_root_ca};

static struct stage *open_stage(void)
{
    struct stage *s = stage_open_with(NULL, &fake);
    stage_pass(s, 200);
    return s;
}

/* The token of an account that the account lists; its name must be unique among them. */
static struct object *token_of(struct stage *s, const char *account)
{
    struct object *o = stage_get(s, kind_serviceaccount, account), *found = NULL;
    assert_non_null(o);
    struct mp list = doc_path(o->body, "secrets");
    for (struct mp_iter it = mp_items(list); mp_iter_next(&it);) {
        struct object *secret =
            world_get(s->world, kind_secret, o->id->ns, mp_str(mp_get(it.value, "name")));
        if (!secret || !token_is_of(secret, o)) continue;
        assert_null(found);
        found = secret;
    }
    return found;
}

static size_t tokens(struct stage *s)
{
    size_t n = 0;
    istr ns = istr_of("default");
    for (struct actor *a = world_first(s->world, kind_secret, ns); a; a = world_next(a, ns))
        n += token_is_secret(a->object);
    return n;
}

static struct mp pod_spec(struct stage *s, const char *name)
{
    struct object *o = stage_get(s, kind_pod, name);
    assert_non_null(o);
    return doc_path(o->body, "spec");
}

#define POD(name, spec)                                                                            \
    "{'metadata':{'name':'" name "'},'spec':{'containers':[{'name':'c'},{'name':'d'}]" spec "}}"

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

static void a_pod_finds_its_accounts_token(void **state)
{
    (void)state;
    struct stage *s = open_stage();
    stage_make(s, kind_pod, POD("p", ""));
    struct mp spec = pod_spec(s, "p");
    const char *secret = token_of(s, "default")->id->name;
    struct mp volume = mp_at(mp_get(spec, "volumes"), 0);
    assert_true(mp_is(mp_get(volume, "name"), secret));
    assert_true(mp_is(mp_path(volume, "secret.secretName"), secret));
    assert_int_equal(mp_i64(mp_path(volume, "secret.defaultMode"), 0), 0644);
    for (uint32_t i = 0; i < 2; i++) {
        struct mp mount = mp_at(mp_get(mp_at(mp_get(spec, "containers"), i), "volumeMounts"), 0);
        assert_true(mp_is(mp_get(mount, "name"), secret));
        assert_true(mp_is(mp_get(mount, "mountPath"), TOKEN_MOUNT));
        assert_true(mp_bool(mp_get(mount, "readOnly"), false));
    }
    stage_close(s);
}

static bool mounts_token(struct stage *s, const char *pod, const char *account,
                         const char *automount)
{
    mem_auto char *text = mem_printf("{'metadata':{'name':'%s'},'spec':{'serviceAccountName':'%s',"
                                     "%s'containers':[{'name':'c'}]}}",
                                     pod, account, automount);
    stage_make(s, kind_pod, text);
    return mp_get(pod_spec(s, pod), "volumes").count == 1;
}

static void automount_is_the_pods_choice_before_the_accounts(void **state)
{
    (void)state;
    struct stage *s = open_stage();
    static const struct {
        const char *account, *pod;
        bool mounts;
    } cases[] = {
        {"", "", true},
        {"", "'automountServiceAccountToken':true,", true},
        {"", "'automountServiceAccountToken':false,", false},
        {",'automountServiceAccountToken':true", "", true},
        {",'automountServiceAccountToken':true", "'automountServiceAccountToken':false,", false},
        {",'automountServiceAccountToken':false", "", false},
        {",'automountServiceAccountToken':false", "'automountServiceAccountToken':true,", true},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        char name[8];
        snprintf(name, sizeof name, "a%u", i);
        mem_auto char *text = mem_printf("{'metadata':{'name':'%s'}%s}", name, cases[i].account);
        stage_make(s, kind_serviceaccount, text);
        stage_pass(s, 100);
        assert_int_equal(mounts_token(s, name, name, cases[i].pod), cases[i].mounts);
    }
    stage_close(s);
}

static void a_mount_of_the_pods_own_is_left_alone(void **state)
{
    (void)state;
    struct stage *s = open_stage();
    stage_make(s, kind_pod,
               "{'metadata':{'name':'p'},'spec':{'containers':[{'name':'c','volumeMounts':[{'name':"
               "'own','mountPath':'" TOKEN_MOUNT "'}]}],'volumes':[{'name':'own'}]}}");
    assert_int_equal(mp_get(pod_spec(s, "p"), "volumes").count, 1);
    stage_close(s);
}

static void without_account_or_token_there_is_no_pod(void **state)
{
    (void)state;
    struct stage *s = open_stage();
    struct outcome o = stage_create(s, kind_pod, POD("p", ",'serviceAccountName':'none'"));
    assert_int_equal(o.http, 403);
    assert_string_equal(o.message,
                        "pods \"p\" is forbidden: error looking up service account default/none: "
                        "serviceaccount \"none\" not found");
    stage_make(s, kind_serviceaccount, "{'metadata':{'name':'robot'}}");
    o = stage_create(s, kind_pod, POD("p", ",'serviceAccountName':'robot'"));
    assert_int_equal(o.http, 500);
    assert_string_equal(o.reason, "ServerTimeout");
    assert_string_equal(o.message, "No API token found for service account \"robot\", retry after "
                                   "the token is automatically created and added to the service "
                                   "account");
    stage_pass(s, 100);
    stage_make(s, kind_pod, POD("p", ",'serviceAccountName':'robot'"));
    stage_close(s);
}

static void pull_secrets_are_the_accounts_unless_the_pod_has_its_own(void **state)
{
    (void)state;
    struct stage *s = open_stage();
    stage_make(s, kind_serviceaccount,
               "{'metadata':{'name':'robot'},'imagePullSecrets':[{'name':'theirs'}]}");
    stage_pass(s, 100);
    stage_make(s, kind_pod, POD("p", ",'serviceAccountName':'robot'"));
    stage_make(s, kind_pod,
               POD("q", ",'serviceAccountName':'robot','imagePullSecrets':[{'name':'own'}]"));
    assert_true(
        mp_is(mp_get(mp_at(mp_get(pod_spec(s, "p"), "imagePullSecrets"), 0), "name"), "theirs"));
    assert_true(
        mp_is(mp_get(mp_at(mp_get(pod_spec(s, "q"), "imagePullSecrets"), 0), "name"), "own"));
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
        cmocka_unit_test(a_pod_finds_its_accounts_token),
        cmocka_unit_test(automount_is_the_pods_choice_before_the_accounts),
        cmocka_unit_test(a_mount_of_the_pods_own_is_left_alone),
        cmocka_unit_test(without_account_or_token_there_is_no_pod),
        cmocka_unit_test(pull_secrets_are_the_accounts_unless_the_pod_has_its_own),
        cmocka_unit_test(every_namespace_knows_the_ca),
        cmocka_unit_test(a_namespace_with_tokens_can_be_deleted),
        cmocka_unit_test(the_next_leader_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
