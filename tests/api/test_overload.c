/* Flow control at the front door: what clients see of it. The core stands still when a test says
 * so, so that requests pile up. */
#include "api/local_http.h"

#include "api/flow.h"
#include "net/pki.h"

#include <unistd.h>

#define CONFIGMAPS "/api/v1/namespaces/default/configmaps"

static char dir[64];
static struct tls_config *server_tls, *client_tls;

static const struct flow_bounds few[FLOW_CLASSES] = {
    [FLOW_READ] = {4, 2, 2, 10000},
    [FLOW_LIST] = {4, 2, 2, 10000},
    [FLOW_WRITE] = {2, 1, 1, 100},
    [FLOW_STREAM] = {3, 2, 0, 0},
};

static const char *file(const char *name)
{
    static char path[4][128];
    static unsigned turn;
    char *to = path[turn++ % 4];
    snprintf(to, sizeof path[0], "%s/%s", dir, name);
    return to;
}

static int make_files(void **state)
{
    (void)state;
    static const char *const names[] = {"127.0.0.1", NULL};
    struct pki_request request = {.common_name = "server", .names = names, .days = 1};
    struct error err = {0};
    snprintf(dir, sizeof dir, "/tmp/logship-overload-XXXXXX");
    assert_non_null(mkdtemp(dir));
    assert_int_equal(pki_make_ca(file("ca"), file("ca.key"), "test", &err), 0);
    assert_int_equal(
        pki_issue(file("ca"), file("ca.key"), &request, file("crt"), file("key"), &err), 0);
    assert_int_equal(
        tls_config_load(&server_tls, file("crt"), file("key"), file("ca"), TLS_PEER_OPTIONAL, &err),
        0);
    assert_int_equal(tls_config_client(&client_tls, file("ca"), &err), 0);
    FILE *tokens = fopen(file("tokens"), "we");
    fputs("a,ann\nb,bob\nr,root,1,system:masters\n", tokens);
    fclose(tokens);
    return 0;
}

static int remove_files(void **state)
{
    (void)state;
    static const char *const names[] = {"ca", "ca.key", "crt", "key", "tokens"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) unlink(file(names[i]));
    rmdir(dir);
    tls_config_free(server_tls);
    tls_config_free(client_tls);
    return 0;
}

static int setup(void **state)
{
    struct local_cluster *c = local_cluster_new();
    *state = c;
    c->tls = server_tls;
    c->client_tls = client_tls;
    c->tokens_file = file("tokens");
    c->flow = few;
    return local_cluster_listen(c, "127.0.0.1:0");
}

static void turn_for(struct local_cluster *c, unsigned ms)
{
    uint64_t until = uv_hrtime() + ms * 1000000ull;
    for (unsigned turns = 0; uv_hrtime() < until || turns < 300; turns++) /* also when time flies */
        uv_run(&c->loop, UV_RUN_NOWAIT);
}

static struct answer *create(struct local_cluster *c, char token, const char *name)
{
    mem_auto char *header = mem_printf("Authorization: Bearer %c\r\n", token);
    mem_auto char *body = mem_printf("{\"metadata\":{\"name\":\"%s\"}}", name);
    struct answer *a = ask_begin(c, "POST", CONFIGMAPS, header, str_of(body));
    turn_for(c, 30); /* it arrives before the next */
    return a;
}

static struct answer *watch(struct local_cluster *c, char token)
{
    mem_auto char *header = mem_printf("Authorization: Bearer %c\r\n", token);
    struct answer *a = ask_begin(c, "GET", CONFIGMAPS "?watch=1", header, (struct str){0});
    uint64_t until = uv_hrtime() + 60000000000ull;
    while (!a->status && uv_hrtime() < until) uv_run(&c->loop, UV_RUN_ONCE);
    return a;
}

static void assert_too_many(struct local_cluster *c, struct answer *a)
{
    ask_wait(c, a);
    assert_int_equal(a->status, 429);
    assert_int_equal(json_parse(a->body.data, a->body.len, &a->doc, NULL), 0);
    struct mp doc = mp_read(a->doc.data, a->doc.len);
    assert_text(doc, "kind", "Status");
    assert_text(doc, "reason", "TooManyRequests");
    assert_text(doc, "details.kind", "configmaps");
    assert_int_equal(number_at(doc, "details.retryAfterSeconds"), 1);
    assert_int_equal(number_at(doc, "code"), 429);
    answer_free(c, a);
}

static void assert_created(struct local_cluster *c, struct answer *a)
{
    ask_wait(c, a);
    assert_int_equal(a->status, 201);
    answer_free(c, a);
}

static void freeze(struct local_cluster *c)
{
    uv_check_stop(&c->check);
}

static void thaw(struct local_cluster *c)
{
    uv_check_start(&c->check, local_turn);
    uv_async_send(&c->wake);
}

static void who_asks_too_much_is_told_to_come_back_and_others_are_served(void **state)
{
    struct local_cluster *c = *state;
    freeze(c);
    struct answer *first = create(c, 'a', "a1"), *second = create(c, 'a', "a2");
    assert_too_many(c, create(c, 'a', "a3"));
    struct answer *other = create(c, 'b', "b1");
    assert_false(first->done || second->done || other->done);
    thaw(c);
    assert_created(c, first);
    assert_created(c, second);
    assert_created(c, other);
    assert_created(c, create(c, 'a', "a3"));
}

static void a_client_that_vanishes_from_the_queue_frees_its_place(void **state)
{
    struct local_cluster *c = *state;
    freeze(c);
    struct answer *first = create(c, 'a', "a1");
    answer_free(c, create(c, 'a', "a2"));
    struct answer *third = create(c, 'a', "a3");
    thaw(c);
    assert_created(c, first);
    assert_created(c, third);
    assert_created(c, create(c, 'a', "a2")); /* it was never carried out */
}

/* A seat is given back when the work is over, not when its client has left. */
static void leaving_does_not_give_a_client_more_than_its_share(void **state)
{
    struct local_cluster *c = *state;
    freeze(c);
    answer_free(c, create(c, 'a', "a1"));
    struct answer *second = create(c, 'a', "a2");
    assert_too_many(c, create(c, 'a', "a3"));
    thaw(c);
    assert_created(c, second);
}

static void waiting_has_an_end(void **state)
{
    struct local_cluster *c = *state;
    freeze(c);
    struct answer *first = create(c, 'a', "a1");
    assert_too_many(c, create(c, 'a', "a2")); /* answered although nothing else moves */
    assert_false(first->done);
    thaw(c);
    assert_created(c, first);
}

static void masters_always_come_in(void **state)
{
    struct local_cluster *c = *state;
    struct answer *all[6];
    freeze(c);
    for (unsigned i = 0; i < 6; i++) {
        char name[8];
        snprintf(name, sizeof name, "r%u", i);
        all[i] = create(c, 'r', name);
    }
    thaw(c);
    for (unsigned i = 0; i < 6; i++) assert_created(c, all[i]);
}

static void watches_are_counted_apart(void **state)
{
    struct local_cluster *c = *state;
    struct answer *one = watch(c, 'a'), *two = watch(c, 'a');
    assert_int_equal(one->status, 200);
    assert_int_equal(two->status, 200);
    assert_too_many(c, watch(c, 'a'));
    struct answer *other = watch(c, 'b');
    assert_int_equal(other->status, 200);
    assert_created(c, create(c, 'a', "a1")); /* they take no seat */
    watch_wait(c, one, 1);
    answer_free(c, one);
    turn_for(c, 50);
    struct answer *again = watch(c, 'a');
    assert_int_equal(again->status, 200);
    watch_wait(c, again, 1);
    answer_free(c, two);
    answer_free(c, other);
    answer_free(c, again);
}

/* Bodies that take long to read are taken in turn; a small request overtakes them. */
static void large_bodies_are_all_served(void **state)
{
    struct local_cluster *c = *state;
    buf_auto struct buf body = BUF_INIT;
    buf_puts(&body, "{\"metadata\":{\"name\":\"large\"},\"data\":{\"k\":\"");
    for (unsigned i = 0; i < 20000; i++) buf_puts(&body, "0123456789");
    buf_puts(&body, "\"}}");
    struct answer *a = ask_begin(c, "POST", CONFIGMAPS, "Authorization: Bearer a\r\n",
                                 (struct str){body.data, body.len});
    assert_created(c, a);
    a = ask_begin(c, "POST", CONFIGMAPS, "Authorization: Bearer a\r\n",
                  (struct str){body.data, body.len});
    answer_free(c, a); /* leaves before it is looked at */
    assert_created(c, create(c, 'a', "small"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, local_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(who_asks_too_much_is_told_to_come_back_and_others_are_served),
        TEST(a_client_that_vanishes_from_the_queue_frees_its_place),
        TEST(leaving_does_not_give_a_client_more_than_its_share),
        TEST(waiting_has_an_end),
        TEST(masters_always_come_in),
        TEST(watches_are_counted_apart),
        TEST(large_bodies_are_all_served),
    };
    return cmocka_run_group_tests(tests, make_files, remove_files);
}
