/* GET pods/x/log: the node's agent has the log; it is handed through as it comes, as fast as the
 * client reads it. */
#include "api/inner.h"
#include "api/log_choose.h"

#include "base/mem.h"
#include "net/http_client.h"

enum {
    LOG_AHEAD = 256 * 1024,
    LOG_REFUSAL_MAX = 4096,
};

struct log_stream {
    struct request *request;
    char *target; /* at the node */
    struct http_client *client;
    struct http_call *call;
    int status;
    struct buf refusal; /* what the node said instead */
    bool streaming;
};

static void log_free(void *state)
{
    struct log_stream *l = state;
    mem_free(l->target);
    buf_free(&l->refusal);
    mem_free(l);
}

static void log_status(struct http_call *c, int status, struct str content_type)
{
    (void)content_type;
    struct log_stream *l = http_call_data(c);
    struct request *r = l->request;
    l->status = status;
    if (!r->x || status != 200) return;
    l->streaming = true;
    http_stream_begin(r->x, 200, "text/plain", NULL);
}

static void log_drained(struct http_exchange *x)
{
    struct request *r = http_data(x);
    struct log_stream *l = r->state;
    http_stream_on_drain(x, NULL);
    if (l->call) http_call_pause(l->call, false);
}

static void log_body(struct http_call *c, const void *bytes, size_t n)
{
    struct log_stream *l = http_call_data(c);
    struct request *r = l->request;
    if (!r->x) return;
    if (!l->streaming) {
        if (l->refusal.len + n <= LOG_REFUSAL_MAX) buf_append(&l->refusal, bytes, n);
        return;
    }
    if (http_stream_write(r->x, bytes, n) <= LOG_AHEAD) return;
    http_stream_on_drain(r->x, log_drained);
    http_call_pause(c, true);
}

static void log_refused(struct request *r, struct log_stream *l, const struct error *err)
{
    if (err->code) {
        reply_error(r, 500, NULL, "the node's log cannot be read: %s", err->text);
        return;
    }
    while (l->refusal.len && l->refusal.data[l->refusal.len - 1] == '\n') l->refusal.len--;
    int code = l->status == 400 || l->status == 404 ? l->status : 500;
    reply_error(r, code, NULL, "%.*s", (int)l->refusal.len,
                l->refusal.len ? l->refusal.data : "the node refused to show the log");
}

static void log_done(struct http_call *c, const struct error *err)
{
    struct log_stream *l = http_call_data(c);
    struct request *r = l->request;
    l->call = NULL;
    http_client_close(l->client);
    if (r->x && l->streaming)
        http_stream_end(r->x);
    else if (r->x)
        log_refused(r, l, err);
    request_unref(r);
}

static void log_gone(struct http_exchange *x, void *data)
{
    (void)x;
    struct request *r = data;
    struct log_stream *l = r->state;
    r->x = NULL;
    if (l->call) http_call_cancel(l->call);
    request_unref(r);
}

static void log_with_node(struct request *r, struct fetch *f)
{
    static const struct http_call_events events = {log_status, log_body, log_done};
    struct log_stream *l = r->state;
    buf_auto struct buf address = BUF_INIT;
    struct error err = {0};
    if (!f->count || log_node_address(f->objects[0], &address, &err)) {
        reply_error(r, 500, NULL, "%s", f->count ? err.text : "the pod's node is not registered");
        return;
    }
    l->request = request_ref(r); /* until log_done */
    http_set_data(r->x, r, log_gone);
    l->client = http_client_new(r->api->options.loop, address.data, r->api->options.node_tls);
    l->call = http_call(l->client, "GET", l->target, NULL, NULL, 0, 0, &events, l);
}

static void log_with_pod(struct request *r, struct fetch *f)
{
    struct log_stream *l = r->state;
    struct error err = {0};
    struct str container;
    if (!f->count) {
        reply_not_found(r);
        return;
    }
    struct object *pod = f->objects[0];
    int rc = log_choose_container(pod, http_param(r->x, "container"), &container, &err);
    if (rc == 0 && !pod->node) {
        reply_text(r, 200, ""); /* nobody runs it yet */
        return;
    }
    if (rc == 0) rc = log_check_started(pod, container, request_flag(r, "previous"), &err);
    if (rc) {
        reply_error(r, 400, NULL, "%s", err.text);
        return;
    }
    struct str query = http_query(r->x);
    l->target =
        mem_printf("/containerLogs/%s/%s/%.*s%s%.*s", pod->id->ns, pod->id->name, (int)container.n,
                   container.p, query.n ? "?" : "", (int)query.n, query.n ? query.p : "");
    fetch_start(r, kind_node, (struct str){0}, istr_str(pod->node), FRESH_ANY, log_with_node);
}

static bool log_check_numbers(struct request *r)
{
    static const struct {
        const char *param;
        int64_t min;
    } numbers[] = {{"tailLines", 0}, {"sinceSeconds", 1}, {"limitBytes", 1}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct str text = http_param(r->x, numbers[i].param);
        int64_t value = 0;
        if (!text.n) continue;
        if (str_to_i64(text, &value) && value >= numbers[i].min) continue;
        reply_error(r, 422, NULL,
                    "PodLogOptions \"%.*s\" is invalid: %s: Invalid value: \"%.*s\": must be a "
                    "number not below %d",
                    (int)r->route.name.n, r->route.name.p, numbers[i].param, (int)text.n, text.p,
                    (int)numbers[i].min);
        return false;
    }
    return true;
}

void serve_log(struct request *r)
{
    struct log_stream *l = mem_new(struct log_stream);
    r->state = l;
    r->state_free = log_free;
    if (!log_check_numbers(r)) return;
    if (!r->api->options.node_tls)
        reply_error(r, 400, NULL, "logs are not served here");
    else
        fetch_start(r, r->route.kind, r->route.ns, r->route.name, FRESH_LINEARIZABLE, log_with_pod);
}
