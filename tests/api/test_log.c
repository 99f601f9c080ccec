/* pods/log: the log comes from the pod's node, here a server of the test's own. */
#include "api/local_http.h"

#include "net/http_server.h"
#include "net/pki.h"

#include <unistd.h>

#define PODS "/api/v1/namespaces/default/pods"

struct fake_node {
    struct http_server *server;
    struct tls_config *tls;
    char asked[512]; /* the last target */
    int status;
    size_t body; /* bytes of log */
    size_t sent;
};

static struct fake_node node;
static struct tls_config *client_tls;

static void node_go_on(struct http_exchange *x)
{
    static char line[4096];
    memset(line, 'l', sizeof line);
    http_stream_on_drain(x, NULL);
    while (node.sent < node.body) {
        size_t n = node.body - node.sent < sizeof line ? node.body - node.sent : sizeof line;
        node.sent += n;
        if (http_stream_write(x, line, n) > 65536 && node.sent < node.body) {
            http_stream_on_drain(x, node_go_on);
            return;
        }
    }
    http_stream_end(x);
}

static void node_handle(void *ctx, struct http_exchange *x)
{
    (void)ctx;
    struct str target = http_target(x);
    snprintf(node.asked, sizeof node.asked, "%.*s", (int)target.n, target.p);
    node.sent = 0;
    if (node.status != 200) {
        http_reply(x, node.status, "text/plain", NULL, "no such log\n", 12);
        return;
    }
    http_stream_begin(x, 200, "text/plain", NULL);
    node_go_on(x);
}

static void make_tls(void)
{
    static const char *const names[] = {"127.0.0.1", NULL};
    struct pki_request request = {.common_name = "n1", .names = names, .days = 1};
    struct error err = {0};
    char dir[] = "/tmp/logship-log-XXXXXX", cert[64], key[64];
    assert_non_null(mkdtemp(dir));
    snprintf(cert, sizeof cert, "%s/cert", dir);
    snprintf(key, sizeof key, "%s/key", dir);
    assert_int_equal(pki_self_sign(&request, cert, key, &err), 0);
    assert_int_equal(tls_config_load(&node.tls, cert, key, NULL, TLS_PEER_NONE, &err), 0);
    assert_int_equal(tls_config_load(&client_tls, cert, key, NULL, TLS_PEER_NONE, &err), 0);
    unlink(cert);
    unlink(key);
    rmdir(dir);
}

static int log_setup(void **state)
{
    struct local_cluster *c = local_cluster_new();
    struct error err = {0};
    *state = c;
    make_tls();
    node.status = 200;
    node.body = 10;
    struct http_server_options options = {
        .loop = &c->loop, .address = "127.0.0.1:0", .tls = node.tls, .handle = node_handle};
    if (http_server_start(&node.server, &options, &err)) return -1;
    c->node_tls = client_tls;
    return local_cluster_listen(c, "127.0.0.1:0");
}

static int log_teardown(void **state)
{
    http_server_stop(node.server, NULL, NULL);
    local_teardown(state);
    tls_config_free(node.tls);
    tls_config_free(client_tls);
    return 0;
}

static void make_pod(struct local_cluster *c, const char *name, const char *more)
{
    mem_auto char *body =
        mem_printf("{\"metadata\":{\"name\":\"%s\"},\"spec\":{\"nodeName\":\"n1\","
                   "\"containers\":[{\"name\":\"c\",\"image\":\"i:1\"}%s]}}",
                   name, more);
    ask(c, "POST", PODS, body);
    assert_int_equal(asked->status, 201);
}

static void make_node(struct local_cluster *c)
{
    const char *address = http_server_address(node.server);
    mem_auto char *body = mem_printf(
        "{\"metadata\":{\"name\":\"n1\"},\"status\":{\"addresses\":[{\"type\":\"InternalIP\","
        "\"address\":\"127.0.0.1\"}],\"daemonEndpoints\":{\"kubeletEndpoint\":{\"Port\":%s}}}}",
        strrchr(address, ':') + 1);
    ask(c, "POST", "/api/v1/nodes", body);
    assert_int_equal(asked->status, 201);
}

static void run(struct local_cluster *c, const char *pod, const char *container_state)
{
    mem_auto char *path = mem_printf(PODS "/%s/status", pod);
    mem_auto char *body = mem_printf(
        "{\"status\":{\"containerStatuses\":[{\"name\":\"c\",\"image\":\"i:1\",\"imageID\":\"\","
        "\"ready\":true,\"restartCount\":0,%s}]}}",
        container_state);
    ask_patch(c, "merge-patch", path, body);
    assert_int_equal(asked->status, 200);
}

#define RUNNING "\"state\":{\"running\":{\"startedAt\":\"2026-01-01T00:00:00Z\"}}"

static void the_log_comes_from_the_node(void **state)
{
    struct local_cluster *c = *state;
    make_node(c);
    make_pod(c, "p", "");
    run(c, "p", RUNNING);
    ask(c, "GET", PODS "/p/log?tailLines=5&follow=true", NULL);
    assert_int_equal(asked->status, 200);
    assert_string_equal(asked->body.data, "llllllllll");
    assert_string_equal(asked->type.data, "text/plain");
    assert_string_equal(node.asked, "/containerLogs/default/p/c?tailLines=5&follow=true");
}

static void a_long_log_is_handed_through_whole(void **state)
{
    struct local_cluster *c = *state;
    node.body = 5 * 1024 * 1024 + 17;
    make_node(c);
    make_pod(c, "p", "");
    run(c, "p", RUNNING);
    ask(c, "GET", PODS "/p/log", NULL);
    assert_int_equal(asked->body.len, node.body);
}

static void several_containers_need_a_name(void **state)
{
    struct local_cluster *c = *state;
    make_pod(c, "p", ",{\"name\":\"d\",\"image\":\"i:1\"}");
    struct mp doc = ask(c, "GET", PODS "/p/log", NULL);
    assert_refused(doc, 400, "BadRequest",
                   "a container name must be specified for pod p, choose one of: [c d]");
    doc = ask(c, "GET", PODS "/p/log?container=x", NULL);
    assert_refused(doc, 400, "BadRequest", "container x is not valid for pod p");
}

static void a_container_that_waits_has_no_log(void **state)
{
    struct local_cluster *c = *state;
    make_pod(c, "p", "");
    struct mp doc = ask(c, "GET", PODS "/p/log", NULL);
    assert_refused(doc, 400, "BadRequest",
                   "container \"c\" in pod \"p\" is waiting to start: ContainerCreating");
    run(c, "p", "\"state\":{\"waiting\":{\"reason\":\"ImagePullBackOff\"}}");
    doc = ask(c, "GET", PODS "/p/log", NULL);
    assert_refused(doc, 400, "BadRequest",
                   "container \"c\" in pod \"p\" is waiting to start: ImagePullBackOff");
    run(c, "p", RUNNING);
    doc = ask(c, "GET", PODS "/p/log?previous=true", NULL);
    assert_refused(doc, 400, "BadRequest",
                   "previous terminated container \"c\" in pod \"p\" not found");
}

static void a_pod_without_a_node_has_an_empty_log(void **state)
{
    struct local_cluster *c = *state;
    ask(c, "POST", PODS,
        "{\"metadata\":{\"name\":\"p\"},\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"i:"
        "1\"}]}}");
    ask(c, "GET", PODS "/p/log", NULL);
    assert_int_equal(asked->status, 200);
    assert_int_equal(asked->body.len, 0);
    ask(c, "GET", PODS "/p", NULL); /* the connection is still good */
    assert_int_equal(asked->status, 200);
}

static void a_node_that_refuses_or_is_not_there_is_an_error(void **state)
{
    struct local_cluster *c = *state;
    make_pod(c, "p", "");
    run(c, "p", RUNNING);
    ask(c, "GET", PODS "/p/log", NULL);
    assert_int_equal(asked->status, 500);
    make_node(c);
    node.status = 404;
    struct mp doc = ask(c, "GET", PODS "/p/log", NULL);
    assert_refused(doc, 404, "NotFound", "no such log");
    ask_patch(c, "merge-patch", "/api/v1/nodes/n1/status",
              "{\"status\":{\"daemonEndpoints\":{\"kubeletEndpoint\":{\"Port\":1}}}}");
    doc = ask(c, "GET", PODS "/p/log", NULL);
    assert_int_equal(asked->status, 500);
    assert_text(doc, "reason", "InternalError");
    ask(c, "GET", PODS "/p/log?tailLines=-1", NULL);
    assert_int_equal(asked->status, 422);
    ask(c, "GET", PODS "/nope/log", NULL);
    assert_int_equal(asked->status, 404);
}

static void a_client_that_leaves_ends_the_call(void **state)
{
    struct local_cluster *c = *state;
    node.body = 64 * 1024 * 1024;
    make_node(c);
    make_pod(c, "p", "");
    run(c, "p", RUNNING);
    struct answer *a = ask_begin(c, "GET", PODS "/p/log", NULL, (struct str){0});
    while (!a->done && a->body.len < 100000) uv_run(&c->loop, UV_RUN_ONCE);
    assert_false(a->done);
    answer_free(c, a);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, log_setup, log_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_log_comes_from_the_node),
        TEST(a_long_log_is_handed_through_whole),
        TEST(several_containers_need_a_name),
        TEST(a_container_that_waits_has_no_log),
        TEST(a_pod_without_a_node_has_an_empty_log),
        TEST(a_node_that_refuses_or_is_not_there_is_an_error),
        TEST(a_client_that_leaves_ends_the_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
