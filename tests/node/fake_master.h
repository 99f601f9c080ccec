/* A master's node listener as a test plays it: real TLS links, answers scripted by the test, and a
 * child process that runs the nodes. */
#ifndef LOGSHIP_TESTS_NODE_FAKE_MASTER_H
#define LOGSHIP_TESTS_NODE_FAKE_MASTER_H

#include "base/mem.h"
#include "net/link.h"
#include "net/pki.h"
#include "proto/nodewire.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include <cmocka.h>

struct fake_master {
    uv_loop_t loop;
    uv_timer_t limit;
    struct tls_config *tls;
    struct link_listener *listener;
    char dir[64], address[32], ca[96];
    pid_t child;
    void (*said)(struct fake_master *f, struct link *l, const struct nodewire *m);
    void *data;
    unsigned closed;
    bool timed_out;
};

static inline void fake_on_frame(struct link *l, const void *bytes, size_t n)
{
    struct fake_master *f = link_data(l);
    struct nodewire m;
    struct error err = {0};
    if (nodewire_read(bytes, n, &m, &err) < 0) {
        print_message("fake master: %s\n", err.text);
        link_close(l, E_INVALID, err.text);
        return;
    }
    f->said(f, l, &m);
}

static inline void fake_on_closed(struct link *l, const struct error *why)
{
    (void)why;
    ((struct fake_master *)link_data(l))->closed++;
}

static inline void *fake_on_accept(void *arg, struct link *l)
{
    (void)l;
    return arg;
}

static inline void fake_say(struct link *l, const struct nodewire *m)
{
    struct buf buf_auto frame = BUF_INIT;
    nodewire_write(m, &frame);
    link_send(l, frame.data, frame.len, NULL, NULL);
}

static inline void fake_on_limit(uv_timer_t *t)
{
    struct fake_master *f = t->data;
    f->timed_out = true;
    uv_stop(&f->loop);
}

static inline void fake_open(struct fake_master *f)
{
    struct error err = {0};
    *f = (struct fake_master){0};
    strcpy(f->dir, "/tmp/logship-node-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    snprintf(f->ca, sizeof f->ca, "%s/ca.crt", f->dir);
    char cakey[96], crt[96], key[96];
    snprintf(cakey, sizeof cakey, "%s/ca.key", f->dir);
    snprintf(crt, sizeof crt, "%s/m.crt", f->dir);
    snprintf(key, sizeof key, "%s/m.key", f->dir);
    assert_int_equal(pki_make_ca(f->ca, cakey, "test", &err), 0);
    const char *const names[] = {"127.0.0.1", "localhost", NULL};
    struct pki_request request = {.common_name = "m1", .names = names, .days = 1};
    assert_int_equal(pki_issue(f->ca, cakey, &request, crt, key, &err), 0);
    assert_int_equal(tls_config_load(&f->tls, crt, key, f->ca, TLS_PEER_OPTIONAL, &err), 0);
    uv_loop_init(&f->loop);
    uv_timer_init(&f->loop, &f->limit);
    f->limit.data = f;
    struct link_options options = {.tls = f->tls,
                                   .events = {.frame = fake_on_frame, .closed = fake_on_closed}};
    int rc = -1;
    for (int i = 0; rc < 0 && i < 20; i++) {
        snprintf(f->address, sizeof f->address, "127.0.0.1:%d",
                 20000 + (getpid() * 7 + i * 131) % 20000);
        rc = link_listen(&f->listener, &f->loop, f->address, false, &options, fake_on_accept, f,
                         &err);
    }
    assert_int_equal(rc, 0);
}

/* Runs until the test calls uv_stop; fails when that takes too long. */
static inline void fake_run(struct fake_master *f, unsigned limit_ms)
{
    uv_timer_start(&f->limit, fake_on_limit, limit_ms, 0);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_false(f->timed_out);
}

static inline int fake_stop_child(struct fake_master *f)
{
    int status = -1;
    if (f->child <= 0) return 0;
    kill(f->child, SIGTERM);
    for (int i = 0; i < 500 && waitpid(f->child, &status, WNOHANG) == 0; i++) {
        uv_run(&f->loop, UV_RUN_NOWAIT);
        usleep(10 * 1000);
    }
    f->child = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static inline void fake_close(struct fake_master *f)
{
    fake_stop_child(f);
    link_listener_close(f->listener, NULL, NULL);
    uv_close((uv_handle_t *)&f->limit, NULL);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    uv_loop_close(&f->loop);
    tls_config_free(f->tls);
    mem_auto char *rm = mem_printf("rm -rf %s", f->dir);
    assert_int_equal(system(rm), 0); // NOLINT: a directory of ours
}

#endif
