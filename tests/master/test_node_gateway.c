/* The masters' door for nodes, over real TLS links; behind it a core that the test turns by hand.
 */
#include "actors/stage.h"

#include "base/trace.h"

#include "master/join_tokens.h"
#include "master/node_gateway.h"
#include "net/link.h"
#include "net/pki.h"

#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

/* The gate of this test: asks wait until the loop's turn ends, and then run as if on the core. */
static struct {
    struct ask *asks[256];
    unsigned count;
} waiting;

static void gate_note_ask(struct gate *g, struct ask *a)
{
    (void)g;
    assert_true(waiting.count < 256);
    waiting.asks[waiting.count++] = a;
}

static struct gate gate = {.ask = gate_note_ask};

struct door {
    struct stage *s;
    struct remotes *remotes;
    uv_loop_t loop;
    uv_prepare_t prepare;
    uv_timer_t limit;
    struct inbox home;
    struct tls_config *master_tls, *node_tls;
    struct node_gateway *gateway;
    char dir[64], tokens[96], address[32];
    bool timed_out, stopped;
    /* the node at the other end */
    struct link *link;
    struct buf first; /* its first frame */
    char refused[256];
    unsigned pods, welcomed, closed, synced, opened;
    struct buf secret;
};

static void door_on_prepare(uv_prepare_t *prepare)
{
    struct door *d = prepare->data;
    for (unsigned i = 0; i < waiting.count; i++) {
        waiting.asks[i]->on_core(waiting.asks[i], d->s->system);
        stage_pass(d->s, 50);
    }
    unsigned count = waiting.count;
    waiting.count = 0;
    for (unsigned i = 0; i < count; i++) waiting.asks[i]->done(waiting.asks[i], 0);
    inbox_drain(&d->home);
}

static void door_on_limit(uv_timer_t *timer)
{
    ((struct door *)timer->data)->timed_out = true;
    uv_stop(timer->loop);
}

static void door_wake(void *arg)
{
    (void)arg;
}

static int door_unseal(void *ctx, const struct object *secret, struct doc **out, struct error *err)
{
    (void)secret, (void)err;
    ((struct door *)ctx)->opened++;
    *out = stage_doc("{'data':{'k':'b3BlbmVk'}}");
    return 0;
}

static void door_tls(struct door *d)
{
    struct error err = {0};
    mem_auto char *ca = mem_printf("%s/ca.crt", d->dir), *cakey = mem_printf("%s/ca.key", d->dir);
    mem_auto char *crt = mem_printf("%s/m.crt", d->dir), *key = mem_printf("%s/m.key", d->dir);
    const char *const names[] = {"127.0.0.1", NULL};
    struct pki_request request = {.common_name = "m1", .names = names, .days = 1};
    assert_int_equal(pki_make_ca(ca, cakey, "test", &err), 0);
    assert_int_equal(pki_issue(ca, cakey, &request, crt, key, &err), 0);
    assert_int_equal(tls_config_load(&d->master_tls, crt, key, ca, TLS_PEER_OPTIONAL, &err), 0);
    assert_int_equal(tls_config_client(&d->node_tls, ca, &err), 0);
}

static void door_write_tokens(struct door *d, const char *text)
{
    FILE *f = fopen(d->tokens, "we");
    assert_non_null(f);
    fputs(text, f);
    (void)fclose(f);
}

static int door_open(void **state)
{
    struct door *d = mem_new(struct door);
    struct error err = {0};
    d->s = stage_open(NULL);
    d->remotes = remotes_new(&(struct remotes_options){.system = d->s->system});
    strcpy(d->dir, "/tmp/logship-door-XXXXXX");
    assert_non_null(mkdtemp(d->dir));
    snprintf(d->tokens, sizeof d->tokens, "%s/tokens", d->dir);
    door_write_tokens(d, "# who may join\n\nfirst\n second \r\n");
    door_tls(d);
    uv_loop_init(&d->loop);
    uv_prepare_init(&d->loop, &d->prepare);
    uv_timer_init(&d->loop, &d->limit);
    d->prepare.data = d->limit.data = d;
    uv_prepare_start(&d->prepare, door_on_prepare);
    inbox_init(&d->home, door_wake, NULL);
    int rc = -1;
    for (int i = 0; rc < 0 && i < 20; i++) {
        snprintf(d->address, sizeof d->address, "127.0.0.1:%d",
                 20000 + (getpid() * 11 + i * 131) % 20000);
        struct node_gateway_options options = {
            .loop = &d->loop,
            .home = &d->home,
            .gate = &gate,
            .remotes = d->remotes,
            .address = d->address,
            .tls = d->master_tls,
            .tokens_file = d->tokens,
            .unseal = door_unseal,
            .unseal_ctx = d,
        };
        rc = node_gateway_start(&d->gateway, &options, &err);
    }
    assert_int_equal(rc, 0);
    *state = d;
    return 0;
}

static void door_on_stopped(void *arg)
{
    ((struct door *)arg)->stopped = true;
}

static int door_close(void **state)
{
    struct door *d = *state;
    uv_timer_start(&d->limit, door_on_limit, 60000, 0);
    node_gateway_stop(d->gateway, door_on_stopped, d);
    while (!d->stopped && !d->timed_out) uv_run(&d->loop, UV_RUN_NOWAIT);
    assert_true(d->stopped);
    uv_close((uv_handle_t *)&d->prepare, NULL);
    uv_close((uv_handle_t *)&d->limit, NULL);
    uv_run(&d->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&d->loop), 0);
    tls_config_free(d->master_tls);
    tls_config_free(d->node_tls);
    inbox_close(&d->home);
    system_lead(d->s->system, false);
    remotes_free(d->remotes);
    stage_close(d->s);
    buf_free(&d->first);
    buf_free(&d->secret);
    mem_auto char *rm = mem_printf("rm -rf %s", d->dir);
    assert_int_equal(system(rm), 0); // NOLINT: a directory of ours
    mem_free(d);
    return 0;
}

/* --- the node --- */

static void node_send(struct door *d, const struct nodewire *m)
{
    struct buf buf_auto frame = BUF_INIT;
    nodewire_write(m, &frame);
    link_send(d->link, frame.data, frame.len, NULL, NULL);
}

static void node_on_open(struct link *l)
{
    struct door *d = link_data(l);
    link_send(l, d->first.data, d->first.len, NULL, NULL);
}

static void node_take_secret(struct door *d, const struct nodewire *m)
{
    struct nodewire_need need;
    for (struct mp_iter it = mp_items(mp_read(m->needs.p, m->needs.n));
         nodewire_need_next(&it, &need);) {
        struct str value = mp_str(mp_path(need.body, "data.k"));
        buf_append(&d->secret, value.p, value.n);
    }
}

static void node_on_frame(struct link *l, const void *bytes, size_t n)
{
    struct door *d = link_data(l);
    struct nodewire m;
    struct error err = {0};
    if (nodewire_read(bytes, n, &m, &err) < 0) fail_msg("%s", err.text);
    if (m.type == NODEWIRE_REFUSE)
        snprintf(d->refused, sizeof d->refused, "%.*s", (int)m.text.n, m.text.p);
    if (m.type == NODEWIRE_WELCOME) d->welcomed++;
    if (m.type == NODEWIRE_SYNCED) d->synced++;
    if (m.type == NODEWIRE_POD) d->pods++, node_take_secret(d, &m);
}

static void node_on_closed(struct link *l, const struct error *why)
{
    (void)why;
    struct door *d = link_data(l);
    d->closed++;
    d->link = NULL;
}

static void node_connect(struct door *d)
{
    struct link_options options = {
        .tls = d->node_tls,
        .events = {.open = node_on_open, .frame = node_on_frame, .closed = node_on_closed}};
    d->link = link_connect(&d->loop, d->address, &options, d);
}

static struct nodewire hello(const char *token)
{
    static const char empty[] = "\x80";
    return (struct nodewire){.type = NODEWIRE_HELLO,
                             .version = NODEWIRE_VERSION,
                             .token = str_of(token),
                             .name = STR("n1"),
                             .body = {empty, 1},
                             .status = {empty, 1}};
}

static void node_hello(struct door *d, const struct nodewire *m)
{
    buf_clear(&d->first);
    nodewire_write(m, &d->first);
    node_connect(d);
}

#define UNTIL(d, condition)                                                                        \
    do {                                                                                           \
        uv_timer_start(&(d)->limit, door_on_limit, 60000, 0);                                      \
        while (!(condition) && !(d)->timed_out) uv_run(&(d)->loop, UV_RUN_NOWAIT);                 \
        uv_timer_stop(&(d)->limit);                                                                \
        assert_true(condition);                                                                    \
    } while (0)

/* --- stories --- */

static void a_node_with_a_token_joins_and_gets_its_pods_with_opened_secrets(void **state)
{
    struct door *d = *state;
    stage_make(d->s, kind_secret,
               "{'metadata':{'name':'key','namespace':'default'},'data':{'k':'c2VhbGVk'}}");
    stage_make(d->s, kind_pod,
               "{'metadata':{'name':'web','namespace':'default'},'spec':{'nodeName':'n1','"
               "containers':[{'name':'a',"
               "'image':'i','envFrom':[{'secretRef':{'name':'key'}}]}]}}");
    struct nodewire m = hello("second");
    node_hello(d, &m);
    UNTIL(d, d->synced);
    assert_int_equal(d->welcomed, 1);
    assert_int_equal(d->pods, 1);
    assert_int_equal(d->secret.len, 8);
    assert_memory_equal(d->secret.data, "b3BlbmVk", 8);
    assert_non_null(stage_get(d->s, kind_node, "n1"));
    struct object *pod = stage_get(d->s, kind_pod, "web");
    struct doc *status = stage_doc("{'phase':'Running'}");
    node_send(d, &(struct nodewire){.type = NODEWIRE_POD_STATUS,
                                    .ns = STR("default"),
                                    .name = STR("web"),
                                    .uid = pod->id->uid,
                                    .revision = pod->revision,
                                    .status = {status->bytes, status->len}});
    UNTIL(d, mp_is(doc_path(stage_get(d->s, kind_pod, "web")->status, "phase"), "Running"));
    doc_unref(status);
    link_close(d->link, E_CLOSED, "over");
    UNTIL(d, remotes_connected(d->remotes) == 0);
}

#define POD_WITH_KEY(name)                                                                         \
    "{'metadata':{'name':'" name "','namespace':'default'},'spec':{'nodeName':'n1','containers':[" \
    "{'name':'a','image':'i','envFrom':[{'secretRef':{'name':'key'}}]}]}}"

static void a_secret_of_many_pods_is_opened_once_and_anew_when_it_changed(void **state)
{
    struct door *d = *state;
    stage_make(d->s, kind_secret,
               "{'metadata':{'name':'key','namespace':'default'},'data':{'k':'c2VhbGVk'}}");
    stage_make(d->s, kind_pod, POD_WITH_KEY("one"));
    stage_make(d->s, kind_pod, POD_WITH_KEY("two"));
    stage_make(d->s, kind_pod, POD_WITH_KEY("three"));
    struct nodewire m = hello("first");
    node_hello(d, &m);
    UNTIL(d, d->synced);
    assert_int_equal(d->pods, 3);
    assert_int_equal(d->secret.len, 24); /* each got it */
    assert_int_equal(d->opened, 1);
    stage_edit(d->s, kind_secret, "key", "data", "{'k':'b3RoZXI='}");
    UNTIL(d, d->pods == 6);
    assert_int_equal(d->opened, 2);
    link_close(d->link, E_CLOSED, "over");
    UNTIL(d, d->closed == 1);
}

static void a_wrong_token_is_refused_with_the_reason(void **state)
{
    struct door *d = *state;
    static const char *const wrong[] = {"third", "", "# who may join", "firs", "first "};
    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct nodewire m = hello(wrong[i]);
        d->refused[0] = '\0';
        node_hello(d, &m);
        UNTIL(d, d->closed == i + 1);
        assert_string_equal(d->refused, "the join token is wrong");
    }
    assert_null(stage_get(d->s, kind_node, "n1"));
}

static void a_withdrawn_token_lets_nobody_in_any_more(void **state)
{
    struct door *d = *state;
    door_write_tokens(d, "only-this-one\n");
    struct nodewire m = hello("first");
    node_hello(d, &m);
    UNTIL(d, d->closed == 1);
    assert_string_equal(d->refused, "the join token is wrong");
    m = hello("only-this-one");
    node_hello(d, &m);
    UNTIL(d, d->synced == 1);
    link_close(d->link, E_CLOSED, "over");
    UNTIL(d, d->closed == 2);
}

static void strangers_are_shown_out(void **state)
{
    struct door *d = *state;
    struct nodewire beat = {.type = NODEWIRE_BEAT}, old = hello("first"), bad = hello("first");
    node_hello(d, &beat);
    UNTIL(d, d->closed == 1);
    assert_string_equal(d->refused, "hello must come first");
    old.version = 99;
    node_hello(d, &old);
    UNTIL(d, d->closed == 2);
    assert_non_null(strstr(d->refused, "another version"));
    bad.name = STR("Not/A/Name");
    node_hello(d, &bad);
    UNTIL(d, d->closed == 3);
    assert_non_null(strstr(d->refused, "DNS subdomain"));
    buf_clear(&d->first);
    buf_puts(&d->first, "garbage");
    node_connect(d);
    UNTIL(d, d->closed == 4);
    assert_non_null(strstr(d->refused, "msgpack"));
}

static void a_node_may_not_speak_as_a_master(void **state)
{
    struct door *d = *state;
    struct nodewire m = hello("first");
    node_hello(d, &m);
    UNTIL(d, d->synced == 1);
    node_send(d, &(struct nodewire){.type = NODEWIRE_SYNCED});
    UNTIL(d, d->closed == 1);
    assert_string_equal(d->refused, "a message that no node sends");
}

int main(void)
{
    trace_level = TRACE_ERROR;
#define STORY(name) cmocka_unit_test_setup_teardown(name, door_open, door_close)
    const struct CMUnitTest tests[] = {
        STORY(a_node_with_a_token_joins_and_gets_its_pods_with_opened_secrets),
        STORY(a_secret_of_many_pods_is_opened_once_and_anew_when_it_changed),
        STORY(a_wrong_token_is_refused_with_the_reason),
        STORY(a_withdrawn_token_lets_nobody_in_any_more),
        STORY(strangers_are_shown_out),
        STORY(a_node_may_not_speak_as_a_master),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
