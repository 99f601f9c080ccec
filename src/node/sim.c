#include "node/sim_internal.h"

#include "base/trace.h"
#include "node/node_doc.h"

#include <signal.h>
#include <time.h>

static struct sim_node *sim_node_of(struct master_link *l)
{
    return container_of(l, struct sim_node, link);
}

void sim_node_address(const struct sim_node *node, char out[16])
{
    uint32_t n = (100U << 24 | 64U << 16) + node->number + 1;
    snprintf(out, 16, "%u.%u.%u.%u", n >> 24, n >> 16 & 255, n >> 8 & 255, n & 255);
}

static struct node_facts sim_facts(const struct sim_node *node, char address[16])
{
    const struct simnodes_options *o = &node->sim->options;
    sim_node_address(node, address);
    return (struct node_facts){
        .name = node->name,
        .address = address,
        .cpu = o->cpu,
        .memory = o->memory,
        .storage = "100Gi",
        .pods = o->pods,
        .labels = o->labels,
        .boot_id = node->sim->masters.boot,
        .machine_id = "simulated",
        .kernel = "simulated",
        .os_image = "simulated",
        .runtime = "sim://0.1.0",
        .architecture = "amd64",
        .ready_since_s = node->ready_since_s,
        .brief = true,
    };
}

static void sim_on_hello(struct master_link *l, struct nodewire *m)
{
    struct sim_node *node = sim_node_of(l);
    char address[16];
    struct node_facts facts = sim_facts(node, address);
    /* Scratch that lives until the hello is written, which is at once. */
    static struct buf body, status;
    buf_clear(&body);
    buf_clear(&status);
    node_put_body(&facts, &body);
    node_put_status(&facts, &status);
    m->body = (struct str){body.data, body.len};
    m->status = (struct str){status.data, status.len};
}

static void sim_say_node(struct sim_node *node)
{
    char address[16];
    node->ready_since_s = (int64_t)time(NULL);
    struct node_facts facts = sim_facts(node, address);
    struct buf buf_auto status = BUF_INIT;
    node_put_status(&facts, &status);
    struct nodewire m = {.type = NODEWIRE_NODE_STATUS, .status = {status.data, status.len}};
    master_link_say(&node->link, &m);
}

static void sim_on_welcome(struct master_link *l)
{
    sim_node_of(l)->sync++;
}

static void sim_on_message(struct master_link *l, const struct nodewire *m)
{
    static const struct uid zero;
    struct sim_node *node = sim_node_of(l);
    switch (m->type) {
    case NODEWIRE_POD:
        sim_pod_told(node, m);
        break;
    case NODEWIRE_GONE:
        sim_pod_removed(node, &m->uid);
        break;
    case NODEWIRE_SYNCED:
        sim_pods_synced(node);
        break;
    case NODEWIRE_AGAIN:
        if (uid_equal(&m->uid, &zero)) {
            sim_say_node(node);
        } else {
            sim_pod_again(node, &m->uid);
        }
        break;
    default:
        break;
    }
}

static void sim_on_stopped(struct master_link *l)
{
    struct sim *sim = sim_node_of(l)->sim;
    if (++sim->stopped < sim->options.count) return;
    uv_close((uv_handle_t *)&sim->ticker, NULL);
    for (unsigned i = 0; i < 2; i++) uv_close((uv_handle_t *)&sim->signals[i], NULL);
}

static const struct master_link_events sim_link_events = {
    .hello = sim_on_hello,
    .welcome = sim_on_welcome,
    .message = sim_on_message,
    .stopped = sim_on_stopped,
};

static void sim_on_tick(uv_timer_t *timer)
{
    struct sim *sim = timer->data;
    sim_wheel_turn(sim, uv_now(&sim->loop));
    docs_sweep(&sim->docs, 4);
}

static void sim_on_signal(uv_signal_t *signal, int number)
{
    struct sim *sim = signal->data;
    (void)number;
    for (unsigned i = 0; i < sim->options.count; i++) master_link_stop(&sim->nodes[i].link);
}

static void sim_start(struct sim *sim)
{
    static const int numbers[2] = {SIGTERM, SIGINT};
    for (unsigned i = 0; i < 2; i++) {
        uv_signal_init(&sim->loop, &sim->signals[i]);
        sim->signals[i].data = sim;
        uv_signal_start(&sim->signals[i], sim_on_signal, numbers[i]);
    }
    for (unsigned i = 0; i < SIM_WHEEL; i++) list_init(&sim->wheel.buckets[i]);
    uv_timer_init(&sim->loop, &sim->ticker);
    sim->ticker.data = sim;
    uv_timer_start(&sim->ticker, sim_on_tick, SIM_TICK_MS, SIM_TICK_MS);
    const struct simnodes_options *o = &sim->options;
    sim->nodes = mem_zalloc((size_t)o->count * sizeof *sim->nodes);
    for (unsigned i = 0; i < o->count; i++) {
        struct sim_node *node = &sim->nodes[i];
        node->sim = sim;
        node->number = o->first + i;
        node->name =
            o->exact_name ? mem_strdup(o->prefix) : mem_printf("%s%u", o->prefix, o->first + i);
        node->ready_since_s = (int64_t)time(NULL);
        node->slots = mem_zalloc((o->pods * 2 / 64 + 1) * sizeof(uint64_t));
        master_link_start(&node->link, &sim->masters, node->name, &sim_link_events);
    }
}

static void sim_free(struct sim *sim)
{
    for (unsigned i = 0; sim->nodes && i < sim->options.count; i++) {
        sim_pods_free(&sim->nodes[i]);
        mem_free(sim->nodes[i].name);
        mem_free(sim->nodes[i].slots);
    }
    mem_free(sim->nodes);
    doc_unref(sim->last_body);
    docs_free(&sim->docs);
    masters_free(&sim->masters);
    mem_free(sim);
}

int simnodes_run(const struct simnodes_options *options, struct error *err)
{
    struct sim *sim = mem_new(struct sim);
    sim->options = *options;
    struct simnodes_options *o = &sim->options;
    if (!o->prefix) o->prefix = "sim-";
    if (!o->cpu) o->cpu = "32";
    if (!o->memory) o->memory = "64Gi";
    if (!o->pods) o->pods = 110;
    if (!o->count) o->count = 1;
    mem_auto char *token = NULL;
    if (!o->token) {
        int rc = masters_read_token(o->token_file, &token, err);
        if (rc < 0) {
            mem_free(sim);
            return rc;
        }
        o->token = token;
    }
    uv_loop_init(&sim->loop);
    int rc = masters_init(&sim->masters, &sim->loop, o->masters, o->token, o->ca_file, err);
    if (rc == 0) {
        (void)signal(SIGPIPE, SIG_IGN);
        sim_start(sim);
        trace_info("node", "%u simulated nodes are connecting", o->count);
    }
    uv_run(&sim->loop, UV_RUN_DEFAULT);
    uv_loop_close(&sim->loop);
    sim_free(sim);
    return rc;
}
