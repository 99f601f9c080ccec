/* Clients: each does one thing after another at some master, and writes down what it saw. */
#include "sim.h"

#include "base/buf.h"
#include "proto/json.h"

enum { PATIENCE_US = 25 * US };

struct doc *sim_doc(const char *text)
{
    mem_auto char *json = mem_strdup(text);
    for (char *p = json; *p; p++)
        if (*p == '\'') *p = '"';
    buf_auto struct buf b = BUF_INIT;
    struct error err = {0};
    if (json_parse(json, strlen(json), &b, &err))
        sim_fail(sim_now_running, "%s: %s", err.text, text);
    return doc_from_buf(&b);
}

struct attempt {
    struct ask ask;
    struct client *client;
    uint64_t number;
    int key;
    uint64_t revision, value;
};

static void client_next(void *arg);

static struct op *client_op(struct client *c)
{
    return &c->sim->history.ops[c->op - 1];
}

static void client_think(struct client *c)
{
    c->op = 0;
    c->attempt++;
    sim_after(c->sim, NULL, sim_below(c->sim, 2 * c->sim->profile.think_us), client_next, c);
}

const char *const op_names[] = {"create", "update", "delete", "read", "scale", "list"};

static void client_returned(struct client *c, int http, uint64_t revision, uint64_t value,
                            bool removed)
{
    struct sim *s = c->sim;
    struct op *op = client_op(c);
    op->returned_us = http >= 500 ? 0 : s->now_us;
    op->seen_limit = s->truth.revision;
    op->http = http;
    op->revision = revision;
    op->seen_value = value;
    op->removed = removed;
    if (http >= 500)
        s->history.open++;
    else if (http >= 400)
        s->history.refused++;
    else if (op->kind == OP_READ)
        s->counts.reads++;
    else
        s->history.acknowledged++;
    sim_mix(s, op_names[op->kind], op, offsetof(struct op, request));
    sim_tell(s, "c%u %s k%d = %llu (if r%llu) at %s: %d r%llu", c->number, op_names[op->kind],
             op->key, (unsigned long long)(op->kind == OP_READ ? value : op->value),
             (unsigned long long)op->precondition, c->at->m->name, http,
             (unsigned long long)revision);
    if (op->kind != OP_SCALE) c->known[op->key] = http < 400 && !removed ? revision : 0;
    client_think(c);
}

/* The answer, if anybody still waits for it. */
static bool client_waits(const struct attempt *a)
{
    return a->client->op && a->client->attempt == a->number;
}

static void client_answered(struct command *cmd, const struct result *r)
{
    struct attempt *a = cmd->data;
    if (client_waits(a)) client_returned(a->client, r->http, r->revision, 0, r->removed);
    mem_free(a);
}

static void client_reads_core(struct ask *ask, struct system *system)
{
    struct attempt *a = container_of(ask, struct attempt, ask);
    mem_auto char *name = mem_printf("k%d", a->key);
    struct object *o =
        world_get(system_world(system), kind_configmap, istr_of("default"), str_of(name));
    a->revision = o ? o->revision : 0;
    if (o) str_to_u64(mp_str(doc_path(o->body, "data.v")), &a->value);
}

static void client_read_done(struct ask *ask, int status)
{
    struct attempt *a = container_of(ask, struct attempt, ask);
    if (client_waits(a))
        client_returned(a->client, status ? 503 : 200, a->revision, a->value, a->revision == 0);
    mem_free(a);
}

static struct doc *client_body(const struct op *op)
{
    if (op->kind != OP_SCALE) {
        mem_auto char *text =
            mem_printf("{'metadata':{},'data':{'v':'%llu'}}", (unsigned long long)op->value);
        return sim_doc(text);
    }
    mem_auto char *text = mem_printf(
        "{'metadata':{},'spec':{'replicas':%llu,'selector':{'matchLabels':{'app':'a%d'}},"
        "'template':{'metadata':{'labels':{'app':'a%d'}},'spec':{'containers':[{'name':'c',"
        "'image':'i','resources':{'requests':{'cpu':'500m'}}}]}}}}",
        (unsigned long long)op->value, op->key, op->key);
    return sim_doc(text);
}

static void client_send(struct client *c, struct op *op, struct attempt *a)
{
    static const enum command_op ops[] = {[OP_CREATE] = COMMAND_CREATE,
                                          [OP_UPDATE] = COMMAND_UPDATE,
                                          [OP_DELETE] = COMMAND_DELETE,
                                          [OP_SCALE] = COMMAND_UPDATE};
    struct sim *s = c->sim;
    mem_auto char *name = mem_printf(op->kind == OP_SCALE ? "a%d" : "k%d", op->key);
    enum command_op what = ops[op->kind];
    if (op->kind == OP_SCALE && op->precondition) what = COMMAND_CREATE;
    struct command *cmd = command_new(what, op->kind == OP_SCALE ? kind_replicaset : kind_configmap,
                                      istr_of("default"), str_of(name), istr_of("tester"));
    cmd->request = op->request;
    cmd->grace_s = -1;
    if (op->kind != OP_DELETE) cmd->body = client_body(op);
    if (op->kind != OP_SCALE) cmd->revision = op->precondition;
    cmd->done = client_answered;
    cmd->data = a;
    (void)s;
    gate_command(&c->at->core.gate.gate, cmd, &c->at->home);
}

static void client_arrives(void *arg)
{
    struct attempt *a = arg;
    struct client *c = a->client;
    if (!client_waits(a)) {
        mem_free(a);
        return;
    }
    struct op *op = client_op(c);
    if (op->kind != OP_READ) {
        client_send(c, op, a);
        return;
    }
    a->ask = (struct ask){.home = &c->at->home,
                          .freshness = FRESH_LINEARIZABLE,
                          .on_core = client_reads_core,
                          .done = client_read_done};
    gate_ask(&c->at->core.gate.gate, &a->ask);
}

static void client_gives_up(void *arg)
{
    struct attempt *a = arg;
    if (client_waits(a)) {
        sim_tell(a->client->sim, "c%u has no answer: open", a->client->number);
        a->client->sim->history.open++;
        client_think(a->client);
    }
    mem_free(a);
}

static struct op client_choose(struct client *c)
{
    static const enum op_kind mix[] = {OP_READ,   OP_READ,   OP_READ,   OP_UPDATE, OP_UPDATE,
                                       OP_UPDATE, OP_CREATE, OP_CREATE, OP_DELETE, OP_SCALE};
    struct sim *s = c->sim;
    struct op op = {.kind = mix[sim_below(s, sizeof mix / sizeof *mix)],
                    .client = c->number,
                    .key = (int)sim_below(s, s->key_count),
                    .value = ++s->next_value,
                    .invoked_us = s->now_us};
    for (unsigned i = 0; i < sizeof op.request; i++)
        op.request.bytes[i] = (unsigned char)sim_random(s);
    if (op.kind == OP_UPDATE || op.kind == OP_DELETE)
        op.precondition = sim_chance(s, 700) ? c->known[op.key] : 0;
    if (op.kind == OP_SCALE) {
        op.key = (int)sim_below(s, s->set_count);
        op.value = sim_below(s, 1 + s->node_count * 4 / s->set_count);
        op.precondition = sim_chance(s, 300); /* a create */
    }
    return op;
}

static void client_next(void *arg)
{
    struct client *c = arg;
    struct sim *s = c->sim;
    if (!s->writing) return;
    if (!c->at || c->at->dead || sim_chance(s, 100))
        c->at = s->masters[sim_below(s, s->master_count)].life;
    if (!c->at) {
        sim_after(s, NULL, 200 * MS, client_next, c);
        return;
    }
    c->op = history_begin(s, client_choose(c)) + 1;
    struct attempt *a = mem_new(struct attempt), *limit = mem_new(struct attempt);
    *a = (struct attempt){.client = c, .number = c->attempt, .key = client_op(c)->key};
    *limit = *a;
    sim_after(s, c->at, sim_between(s, 50, 1000), client_arrives, a);
    sim_after(s, NULL, PATIENCE_US, client_gives_up, limit);
}

void clients_start(struct sim *s)
{
    s->writing = true;
    for (unsigned i = 0; i < s->client_count; i++) {
        s->clients[i] = (struct client){.sim = s, .number = i + 1};
        client_think(&s->clients[i]);
    }
}

/* The connections to this master broke: what was asked there has no answer. */
void clients_lost(struct sim *s, struct life *l)
{
    for (unsigned i = 0; i < s->client_count; i++) {
        struct client *c = &s->clients[i];
        if (c->at != l) continue;
        c->at = NULL;
        if (!c->op) continue;
        s->history.open++;
        client_think(c);
    }
}
