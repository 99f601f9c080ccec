/* What the tests of this room share: a loop, a throw-away CA with certificates, and a blunt client
 * socket that says exactly the bytes it is told. */
#ifndef LOGSHIP_TESTS_NET_FIXTURE_H
#define LOGSHIP_TESTS_NET_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "net/pki.h"
#include "net/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

static char fixture_dir[64];

static inline const char *fixture_file(const char *name)
{
    static char paths[8][128];
    static unsigned turn;
    char *path = paths[turn++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", fixture_dir, name);
    return path;
}

static inline void fixture_issue(const char *ca, const char *name, const char *const *organizations)
{
    static const char *const names[] = {"localhost", "127.0.0.1", NULL};
    struct pki_request request = {
        .common_name = name, .organizations = organizations, .names = names, .days = 1};
    char from[2][32], to[2][32];
    snprintf(from[0], sizeof from[0], "%s.crt", ca);
    snprintf(from[1], sizeof from[1], "%s.key", ca);
    snprintf(to[0], sizeof to[0], "%s.crt", name);
    snprintf(to[1], sizeof to[1], "%s.key", name);
    struct error err = {0};
    assert_int_equal(pki_issue(fixture_file(from[0]), fixture_file(from[1]), &request,
                               fixture_file(to[0]), fixture_file(to[1]), &err),
                     0);
}

/* The cluster's CA "ca" with certificates "server" and "alice"; "mallory" has one from a CA of its
 * own. */
static inline int fixture_pki(void **state)
{
    (void)state;
    snprintf(fixture_dir, sizeof fixture_dir, "/tmp/logship-net-XXXXXX");
    assert_non_null(mkdtemp(fixture_dir));
    static const char *const groups[] = {"sailors", "cooks", NULL};
    assert_int_equal(pki_make_ca(fixture_file("ca.crt"), fixture_file("ca.key"), "ca", NULL), 0);
    assert_int_equal(pki_make_ca(fixture_file("other.crt"), fixture_file("other.key"), "ca", NULL),
                     0);
    fixture_issue("ca", "server", NULL);
    fixture_issue("ca", "alice", groups);
    fixture_issue("other", "mallory", groups);
    return 0;
}

static inline int fixture_pki_gone(void **state)
{
    (void)state;
    static const char *const stems[] = {"ca", "other", "server", "alice", "mallory", "self"};
    for (size_t i = 0; i < sizeof stems / sizeof *stems; i++) {
        char name[32];
        snprintf(name, sizeof name, "%s.crt", stems[i]);
        unlink(fixture_file(name));
        snprintf(name, sizeof name, "%s.key", stems[i]);
        unlink(fixture_file(name));
    }
    return rmdir(fixture_dir);
}

static inline struct tls_config *fixture_tls(const char *who, enum tls_verify verify)
{
    struct tls_config *tls = NULL;
    struct error err = {0};
    char cert[32], key[32];
    snprintf(cert, sizeof cert, "%s.crt", who);
    snprintf(key, sizeof key, "%s.key", who);
    int result = tls_config_load(&tls, fixture_file(cert), fixture_file(key),
                                 fixture_file("ca.crt"), verify, &err);
    if (result != 0) fail_msg("%s", err.text);
    return tls;
}

enum { PATIENCE_S = 60 }; /* for machines that have a lot to do; nothing is measured by it */

/* Turns the loop until *flag, or fails when that takes too long. */
static inline void fixture_wait(uv_loop_t *loop, const bool *flag, const char *what)
{
    uint64_t end = uv_hrtime() + PATIENCE_S * 1000000000ull;
    while (!*flag) {
        uv_run(loop, UV_RUN_NOWAIT);
        if (uv_hrtime() > end) fail_msg("waited in vain for: %s", what);
        if (!*flag) usleep(200);
    }
}

static inline void fixture_loop_end(uv_loop_t *loop)
{
    uv_run(loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(loop), 0);
}

/* The blunt client. */
static inline int blunt_connect(const char *address)
{
    struct sockaddr_in sa = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)atoi(strrchr(address, ':') + 1)),
                             .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof sa), 0);
    return fd;
}

static inline void blunt_say(int fd, const void *bytes, size_t n)
{
    /* The server may have hung up in the middle of it, and is allowed to. */
    for (const char *p = bytes; n;) {
        ssize_t sent = send(fd, p, n, MSG_NOSIGNAL);
        if (sent < 0) return;
        p += sent;
        n -= (size_t)sent;
    }
}

/* Reads what comes until `until` was seen (NULL: until the other side closes). False: closed
 * before. */
static inline bool blunt_hear(uv_loop_t *loop, int fd, struct buf *heard, const char *until)
{
    uint64_t end = uv_hrtime() + PATIENCE_S * 1000000000ull;
    for (;;) {
        uv_run(loop, UV_RUN_NOWAIT);
        char piece[16384];
        ssize_t n = recv(fd, piece, sizeof piece, MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno == ECONNRESET)) return until == NULL;
        if (n > 0) buf_append(heard, piece, (size_t)n);
        if (n > 0 && until && memmem(heard->data, heard->len, until, strlen(until))) return true;
        if (n < 0) usleep(200);
        if (uv_hrtime() > end) fail_msg("waited in vain for \"%s\"", until ? until : "the end");
    }
}

/* The blunt server: a listening socket, and one connection at a time taken from it. */
static inline int blunt_listen(char address[32])
{
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t n = sizeof sa;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof sa), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &n), 0);
    snprintf(address, 32, "127.0.0.1:%u", ntohs(sa.sin_port));
    return fd;
}

static inline int blunt_accept(uv_loop_t *loop, int listener)
{
    for (uint64_t end = uv_hrtime() + PATIENCE_S * 1000000000ull; uv_hrtime() < end;) {
        uv_run(loop, UV_RUN_NOWAIT);
        int fd = accept(listener, NULL, NULL);
        if (fd >= 0) return fd;
        usleep(200);
    }
    fail_msg("nobody connected");
    return -1;
}

#endif
