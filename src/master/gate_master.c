/* The gate of a master: asks that read, and facts about this master. Commands are in forward.c, the
 * past in history.c. */
#include "master/core.h"

#include "base/mem.h"

#include <stdio.h>

static void ask_home(struct note *n)
{
    struct ask *a = container_of(n, struct ask, note);
    a->done(a, a->status);
}

static void ask_answer(struct ask *a, int status)
{
    a->status = status;
    a->note.run = ask_home;
    inbox_post(a->home, &a->note);
}

/* An ask that waits for a read point; the ask itself has no room for the gate. */
struct reading {
    struct ask *ask;
    struct core *core;
};

static void ask_read_point(void *arg, int status)
{
    struct reading *r = arg;
    if (!status && r->ask->on_core) r->ask->on_core(r->ask, r->core->system);
    ask_answer(r->ask, status);
    mem_free(r);
}

struct posted_ask {
    struct note note;
    struct ask *ask;
    struct core *core;
};

static void ask_on_core(struct note *n)
{
    struct posted_ask *p = container_of(n, struct posted_ask, note);
    struct ask *a = p->ask;
    if (a->freshness == FRESH_ANY) {
        if (a->on_core) a->on_core(a, p->core->system);
        ask_answer(a, 0);
    } else {
        struct reading *r = mem_new(struct reading);
        *r = (struct reading){a, p->core};
        quorum_read(p->core->quorum, ask_read_point, r);
    }
    mem_free(p);
}

static void gate_master_ask(struct gate *gate, struct ask *a)
{
    struct gate_master *g = container_of(gate, struct gate_master, gate);
    struct posted_ask *p = mem_new(struct posted_ask);
    *p = (struct posted_ask){.note.run = ask_on_core, a, g->core};
    inbox_post(g->core->inbox, &p->note);
}

struct posted_listener {
    struct note note;
    struct feed_listener *listener;
    struct core *core;
};

static void listen_on_core(struct note *n)
{
    struct posted_listener *p = container_of(n, struct posted_listener, note);
    feeder_add(p->core->feeder, p->listener);
    mem_free(p);
}

static void gate_master_listen(struct gate *gate, struct feed_listener *l)
{
    struct gate_master *g = container_of(gate, struct gate_master, gate);
    struct posted_listener *p = mem_new(struct posted_listener);
    *p = (struct posted_listener){.note.run = listen_on_core, l, g->core};
    inbox_post(g->core->inbox, &p->note);
}

const char *master_name_of(struct core *core, uint64_t id)
{
    static _Thread_local char name[32];
    uint64_t holder = quorum_holder(core->quorum, id);
    if (!holder) return "";
    snprintf(name, sizeof name, "m%llu", (unsigned long long)holder);
    return name;
}

static void gate_master_members(const struct core *core, struct gate_status *out)
{
    for (unsigned i = 0; i < core->options.server_count && i < GATE_MEMBERS_MAX; i++) {
        struct gate_member *m = &out->members[out->member_count++];
        uint64_t id = core->options.servers[i].id;
        snprintf(m->name, sizeof m->name, "m%llu", (unsigned long long)id);
        m->up = quorum_is_up(core->quorum, id);
    }
}

static void gate_master_status(struct gate *gate, struct gate_status *out)
{
    struct core *core = container_of(gate, struct gate_master, gate)->core;
    struct quorum_status q = quorum_status(core->quorum);
    *out = (struct gate_status){.role = q.role,
                                .term = q.term,
                                .revision = core->world->revision,
                                .applied_index = q.applied_index,
                                .commit_index = q.commit_index,
                                .keyframe_index = q.keyframe_index,
                                .digest = core->world->digest,
                                .leads = q.leads,
                                .low_space = store_usage(core->store).low};
    snprintf(out->leader, sizeof out->leader, "%s", master_name_of(core, q.leader_id));
    snprintf(out->self, sizeof out->self, "%s", core->options.name);
    gate_master_members(core, out);
    scrub_job_tell(core->scrub, &out->scrub);
}

void gate_master_init(struct gate_master *g, struct core *core)
{
    *g = (struct gate_master){.core = core,
                              .gate = {.ask = gate_master_ask,
                                       .command = forward_command,
                                       .listen = gate_master_listen,
                                       .history = history_ask_start,
                                       .past = past_ask_start,
                                       .status = gate_master_status}};
    list_init(&g->forwarded);
    list_init(&g->catching_up);
    list_init(&g->refused);
    /* An answer to what an earlier life of this master asked must not be taken for one of ours. */
    core->host->random(core->host, &g->next_sequence, sizeof g->next_sequence);
    g->next_sequence >>= 2;
}
