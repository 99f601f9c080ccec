/* What of service accounts comes into pods. */
#include "mint.h"

static struct mp pod_spec(struct stage *s, const char *name)
{
    struct object *o = stage_get(s, kind_pod, name);
    assert_non_null(o);
    return doc_path(o->body, "spec");
}

#define POD(name, spec)                                                                            \
    "{'metadata':{'name':'" name "'},'spec':{'containers':[{'name':'c'},{'name':'d'}]" spec "}}"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pod_finds_its_accounts_token),
        cmocka_unit_test(automount_is_the_pods_choice_before_the_accounts),
        cmocka_unit_test(a_mount_of_the_pods_own_is_left_alone),
        cmocka_unit_test(without_account_or_token_there_is_no_pod),
        cmocka_unit_test(pull_secrets_are_the_accounts_unless_the_pod_has_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
