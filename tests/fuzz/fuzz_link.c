/* Whatever bytes come in on a link's port, in whatever pieces: exactly the frames that a plain
 * reading of the bytes gives are delivered, and a length above the limit closes the link. */
#include "net/link.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

enum { FUZZ_FRAME_MAX = 300, FUZZ_INPUT_MAX = 16 * 1024 };

static struct {
    const uint8_t *expected;
    size_t left;
    unsigned frames;
    bool closed;
    int why;
} fuzz;

static size_t fuzz_size(const uint8_t *b)
{
    return (size_t)b[0] << 24 | (size_t)b[1] << 16 | (size_t)b[2] << 8 | b[3];
}

static void fuzz_on_frame(struct link *l, const void *bytes, size_t n)
{
    (void)l;
    assert(fuzz.left >= 4 && fuzz_size(fuzz.expected) == n && fuzz.left - 4 >= n);
    assert(memcmp(fuzz.expected + 4, bytes, n) == 0);
    fuzz.expected += 4 + n;
    fuzz.left -= 4 + n;
    fuzz.frames++;
}

static void fuzz_on_closed(struct link *l, const struct error *why)
{
    (void)l;
    fuzz.closed = true;
    fuzz.why = why->code;
}

static void *fuzz_on_accepted(void *arg, struct link *l)
{
    (void)l;
    return arg;
}

static uv_loop_t *fuzz_loop(struct sockaddr_in *to)
{
    static uv_loop_t loop;
    static struct link_listener *listener;
    static struct sockaddr_in sa;
    if (!listener) {
        uv_loop_init(&loop);
        struct link_options options = {
            .frame_max = FUZZ_FRAME_MAX,
            .events = {.frame = fuzz_on_frame, .closed = fuzz_on_closed},
        };
        int listening = link_listen(&listener, &loop, "127.0.0.1:0", false, &options,
                                    fuzz_on_accepted, &fuzz, NULL);
        assert(listening == 0);
        const char *port = strrchr(link_listener_address(listener), ':') + 1;
        sa = (struct sockaddr_in){.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)atoi(port)),
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    }
    *to = sa;
    return &loop;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n < 2 || n > FUZZ_INPUT_MAX) return 0;
    struct sockaddr_in to;
    uv_loop_t *loop = fuzz_loop(&to);
    size_t piece = 1 + data[0] % 128;
    data++;
    n--;
    if (n / piece > 512) piece = n / 512 + 1;
    memset(&fuzz, 0, sizeof fuzz);
    fuzz.expected = data;
    fuzz.left = n;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int connected = connect(fd, (struct sockaddr *)&to, sizeof to);
    /* The fuzzer's alarm may interrupt it: it goes on by itself, and send() waits for it. */
    if (connected && errno != EINTR) perror("connect");
    assert(connected == 0 || errno == EINTR);
    for (size_t at = 0; at < n; at += piece) {
        size_t most = n - at < piece ? n - at : piece;
        ssize_t sent = send(fd, data + at, most, MSG_NOSIGNAL);
        while (sent < 0 && errno == EINTR) sent = send(fd, data + at, most, MSG_NOSIGNAL);
        if (sent < 0) break;
        uv_run(loop, UV_RUN_NOWAIT);
    }
    shutdown(fd, SHUT_WR);
    while (!fuzz.closed) uv_run(loop, UV_RUN_NOWAIT);
    close(fd);
    /* What is left is no whole frame, or one that is too large. */
    bool large = fuzz.left >= 4 && fuzz_size(fuzz.expected) > FUZZ_FRAME_MAX;
    assert(large || fuzz.left < 4 || fuzz.left - 4 < fuzz_size(fuzz.expected));
    assert(fuzz.why == (large ? E_TOOBIG : E_CLOSED));
    return 0;
}
