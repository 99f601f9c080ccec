#include "node/agent.h"

#include "base/trace.h"
#include "node/logs.h"
#include "node/paths.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { POLL_MS = 2000, STOP_MS = 8000 };

static struct agent *agent_of(struct master_link *l)
{
    return container_of(l, struct agent, link);
}

static void agent_on_hello(struct master_link *l, struct nodewire *m)
{
    struct agent *a = agent_of(l);
    static struct buf body, status; /* until the hello is written, which is at once */
    buf_clear(&body);
    buf_clear(&status);
    node_put_body(&a->facts, &body);
    node_put_status(&a->facts, &status);
    m->body = (struct str){body.data, body.len};
    m->status = (struct str){status.data, status.len};
}

static void agent_on_welcome(struct master_link *l)
{
    struct agent *a = agent_of(l);
    a->sync++;
    trace_info("node", "%s joined through %s", a->options.name, link_address(l->link));
}

static void agent_say_node(struct agent *a)
{
    struct buf buf_auto status = BUF_INIT;
    a->facts.ready_since_s = (int64_t)time(NULL);
    node_put_status(&a->facts, &status);
    struct nodewire m = {.type = NODEWIRE_NODE_STATUS, .status = {status.data, status.len}};
    master_link_say(&a->link, &m);
}

static void agent_on_message(struct master_link *l, const struct nodewire *m)
{
    static const struct uid zero;
    struct agent *a = agent_of(l);
    switch (m->type) {
    case NODEWIRE_POD:
        agent_pod_told(a, m);
        break;
    case NODEWIRE_GONE:
        agent_pod_removed(a, &m->uid);
        break;
    case NODEWIRE_SYNCED:
        agent_pods_synced(a);
        break;
    case NODEWIRE_AGAIN:
        if (uid_equal(&m->uid, &zero)) {
            agent_say_node(a);
        } else {
            agent_pod_again(a, &m->uid);
        }
        break;
    default:
        break;
    }
}

static void agent_on_link_stopped(struct master_link *l)
{
    (void)l;
}

static const struct master_link_events agent_link_events = {
    .hello = agent_on_hello,
    .welcome = agent_on_welcome,
    .message = agent_on_message,
    .stopped = agent_on_link_stopped,
};

static void agent_on_slow(uv_timer_t *timer)
{
    agent_pods_poll(timer->data);
}

static void agent_on_watch(uv_fs_event_t *watch, const char *file, int events, int status)
{
    (void)file, (void)events, (void)status;
    agent_pods_poll(watch->data);
}

/* A step on a worker thread does not end: a pull, perhaps. The next start takes it up again. */
static void agent_on_patience(uv_timer_t *timer)
{
    (void)timer;
    _exit(0);
}

static void agent_on_signal(uv_signal_t *signal, int number)
{
    struct agent *a = signal->data;
    if (a->stopping) return;
    a->stopping = true;
    trace_info("node", "%s stops on signal %d; its containers keep running", a->options.name,
               number);
    master_link_stop(&a->link);
    uv_timer_start(&a->slow, agent_on_patience, STOP_MS, 0);
    uv_unref((uv_handle_t *)&a->slow);
    uv_close((uv_handle_t *)&a->watch, NULL);
    for (unsigned i = 0; i < 2; i++) uv_close((uv_handle_t *)&a->signals[i], NULL);
    struct agent_pod *p;
    for (size_t i = 0; (p = map_next(&a->pods, &i));) uv_timer_stop(&p->wake);
    if (a->logs) log_server_stop(a->logs);
}

static void agent_start(struct agent *a)
{
    static const int numbers[2] = {SIGTERM, SIGINT};
    for (unsigned i = 0; i < 2; i++) {
        uv_signal_init(&a->loop, &a->signals[i]);
        a->signals[i].data = a;
        uv_signal_start(&a->signals[i], agent_on_signal, numbers[i]);
    }
    uv_timer_init(&a->loop, &a->slow);
    uv_fs_event_init(&a->loop, &a->watch);
    a->slow.data = a->watch.data = a;
    uv_timer_start(&a->slow, agent_on_slow, POLL_MS, POLL_MS);
    if (a->driver->watch) uv_fs_event_start(&a->watch, agent_on_watch, a->driver->watch, 0);
    agent_load(a);
    master_link_start(&a->link, &a->masters, a->options.name, &agent_link_events);
}

static int agent_prepare(struct agent *a, struct error *err)
{
    struct node_options *o = &a->options;
    a->dir = mem_strdup(o->dir);
    a->pods_dir = mem_printf("%s/state", o->dir);
    a->logs_dir = mem_printf("%s/logs", o->dir);
    int rc = path_make_dir(a->pods_dir, 0700, err);
    if (rc == 0) rc = path_make_dir(a->logs_dir, 0755, err);
    if (rc == 0) rc = masters_init(&a->masters, &a->loop, o->masters, o->token, o->ca_file, err);
    if (rc < 0) return rc;
    struct oci_options oci = {
        .dir = o->dir,
        .images = o->images,
        .pod_cidr = o->pod_cidr,
        .cni_conf = o->cni_conf,
        .cni_bin = o->cni_bin,
        .runtime = o->runtime,
        .node = o->name,
        .address = o->address ? o->address : "127.0.0.1",
    };
    rc = driver_oci_open(&a->driver, &oci, err);
    if (rc < 0) return rc;
    agent_facts(a);
    struct log_server_options logs = {.agent = a, .port = o->port};
    rc = log_server_start(&a->logs, &logs, err);
    if (rc == 0) a->facts.port = log_server_port(a->logs);
    return rc;
}

static void agent_free(struct agent *a)
{
    struct agent_pod *p;
    for (size_t i = 0; (p = map_next(&a->pods, &i));) agent_pod_free(p);
    if (a->stopping) uv_close((uv_handle_t *)&a->slow, NULL);
    uv_run(&a->loop, UV_RUN_DEFAULT);
    map_free(&a->pods);
    log_server_free(a->logs);
    if (a->driver) a->driver->close(a->driver);
    masters_free(&a->masters);
    uv_loop_close(&a->loop);
    mem_free(a->dir), mem_free(a->pods_dir), mem_free(a->logs_dir);
    mem_free(a);
}

static int node_run_sim(const struct node_options *o, struct error *err)
{
    struct simnodes_options sim = {
        .count = 1,
        .prefix = o->name,
        .exact_name = true,
        .masters = o->masters,
        .token = o->token,
        .token_file = o->token_file,
        .ca_file = o->ca_file,
        .labels = o->labels,
        .cpu = o->cpu,
        .memory = o->memory,
        .pods = o->pods,
    };
    return simnodes_run(&sim, err);
}

int node_run(const struct node_options *options, struct error *err)
{
    if (options->driver && !strcmp(options->driver, "sim")) return node_run_sim(options, err);
    if (options->driver && strcmp(options->driver, "oci") != 0) {
        return error_set(err, E_INVALID, "there is no driver \"%s\": oci or sim", options->driver);
    }
    mem_auto char *token = NULL;
    if (!options->token) {
        int rc = masters_read_token(options->token_file, &token, err);
        if (rc < 0) return rc;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    (void)setenv("UV_THREADPOOL_SIZE", "16",
                 0); /* steps block: a pull must not hold up the others */
    struct agent *a = mem_new(struct agent);
    a->options = *options;
    if (token) a->options.token = token;
    uv_loop_init(&a->loop);
    int rc = agent_prepare(a, err);
    if (rc == 0) {
        agent_start(a);
    } else if (a->logs) {
        log_server_stop(a->logs);
    }
    uv_run(&a->loop, UV_RUN_DEFAULT);
    agent_free(a);
    return rc;
}
