/* The HTTP server alone: answers every request with a fixed 300-byte JSON, for wrk to lean on.
 *
 *   bench_http ADDRESS [CERT KEY [CA]]     (no certificate: plain HTTP)
 *   bench_http --pki DIR                   (makes ca.crt, server.crt, admin.crt and their keys
 * there)
 *
 * GET /memory tells the resident bytes of the process, /whoami the name in the client's
 * certificate; GET /drip streams ten lines, one each 100 ms. */
#include "base/mem.h"
#include "net/http_server.h"
#include "net/pki.h"

#include <stdio.h>
#include <unistd.h>
#include <uv.h>

static char bench_answer[301];

struct bench_drip {
    uv_timer_t timer;
    struct http_exchange *x;
    int left;
};

static void bench_drip_freed(uv_handle_t *h)
{
    mem_free(h);
}

static void bench_drip_gone(struct http_exchange *x, void *data)
{
    (void)x;
    struct bench_drip *d = data;
    uv_close((uv_handle_t *)&d->timer, bench_drip_freed);
}

static void bench_drip_on_timer(uv_timer_t *t)
{
    struct bench_drip *d = (struct bench_drip *)t;
    http_stream_write(d->x, "drip\n", 5);
    if (--d->left) return;
    uv_timer_stop(t);
    http_stream_end(d->x);
}

static void bench_drip_start(uv_loop_t *loop, struct http_exchange *x)
{
    struct bench_drip *d = mem_new(struct bench_drip);
    d->x = x;
    d->left = 10;
    uv_timer_init(loop, &d->timer);
    uv_timer_start(&d->timer, bench_drip_on_timer, 100, 100);
    http_set_data(x, d, bench_drip_gone);
    http_stream_begin(x, 200, "text/plain", NULL);
}

static void bench_memory(struct http_exchange *x)
{
    long pages = 0, resident = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (f) {
        if (fscanf(f, "%ld %ld", &pages, &resident) != 2) resident = 0;
        fclose(f);
    }
    char text[32];
    int n = snprintf(text, sizeof text, "%ld\n", resident * sysconf(_SC_PAGESIZE));
    http_reply(x, 200, "text/plain", NULL, text, (size_t)n);
}

static void bench_handle(void *ctx, struct http_exchange *x)
{
    if (str_is(http_path(x), "/memory"))
        bench_memory(x);
    else if (str_is(http_path(x), "/whoami"))
        http_reply(x, 200, "text/plain", NULL, http_peer(x)->common_name,
                   strlen(http_peer(x)->common_name));
    else if (str_is(http_path(x), "/drip"))
        bench_drip_start(ctx, x);
    else
        http_reply(x, 200, "application/json", NULL, bench_answer, strlen(bench_answer));
}

static int bench_pki(const char *dir)
{
    struct error err = {0};
    mem_auto char *ca = mem_printf("%s/ca.crt", dir), *ca_key = mem_printf("%s/ca.key", dir);
    if (pki_make_ca(ca, ca_key, "bench-ca", &err) != 0) return puts(err.text), 1;
    static const char *const names[] = {"localhost", "127.0.0.1", "::1", NULL};
    static const char *const groups[] = {"system:masters", NULL};
    const struct pki_request requests[] = {
        {.common_name = "server", .names = names, .days = 30},
        {.common_name = "admin", .organizations = groups, .days = 30},
    };
    for (int i = 0; i < 2; i++) {
        mem_auto char *cert = mem_printf("%s/%s.crt", dir, requests[i].common_name);
        mem_auto char *key = mem_printf("%s/%s.key", dir, requests[i].common_name);
        if (pki_issue(ca, ca_key, &requests[i], cert, key, &err) != 0) return puts(err.text), 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--pki") == 0) return bench_pki(argv[2]);
    if (argc != 2 && argc != 4 && argc != 5) return puts("bench_http ADDRESS [CERT KEY [CA]]"), 2;
    snprintf(bench_answer, sizeof bench_answer, "{\"kind\":\"Bench\"%*s", 285, "}");
    struct error err = {0};
    struct tls_config *tls = NULL;
    const char *ca = argc == 5 ? argv[4] : NULL;
    if (argc > 2 && tls_config_load(&tls, argv[2], argv[3], ca,
                                    ca ? TLS_PEER_OPTIONAL : TLS_PEER_NONE, &err) != 0)
        return puts(err.text), 1;
    struct http_server_options options = {
        .loop = uv_default_loop(),
        .address = argv[1],
        .tls = tls,
        .handle = bench_handle,
        .ctx = uv_default_loop(),
    };
    struct http_server *server;
    if (http_server_start(&server, &options, &err) != 0) return puts(err.text), 1;
    printf("listening on %s\n", http_server_address(server));
    fflush(stdout);
    return uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}
