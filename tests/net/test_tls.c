#include "net/fixture.h"

#include "net/link.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

struct end {
    struct link *link;
    struct tls_peer peer;
    struct error why;
    bool opened, closed;
    unsigned frames;
};

struct story {
    uv_loop_t loop;
    struct link_listener *listener;
    struct tls_config *server_tls, *client_tls;
    struct end server, client;
    bool listener_closed;
};

static void end_on_open(struct link *l)
{
    struct end *e = link_data(l);
    e->opened = true;
    e->peer = *link_peer(l);
}

static void end_on_frame(struct link *l, const void *bytes, size_t n)
{
    (void)bytes;
    (void)n;
    ((struct end *)link_data(l))->frames++;
}

static void end_on_closed(struct link *l, const struct error *why)
{
    struct end *e = link_data(l);
    e->why = *why;
    e->closed = true;
    e->link = NULL;
}

static const struct link_events end_events = {
    .open = end_on_open, .frame = end_on_frame, .closed = end_on_closed};

static void *story_on_accepted(void *arg, struct link *l)
{
    struct story *s = arg;
    s->server.link = l;
    return &s->server;
}

static void story_listen(struct story *s, enum tls_verify verify, unsigned handshake_ms)
{
    *s = (struct story){0};
    assert_int_equal(uv_loop_init(&s->loop), 0);
    s->server_tls = fixture_tls("server", verify);
    struct link_options options = {
        .tls = s->server_tls, .handshake_ms = handshake_ms, .events = end_events};
    struct error err = {0};
    if (link_listen(&s->listener, &s->loop, "127.0.0.1:0", false, &options, story_on_accepted, s,
                    &err) != 0)
        fail_msg("%s", err.text);
}

static void story_call(struct story *s, struct tls_config *tls)
{
    s->client_tls = tls;
    struct link_options options = {.tls = tls, .events = end_events};
    s->client.link =
        link_connect(&s->loop, link_listener_address(s->listener), &options, &s->client);
}

static void story_on_listener_closed(void *arg)
{
    ((struct story *)arg)->listener_closed = true;
}

static void story_end(struct story *s)
{
    if (s->client.link) link_close(s->client.link, 0, NULL);
    if (s->server.link) link_close(s->server.link, 0, NULL);
    link_listener_close(s->listener, story_on_listener_closed, s);
    fixture_wait(&s->loop, &s->listener_closed, "the listener to close");
    fixture_loop_end(&s->loop);
    tls_config_free(s->server_tls);
    tls_config_free(s->client_tls);
}

static void both_sides_know_who_the_other_is(void **state)
{
    (void)state;
    struct story s;
    story_listen(&s, TLS_PEER_REQUIRED, 0);
    story_call(&s, fixture_tls("alice", TLS_PEER_REQUIRED));
    fixture_wait(&s.loop, &s.server.opened, "the server's side");
    fixture_wait(&s.loop, &s.client.opened, "the client's side");
    assert_string_equal(s.server.peer.common_name, "alice");
    assert_int_equal(s.server.peer.organization_count, 2);
    assert_string_equal(s.server.peer.organizations[0], "sailors");
    assert_string_equal(s.server.peer.organizations[1], "cooks");
    assert_string_equal(s.client.peer.common_name, "server");
    assert_int_equal(s.client.peer.organization_count, 0);
    story_end(&s);
}

static void a_certificate_of_another_ca_is_refused(void **state)
{
    (void)state;
    enum tls_verify modes[] = {TLS_PEER_REQUIRED, TLS_PEER_OPTIONAL};
    for (int i = 0; i < 2; i++) {
        struct story s;
        story_listen(&s, modes[i], 0);
        story_call(&s, fixture_tls("mallory", TLS_PEER_REQUIRED));
        fixture_wait(&s.loop, &s.server.closed, "the server to hang up");
        fixture_wait(&s.loop, &s.client.closed, "the client to be told");
        assert_false(s.server.opened);
        assert_int_equal(s.server.why.code, E_DENIED);
        assert_int_equal(s.client.why.code, E_DENIED);
        assert_non_null(strstr(s.client.why.text, "alert"));
        story_end(&s);
    }
}

static void a_client_without_certificate_is_refused_only_where_one_is_required(void **state)
{
    (void)state;
    for (int optional = 0; optional < 2; optional++) {
        struct story s;
        struct tls_config *tls = NULL;
        story_listen(&s, optional ? TLS_PEER_OPTIONAL : TLS_PEER_REQUIRED, 0);
        assert_int_equal(tls_config_client(&tls, fixture_file("ca.crt"), NULL), 0);
        story_call(&s, tls);
        if (optional) {
            fixture_wait(&s.loop, &s.server.opened, "the link");
            assert_string_equal(s.server.peer.common_name, "");
        } else {
            fixture_wait(&s.loop, &s.server.closed, "the server to hang up");
            assert_false(s.server.opened);
        }
        story_end(&s);
    }
}

static void a_server_of_another_ca_is_not_trusted(void **state)
{
    (void)state;
    struct story s;
    story_listen(&s, TLS_PEER_OPTIONAL, 0);
    struct tls_config *tls = NULL;
    assert_int_equal(tls_config_client(&tls, fixture_file("other.crt"), NULL), 0);
    story_call(&s, tls);
    fixture_wait(&s.loop, &s.client.closed, "the client to hang up");
    assert_int_equal(s.client.why.code, E_DENIED);
    assert_false(s.client.opened);
    story_end(&s);
}

static void unchecked_peers_prove_nothing(void **state)
{
    (void)state;
    struct story s;
    story_listen(&s, TLS_PEER_NONE, 0);
    story_call(&s, fixture_tls("mallory", TLS_PEER_NONE));
    fixture_wait(&s.loop, &s.server.opened, "the server's side");
    fixture_wait(&s.loop, &s.client.opened, "the client's side");
    assert_string_equal(s.server.peer.common_name, "");
    assert_string_equal(s.client.peer.common_name, "");
    story_end(&s);
}

static void garbage_and_silence_end_a_handshake(void **state)
{
    (void)state;
    static const char *const openings[] = {"GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01\x02", ""};
    static const int codes[] = {E_DENIED, E_TIMEOUT, E_TIMEOUT};
    for (int i = 0; i < 3; i++) {
        struct story s;
        story_listen(&s, TLS_PEER_REQUIRED, codes[i] == E_TIMEOUT ? 50 : 0);
        int fd = blunt_connect(link_listener_address(s.listener));
        blunt_say(fd, openings[i], strlen(openings[i]));
        buf_auto struct buf heard = BUF_INIT;
        blunt_hear(&s.loop, fd, &heard, NULL);
        close(fd);
        assert_true(heard.len <= 7); /* at most an alert */
        fixture_wait(&s.loop, &s.server.closed, "the server to hang up");
        assert_false(s.server.opened);
        assert_int_equal(s.server.why.code, codes[i]);
        story_end(&s);
    }
}

static void certificates_are_what_others_expect_of_them(void **state)
{
    (void)state;
    FILE *f = fopen(fixture_file("alice.crt"), "r");
    assert_non_null(f);
    X509 *cert = PEM_read_X509(f, NULL, NULL, NULL);
    fclose(f);
    assert_non_null(cert);
    assert_int_equal(X509_check_ip_asc(cert, "127.0.0.1", 0), 1);
    assert_int_equal(X509_check_host(cert, "localhost", 0, 0, NULL), 1);
    assert_int_equal(X509_check_host(cert, "alice", 0, 0, NULL), 0);
    assert_int_equal(X509_check_purpose(cert, X509_PURPOSE_SSL_CLIENT, 0), 1);
    assert_int_equal(X509_check_purpose(cert, X509_PURPOSE_SSL_SERVER, 0), 1);
    assert_int_equal(X509_check_ca(cert), 0);
    assert_non_null(X509_get0_subject_key_id(cert));
    assert_non_null(X509_get0_authority_key_id(cert));
    const ASN1_INTEGER *serial = X509_get0_serialNumber(cert);
    assert_int_equal(ASN1_STRING_length(serial), 16);
    assert_int_equal(ASN1_STRING_type(serial), V_ASN1_INTEGER); /* not negative */
    X509_free(cert);
    struct stat st;
    assert_int_equal(stat(fixture_file("alice.key"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void a_node_can_sign_for_itself(void **state)
{
    (void)state;
    static const char *const names[] = {"::1", "node", NULL};
    struct pki_request request = {.common_name = "node", .names = names, .days = 1};
    struct error err = {0};
    assert_int_equal(
        pki_self_sign(&request, fixture_file("self.crt"), fixture_file("self.key"), &err), 0);
    struct tls_config *tls = NULL;
    assert_int_equal(tls_config_load(&tls, fixture_file("self.crt"), fixture_file("self.key"), NULL,
                                     TLS_PEER_NONE, &err),
                     0);
    tls_config_free(tls);
}

static void names_are_long_enough_for_any_node(void **state)
{
    (void)state;
    char name[257];
    memset(name, 'n', sizeof name);
    name[256] = '\0';
    struct pki_request request = {.common_name = name, .days = 1};
    struct error err = {0};
    assert_int_equal(pki_issue(fixture_file("ca.crt"), fixture_file("ca.key"), &request,
                               fixture_file("self.crt"), fixture_file("self.key"), &err),
                     E_INVALID);
    name[255] = '\0';
    assert_int_equal(pki_issue(fixture_file("ca.crt"), fixture_file("ca.key"), &request,
                               fixture_file("self.crt"), fixture_file("self.key"), &err),
                     0);
    struct story s;
    story_listen(&s, TLS_PEER_REQUIRED, 0);
    story_call(&s, fixture_tls("self", TLS_PEER_REQUIRED));
    fixture_wait(&s.loop, &s.server.opened, "the link");
    assert_string_equal(s.server.peer.common_name, name);
    story_end(&s);
}

static void what_cannot_be_loaded_or_issued_is_named(void **state)
{
    (void)state;
    struct tls_config *tls = NULL;
    struct error err = {0};
    assert_int_equal(tls_config_load(&tls, fixture_file("nobody.crt"), fixture_file("alice.key"),
                                     fixture_file("ca.crt"), TLS_PEER_REQUIRED, &err),
                     E_INVALID);
    assert_non_null(strstr(err.text, "nobody.crt"));
    assert_int_equal(tls_config_load(&tls, fixture_file("alice.crt"), fixture_file("server.key"),
                                     fixture_file("ca.crt"), TLS_PEER_REQUIRED, &err),
                     E_INVALID);
    assert_int_equal(tls_config_load(&tls, NULL, NULL, NULL, TLS_PEER_REQUIRED, &err), E_INVALID);
    struct pki_request request = {.common_name = "x", .days = 1};
    assert_int_equal(pki_issue(fixture_file("ca.crt"), fixture_file("other.key"), &request,
                               fixture_file("self.crt"), fixture_file("self.key"), &err),
                     E_INVALID);
    assert_int_equal(pki_issue(fixture_file("none.crt"), fixture_file("ca.key"), &request,
                               fixture_file("self.crt"), fixture_file("self.key"), &err),
                     E_IO);
    assert_int_equal(pki_make_ca("/nonexistent/ca.crt", "/nonexistent/ca.key", "ca", &err), E_IO);
    assert_null(tls);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_sides_know_who_the_other_is),
        cmocka_unit_test(a_certificate_of_another_ca_is_refused),
        cmocka_unit_test(a_client_without_certificate_is_refused_only_where_one_is_required),
        cmocka_unit_test(a_server_of_another_ca_is_not_trusted),
        cmocka_unit_test(unchecked_peers_prove_nothing),
        cmocka_unit_test(garbage_and_silence_end_a_handshake),
        cmocka_unit_test(certificates_are_what_others_expect_of_them),
        cmocka_unit_test(a_node_can_sign_for_itself),
        cmocka_unit_test(names_are_long_enough_for_any_node),
        cmocka_unit_test(what_cannot_be_loaded_or_issued_is_named),
    };
    return cmocka_run_group_tests(tests, fixture_pki, fixture_pki_gone);
}
