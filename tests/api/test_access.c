/* Who may ask: over TLS, with a token, with a certificate, or not at all. */
#include "api/local_http.h"

#include "net/http_server.h"
#include "net/pki.h"

#include <fcntl.h>
#include <unistd.h>

static char dir[64];
static struct tls_config *server_tls, *anonymous_tls, *alice_tls;

static const char *file(const char *name)
{
    static char path[4][128];
    static unsigned turn;
    char *to = path[turn++ % 4];
    snprintf(to, sizeof path[0], "%s/%s", dir, name);
    return to;
}

static void hook_hello(void *ctx, struct http_exchange *x)
{
    (void)ctx;
    http_reply(x, 200, "application/json", NULL, "{\"hello\":\"hook\"}", 16);
}

static void issue(const char *name, const char *cert, const char *key)
{
    static const char *const names[] = {"127.0.0.1", NULL};
    static const char *const groups[] = {"system:masters", NULL};
    struct pki_request request = {
        .common_name = name, .organizations = groups, .names = names, .days = 1};
    struct error err = {0};
    assert_int_equal(pki_issue(file("ca"), file("ca.key"), &request, cert, key, &err), 0);
}

static int make_certificates(void **state)
{
    (void)state;
    struct error err = {0};
    snprintf(dir, sizeof dir, "/tmp/logship-access-XXXXXX");
    assert_non_null(mkdtemp(dir));
    assert_int_equal(pki_make_ca(file("ca"), file("ca.key"), "test", &err), 0);
    issue("server", file("server"), file("server.key"));
    issue("alice", file("alice"), file("alice.key"));
    assert_int_equal(tls_config_load(&server_tls, file("server"), file("server.key"), file("ca"),
                                     TLS_PEER_OPTIONAL, &err),
                     0);
    assert_int_equal(tls_config_load(&alice_tls, file("alice"), file("alice.key"), file("ca"),
                                     TLS_PEER_REQUIRED, &err),
                     0);
    assert_int_equal(tls_config_client(&anonymous_tls, file("ca"), &err), 0);
    FILE *tokens = fopen(file("tokens"), "we");
    fputs("s3cret,bob,1,\"dev,ops\"\n", tokens);
    fclose(tokens);
    return 0;
}

static int remove_certificates(void **state)
{
    (void)state;
    static const char *const names[] = {"ca",    "ca.key",    "server", "server.key",
                                        "alice", "alice.key", "tokens"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) unlink(file(names[i]));
    rmdir(dir);
    tls_config_free(server_tls);
    tls_config_free(alice_tls);
    tls_config_free(anonymous_tls);
    return 0;
}

static int access_setup(void **state)
{
    struct local_cluster *c = local_cluster_new();
    *state = c;
    c->hook = (struct api_hook){"/logship/hello", hook_hello, NULL};
    c->tls = server_tls;
    c->client_tls = anonymous_tls;
    c->tokens_file = file("tokens");
    return local_cluster_listen(c, "127.0.0.1:0");
}

#define NAMESPACES "/api/v1/namespaces"

static void strangers_learn_no_more_than_health_and_version(void **state)
{
    static const char *const open[] = {"/healthz", "/livez", "/readyz", "/version"};
    static const char *const closed[] = {
        "/",           "/api",      "/apis",           NAMESPACES,
        "/openapi/v2", "/api/nope", "/logship/digest", "/logship/hello"};
    local_create(*state, kind_serviceaccount, "default", "default", doc_empty(), NULL);
    for (size_t i = 0; i < sizeof open / sizeof *open; i++) {
        ask(*state, "GET", open[i], NULL);
        assert_int_equal(asked->status, 200);
    }
    for (size_t i = 0; i < sizeof closed / sizeof *closed; i++)
        assert_refused(ask(*state, "GET", closed[i], NULL), 401, "Unauthorized", "Unauthorized");
}

static void a_token_opens(void **state)
{
    ask_with(*state, "GET", NAMESPACES, "Authorization: Bearer s3cret\r\n", (struct str){0});
    assert_int_equal(asked->status, 200);
    ask_with(*state, "GET", NAMESPACES, "Authorization: Bearer wrong\r\n", (struct str){0});
    assert_int_equal(asked->status, 401);
}

static void a_certificate_opens(void **state)
{
    struct local_cluster *c = *state;
    c->client_tls = alice_tls;
    ask(c, "GET", NAMESPACES, NULL);
    assert_int_equal(asked->status, 200);
}

static void a_hook_answers_its_path_to_users_only(void **state)
{
    struct local_cluster *c = *state;
    c->client_tls = alice_tls;
    assert_text(ask(c, "GET", "/logship/hello?x=1", NULL), "hello", "hook");
}

#define SELF "/apis/authentication.k8s.io/v1/selfsubjectreviews"

static void a_user_learns_who_it_is(void **state)
{
    struct local_cluster *c = *state;
    const char *body = "{\"kind\":\"SelfSubjectReview\"}";
    struct mp doc = ask_with(c, "POST", SELF, "Authorization: Bearer s3cret\r\n", str_of(body));
    assert_int_equal(asked->status, 201);
    assert_text(doc, "apiVersion", "authentication.k8s.io/v1");
    assert_text(doc, "status.userInfo.username", "bob");
    struct mp groups = mp_path(doc, "status.userInfo.groups");
    static const char *const of_bob[] = {"dev", "ops", "system:authenticated"};
    assert_int_equal(groups.count, 3);
    for (uint32_t i = 0; i < 3; i++) assert_true(mp_is(mp_at(groups, i), of_bob[i]));
    c->client_tls = alice_tls;
    doc = ask(c, "POST", SELF, body);
    assert_text(doc, "status.userInfo.username", "alice");
    assert_true(mp_is(mp_at(mp_path(doc, "status.userInfo.groups"), 0), "system:masters"));
}

static void a_user_acts_as_another(void **state)
{
    struct local_cluster *c = *state;
    static const char as[] = "Authorization: Bearer s3cret\r\nImpersonate-User: jane\r\n"
                             "impersonate-group: dev\r\nImpersonate-Group: ops\r\n"
                             "Impersonate-Extra-Acme.com%2FProject: x\r\n"
                             "Impersonate-Extra-acme.com%2fproject: y\r\n"
                             "Impersonate-Extra-Acme.com%2FProject: z\r\n";
    struct mp doc = ask_with(c, "POST", SELF, as, STR("{\"kind\":\"SelfSubjectReview\"}"));
    assert_int_equal(asked->status, 201);
    buf_auto struct buf json = BUF_INIT;
    json_write(mp_path(doc, "status.userInfo"), &json);
    assert_string_equal(json.data,
                        "{\"username\":\"jane\",\"groups\":[\"dev\",\"ops\","
                        "\"system:authenticated\"],\"extra\":{\"acme.com/project\":[\"x\",\"y\","
                        "\"z\"]}}");
    doc =
        ask_with(c, "POST", SELF,
                 "Authorization: Bearer s3cret\r\nImpersonate-User: system:serviceaccount:a:b\r\n",
                 STR("{}"));
    assert_true(
        mp_is(mp_at(mp_path(doc, "status.userInfo.groups"), 1), "system:serviceaccounts:a"));
    doc = ask_with(c, "POST", "/apis/certificates.k8s.io/v1/certificatesigningrequests?dryRun=All",
                   as,
                   STR("{\"metadata\":{\"name\":\"x\"},\"spec\":{\"request\":\"eA==\","
                       "\"signerName\":\"a.b/c\",\"usages\":[\"any\"]}}"));
    assert_int_equal(asked->status, 201);
    assert_text(doc, "spec.username", "jane");
    doc = ask_with(c, "GET", "/api/v1/pods",
                   "Authorization: Bearer s3cret\r\nImpersonate-Group: dev\r\n", STR(""));
    assert_refused(doc, 500, "InternalError",
                   "requested Impersonate-Group without impersonating a user");
    ask_with(c, "GET", "/api/v1/pods",
             "Authorization: Bearer s3cret\r\nImpersonate-User: a\xff\r\n", STR(""));
    assert_int_equal(asked->status, 400);
}

#define ACCESS "authorization.k8s.io/v1/"
#define PODS   "\"resourceAttributes\":{\"verb\":\"get\",\"resource\":\"pods\"}"

static void questions_must_say_what_they_ask(void **state)
{
    static const struct {
        const char *path, *spec;
        int status;
    } cases[] = {
        {ACCESS "selfsubjectaccessreviews", PODS, 201},
        {ACCESS "selfsubjectaccessreviews", "", 422},
        {ACCESS "selfsubjectaccessreviews", PODS ",\"nonResourceAttributes\":{\"path\":\"/\"}",
         422},
        {ACCESS "subjectaccessreviews", PODS, 422},
        {ACCESS "subjectaccessreviews", PODS ",\"user\":\"eve\"", 201},
        {ACCESS "subjectaccessreviews", PODS ",\"groups\":[\"g\"]", 201},
        {ACCESS "namespaces/default/localsubjectaccessreviews", PODS ",\"user\":\"eve\"", 422},
        {ACCESS "selfsubjectrulesreviews", "", 400},
        {ACCESS "selfsubjectrulesreviews", "\"namespace\":\"default\"", 201},
        {"authentication.k8s.io/v1/tokenreviews", "", 400},
    };
    struct local_cluster *c = *state;
    c->client_tls = alice_tls;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mem_auto char *target = mem_printf("/apis/%s", cases[i].path);
        mem_auto char *body = mem_printf("{\"spec\":{%s}}", cases[i].spec);
        struct mp doc = ask(c, "POST", target, body);
        assert_int_equal(asked->status, cases[i].status);
        if (asked->status == 422) assert_text(doc, "reason", "Invalid");
    }
}

static void the_log_knows_who_it_was(void **state)
{
    struct local_cluster *c = *state;
    c->client_tls = alice_tls;
    ask(c, "POST", NAMESPACES, "{\"metadata\":{\"name\":\"x\"}}");
    assert_int_equal(asked->status, 201);
    struct buf *entry = &c->entries[c->entry_count - 1].bytes;
    assert_non_null(memmem(entry->data, entry->len, "alice", 5));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, access_setup, local_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(strangers_learn_no_more_than_health_and_version),
        TEST(a_token_opens),
        TEST(a_certificate_opens),
        TEST(a_hook_answers_its_path_to_users_only),
        TEST(a_user_learns_who_it_is),
        TEST(a_user_acts_as_another),
        TEST(questions_must_say_what_they_ask),
        TEST(the_log_knows_who_it_was),
    };
    return cmocka_run_group_tests(tests, make_certificates, remove_certificates);
}
