/* One log on its way to its reader: read, filtered, held back while the reader is slow, followed.
 */
#include "node/log_read.h"
#include "node/logs_internal.h"
#include "proto/timefmt.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { CHUNK = 64 * 1024, QUEUE_MAX = 256 * 1024, FOLLOW_MS = 200, LINE_MAX_BYTES = 1024 * 1024 };

struct log_stream {
    struct list link;
    struct log_server *server;
    struct http_exchange *x; /* NULL: gone */
    int fd;
    char *path;
    struct log_filter filter;
    struct buf raw;
    bool follow;
    struct uid pod; /* whose end ends the stream */
    char container[64];
    unsigned attempt;
    uv_timer_t timer;
};

static bool stream_run_is_over(const struct log_stream *s)
{
    struct agent_pod *p = map_get(&s->server->agent->pods, s->pod.bytes, sizeof s->pod.bytes);
    struct worker_container *c = p ? logs_container(p, str_of(s->container)) : NULL;
    return !c || c->state != CONTAINER_RUNNING || c->restarts != s->attempt;
}

/* The log grew too large and another file was put in its place: goes on there. */
static bool stream_moves_on(struct log_stream *s)
{
    struct stat now, before;
    if (stat(s->path, &now) < 0 || fstat(s->fd, &before) < 0) return false;
    bool cut = before.st_size < lseek(s->fd, 0, SEEK_CUR);
    if (now.st_ino == before.st_ino && !cut) return false;
    int fd = open(s->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    close(s->fd);
    s->fd = fd;
    return true;
}

static void stream_pump(struct log_stream *s);
static void stream_on_timer(uv_timer_t *timer)
{
    stream_pump(timer->data);
}
static void stream_on_drain(struct http_exchange *x)
{
    stream_pump(http_data(x));
}

/* Gives what there is until the reader is slow, the log has no more, or all was given that was
 * asked for. */
static void stream_pump(struct log_stream *s)
{
    bool over = s->follow && stream_run_is_over(s); /* asked before reading: nothing is missed */
    while (s->x && s->filter.limit_bytes != 0) {
        ssize_t n = read(s->fd, buf_reserve(&s->raw, CHUNK), CHUNK);
        if (n <= 0) {
            if (s->follow && stream_moves_on(s)) continue;
            if (!s->follow || over) break;
            uv_timer_start(&s->timer, stream_on_timer, FOLLOW_MS, 0);
            return;
        }
        s->raw.len += (size_t)n;
        struct buf buf_auto out = BUF_INIT;
        log_filter(&s->filter, &s->raw, &out);
        if (s->raw.len > LINE_MAX_BYTES) buf_clear(&s->raw); /* no log of ours */
        if (out.len && http_stream_write(s->x, out.data, out.len) > QUEUE_MAX)
            return; /* until drained */
    }
    if (s->x) http_stream_end(s->x);
}

static void stream_on_closed(uv_handle_t *handle)
{
    struct log_stream *s = handle->data;
    buf_free(&s->raw);
    mem_free(s->path);
    mem_free(s);
}

static void stream_gone(struct http_exchange *x, void *data)
{
    (void)x;
    struct log_stream *s = data;
    s->x = NULL;
    list_remove(&s->link);
    close(s->fd);
    uv_close((uv_handle_t *)&s->timer, stream_on_closed);
}

static int64_t param_number(struct http_exchange *x, const char *name, int64_t otherwise, bool *bad)
{
    struct str text = http_param(x, name);
    int64_t value;
    if (!text.p || text.n == 0) return otherwise;
    if (str_to_i64(text, &value) && value >= 0) return value;
    *bad = true;
    return otherwise;
}

void log_stream_open(struct log_server *server, struct http_exchange *x, const struct agent_pod *p,
                     const struct worker_container *c, unsigned attempt)
{
    bool bad = false;
    int64_t tail = param_number(x, "tailLines", -1, &bad),
            since = param_number(x, "sinceSeconds", 0, &bad);
    struct log_filter filter = {.timestamps = logs_flag(x, "timestamps"),
                                .limit_bytes = param_number(x, "limitBytes", -1, &bad)};
    struct str since_time = http_param(x, "sinceTime");
    if (since) filter.since_us = ((int64_t)time(NULL) - since) * 1000000;
    if (since_time.n && !time_parse(since_time, &filter.since_us)) bad = true;
    if (bad) {
        logs_refuse(x, 400, "a log option is not a number or time as it should be");
        return;
    }
    mem_auto char *dir = agent_log_dir(p, c->name), *path = mem_printf("%s/%u.log", dir, attempt);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        logs_refuse(x, 404, "the log of container \"%s\" in pod \"%s\" is not there", c->name,
                    p->brief.name);
        return;
    }
    struct log_stream *s = mem_new(struct log_stream);
    s->server = server;
    s->x = x;
    s->fd = fd;
    s->path = mem_strdup(path);
    s->filter = filter;
    s->follow = logs_flag(x, "follow");
    s->pod = p->uid;
    s->attempt = attempt;
    snprintf(s->container, sizeof s->container, "%s", c->name);
    uv_timer_init(&server->agent->loop, &s->timer);
    s->timer.data = s;
    list_push(&server->streams, &s->link);
    http_set_data(x, s, stream_gone);
    http_stream_on_drain(x, stream_on_drain);
    if (tail >= 0) (void)lseek(fd, log_tail(fd, tail), SEEK_SET);
    http_stream_begin(x, 200, "text/plain; charset=utf-8", NULL);
    stream_pump(s);
}

void log_streams_abort(struct log_server *server)
{
    list_each_safe(it, &server->streams) http_abort(container_of(it, struct log_stream, link)->x);
}
