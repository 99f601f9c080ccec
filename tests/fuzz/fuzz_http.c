/* Whatever bytes come in on an HTTP port: every request that reaches the handler is well formed,
 * the answer begins as HTTP, the connection ends, and cutting the bytes into other pieces changes
 * neither how many requests are handled nor what they say. */
#include "net/http_server.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

enum { FUZZ_BODY_MAX = 4096, FUZZ_INPUT_MAX = 16 * 1024 };

struct fuzz_seen {
    unsigned requests;
    uint64_t sum;
};

static struct fuzz_seen fuzz_seen;

static void fuzz_note(struct str text)
{
    for (size_t i = 0; i < text.n; i++)
        fuzz_seen.sum = (fuzz_seen.sum ^ (unsigned char)text.p[i]) * 1099511628211u;
    fuzz_seen.sum = (fuzz_seen.sum ^ text.n) * 1099511628211u;
}

static void fuzz_handle(void *ctx, struct http_exchange *x)
{
    (void)ctx;
    fuzz_seen.requests++;
    struct str path = http_path(x);
    assert(path.n && !memchr(path.p, 0, path.n));
    assert(http_body(x).n <= FUZZ_BODY_MAX);
    fuzz_note(http_method(x));
    fuzz_note(path);
    fuzz_note(http_param(x, "a"));
    fuzz_note(http_param_at(x, "labelSelector", 1));
    fuzz_note(http_header(x, "accept"));
    fuzz_note(http_body(x));
    if (fuzz_seen.requests % 2) {
        http_reply(x, 200, "text/plain", NULL, "yes", 3);
    } else {
        http_stream_begin(x, 200, "text/plain", NULL);
        http_stream_write(x, "yes", 3);
        http_stream_end(x);
    }
}

static uv_loop_t *fuzz_loop(struct sockaddr_in *to)
{
    static uv_loop_t loop;
    static struct http_server *server;
    static struct sockaddr_in sa;
    if (!server) {
        uv_loop_init(&loop);
        struct http_server_options options = {.loop = &loop,
                                              .address = "127.0.0.1:0",
                                              .body_max = FUZZ_BODY_MAX,
                                              .handle = fuzz_handle};
        int started = http_server_start(&server, &options, NULL);
        assert(started == 0);
        const char *port = strrchr(http_server_address(server), ':') + 1;
        sa = (struct sockaddr_in){.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)atoi(port)),
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    }
    *to = sa;
    return &loop;
}

static void fuzz_hear(uv_loop_t *loop, int fd)
{
    char piece[4096];
    bool first = true;
    for (;;) {
        uv_run(loop, UV_RUN_NOWAIT);
        ssize_t n = recv(fd, piece, sizeof piece, MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno == ECONNRESET)) return;
        assert(n < 0 || !first || n < 9 || memcmp(piece, "HTTP/1.1 ", 9) == 0);
        first = first && n < 0;
    }
}

static struct fuzz_seen fuzz_send(const uint8_t *data, size_t n, size_t piece)
{
    struct sockaddr_in to;
    uv_loop_t *loop = fuzz_loop(&to);
    fuzz_seen = (struct fuzz_seen){0};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int connected = connect(fd, (struct sockaddr *)&to, sizeof to);
    /* The fuzzer's alarm may interrupt it: it goes on by itself, and send() waits for it. */
    if (connected && errno != EINTR) perror("connect");
    assert(connected == 0 || errno == EINTR);
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, 1 /* TCP_NODELAY */, &on, sizeof on);
    for (size_t at = 0; at < n; at += piece) {
        size_t most = n - at < piece ? n - at : piece;
        ssize_t sent = send(fd, data + at, most, MSG_NOSIGNAL);
        while (sent < 0 && errno == EINTR) sent = send(fd, data + at, most, MSG_NOSIGNAL);
        if (sent < 0) break;
        uv_run(loop, UV_RUN_NOWAIT);
    }
    shutdown(fd, SHUT_WR);
    fuzz_hear(loop, fd);
    close(fd);
    return fuzz_seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n < 2 || n > FUZZ_INPUT_MAX) return 0;
    size_t piece = 1 + data[0] % 64;
    if (n / piece > 512) piece = n / 512 + 1;
    struct fuzz_seen whole = fuzz_send(data + 1, n - 1, n);
    struct fuzz_seen cut = fuzz_send(data + 1, n - 1, piece);
    assert(whole.requests == cut.requests && whole.sum == cut.sum);
    return 0;
}
