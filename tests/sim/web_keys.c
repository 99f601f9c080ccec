/* Readers and writers of the keys that history.c judges, over HTTP: PUT with and without a version,
 * merge and JSON patches, preconditions of deletes. The connection breaks where it likes. */
#include "web.h"

#define KEYS_PATH "/api/v1/namespaces/default/configmaps"

struct web_key_client {
    struct web web;
    unsigned number;
    size_t op; /* index + 1 */
    uint64_t known[64], values[64];
};

struct web_keys {
    struct web_key_client *clients;
    unsigned count;
};

static void key_next(void *arg);

static struct op *key_op(struct web_key_client *c)
{
    return &c->web.sim->history.ops[c->op - 1];
}

static void key_think(struct web_key_client *c)
{
    struct sim *s = c->web.sim;
    c->op = 0;
    sim_after(s, NULL, sim_below(s, 6 * s->profile.think_us), key_next, c);
}

static void key_count(struct sim *s, const struct op *op)
{
    if (!op->returned_us)
        s->history.open++;
    else if (op->http >= 400)
        s->history.refused++;
    else if (op->kind == OP_READ || op->kind == OP_LIST)
        s->counts.reads++;
    else
        s->history.acknowledged++;
}

static void key_learn(struct web_key_client *c, struct op *op, struct mp doc)
{
    op->revision = web_revision(doc);
    str_to_u64(mp_str(mp_path(doc, "data.v")), &op->seen_value);
    op->removed = op->kind == OP_DELETE && op->http < 400;
    /* A repeated command that was carried out before is answered without. */
    if (op->removed) uid_parse(mp_str(mp_path(doc, "details.uid")), &op->uid);
    c->known[op->key] = op->http < 400 && !op->removed ? op->revision : 0;
    c->values[op->key] = op->http < 400 && !op->removed ? op->seen_value : 0;
}

static void key_answered(void *arg, const struct web_answer *a)
{
    struct web_key_client *c = arg;
    struct sim *s = c->web.sim;
    struct op *op = key_op(c);
    op->returned_us = a->http == 0 || a->http >= 500 ? 0 : s->now_us;
    op->seen_limit = s->truth.revision;
    op->http = a->http;
    if (op->returned_us) key_learn(c, op, a->doc);
    key_count(s, op);
    sim_tell(s, "%s %s k%d = %llu (if r%llu, was %llu) at m%u: %d r%llu", c->web.name,
             op_names[op->kind], op->key,
             (unsigned long long)(op->kind == OP_READ ? op->seen_value : op->value),
             (unsigned long long)op->precondition, (unsigned long long)op->tested, c->web.at + 1,
             a->http, (unsigned long long)op->revision);
    if (!a->http || a->http == 503) web_move(&c->web);
    key_think(c);
}

/* --- what is asked --- */

static void key_version(struct buf *b, const struct op *op)
{
    if (op->precondition)
        buf_printf(b, ",\"resourceVersion\":\"%llu\"", (unsigned long long)op->precondition);
}

static void key_put(struct web_key_client *c, const struct op *op, const char *target)
{
    bool create = op->kind == OP_CREATE;
    buf_auto struct buf b = BUF_INIT;
    buf_printf(&b, "{\"metadata\":{\"name\":\"k%d\"", op->key);
    key_version(&b, op);
    buf_printf(&b, "},\"data\":{\"v\":\"%llu\"}}", (unsigned long long)op->value);
    web_call(&c->web, create ? "POST" : "PUT", create ? KEYS_PATH : target, "application/json",
             b.data, key_answered, c);
}

static void key_merge(struct web_key_client *c, const struct op *op, const char *target)
{
    buf_auto struct buf b = BUF_INIT;
    buf_printf(&b, "{\"metadata\":{\"labels\":{\"by\":\"%s\"}", c->web.name);
    key_version(&b, op);
    buf_printf(&b, "},\"data\":{\"v\":\"%llu\"}}", (unsigned long long)op->value);
    web_call(&c->web, "PATCH", target, "application/merge-patch+json", b.data, key_answered, c);
}

static void key_test(struct web_key_client *c, struct op *op, const char *target)
{
    buf_auto struct buf b = BUF_INIT;
    op->tested = c->values[op->key];
    op->precondition = 0;
    buf_printf(&b,
               "[{\"op\":\"test\",\"path\":\"/data/v\",\"value\":\"%llu\"},"
               "{\"op\":\"replace\",\"path\":\"/data/v\",\"value\":\"%llu\"}]",
               (unsigned long long)op->tested, (unsigned long long)op->value);
    web_call(&c->web, "PATCH", target, "application/json-patch+json", b.data, key_answered, c);
}

static void key_delete(struct web_key_client *c, const struct op *op, const char *target)
{
    buf_auto struct buf b = BUF_INIT;
    if (op->precondition)
        buf_printf(&b, "{\"preconditions\":{\"resourceVersion\":\"%llu\"}}",
                   (unsigned long long)op->precondition);
    web_call(&c->web, "DELETE", target, b.len ? "application/json" : NULL, b.data, key_answered, c);
}

static void key_update(struct web_key_client *c, struct op *op, const char *target)
{
    uint64_t how = sim_below(c->web.sim, 3);
    if (how == 0 && c->values[op->key])
        key_test(c, op, target);
    else if (how == 1)
        key_merge(c, op, target);
    else
        key_put(c, op, target);
}

static struct op key_choose(struct web_key_client *c)
{
    static const enum op_kind mix[] = {OP_READ,   OP_READ,   OP_READ,   OP_UPDATE, OP_UPDATE,
                                       OP_UPDATE, OP_UPDATE, OP_CREATE, OP_CREATE, OP_DELETE};
    struct sim *s = c->web.sim;
    struct op op = {.kind = mix[sim_below(s, sizeof mix / sizeof *mix)],
                    .client = c->number,
                    .key = (int)sim_below(s, s->key_count),
                    .value = ++s->next_value,
                    .invoked_us = s->now_us,
                    .web = true};
    if (op.kind == OP_UPDATE || op.kind == OP_DELETE)
        op.precondition = sim_chance(s, 600) ? c->known[op.key] : 0;
    return op;
}

static void key_next(void *arg)
{
    struct web_key_client *c = arg;
    struct sim *s = c->web.sim;
    if (!s->writing) return;
    if (sim_chance(s, 50)) web_move(&c->web);
    c->op = history_begin(s, key_choose(c)) + 1;
    struct op *op = key_op(c);
    mem_auto char *target = mem_printf(KEYS_PATH "/k%d", op->key);
    if (op->kind == OP_READ)
        web_call(&c->web, "GET", target, NULL, NULL, key_answered, c);
    else if (op->kind == OP_DELETE)
        key_delete(c, op, target);
    else if (op->kind == OP_UPDATE)
        key_update(c, op, target);
    else
        key_put(c, op, target);
}

void web_keys_start(struct sim *s)
{
    struct web_keys *all = s->webs->keys = mem_new(struct web_keys);
    all->count = (unsigned)sim_between(s, 1, 4);
    all->clients = mem_zalloc(all->count * sizeof *all->clients);
    for (unsigned i = 0; i < all->count; i++) {
        struct web_key_client *c = &all->clients[i];
        mem_auto char *name = mem_printf("h%u", i + 1);
        web_init(&c->web, s, name);
        c->number = 100 + i;
        key_think(c);
    }
}
