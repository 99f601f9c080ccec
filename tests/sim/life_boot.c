/* A master's process, how it begins and ends: boot, crash, its own end. */
#include "medium.h"

#include "actors/edit.h"
#include "actors/tokens.h"
#include "store/files.h"
#include "store/inside.h"

#include <unistd.h>

/* Tokens that say whose they are: the controllers have their work, and nobody needs keys. */
static struct doc *life_mint(const struct token_mint *mint, const struct object *account,
                             struct str secret, const struct doc *body)
{
    (void)mint;
    buf_auto struct buf data = BUF_INIT, token = BUF_INIT;
    buf_printf(&token, "%s/%s/%.*s", account->id->ns, account->id->name, (int)secret.n, secret.p);
    mp_put_map(&data, 1);
    mp_put_z(&data, "token");
    mp_put_str(&data, (struct str){token.data, token.len});
    return edit_doc(body, "data", edit_value(&data));
}

static struct str life_root_ca(const struct token_mint *mint)
{
    (void)mint;
    return STR("the simulation's");
}

static const struct token_mint life_tokens = {life_mint, life_root_ca};

static int life_open(struct life *l, struct error *err)
{
    struct sim_master *m = l->m;
    struct sim *s = m->sim;
    struct store_options store = {.dir = m->dir,
                                  .create = true,
                                  .no_fork = true,
                                  .ballast_bytes = 64 * 1024,
                                  .segment_bytes = s->segment_bytes,
                                  .second_votes = s->guards_off & 1u << 4};
    int rc = store_open(&l->store, &store, err);
    if (rc) return rc;
    disk_init(&l->disk, l);
    net_init(l);
    struct core_options core = {.name = m->name,
                                .cluster = "11111111-2222-4333-8444-555555555555",
                                .id = m->id,
                                .servers = s->servers,
                                .server_count = s->master_count,
                                .node_addresses = s->node_addresses,
                                .host = &l->host,
                                .mint = &life_tokens,
                                .inbox = &l->inbox,
                                .disk = &l->disk.disk,
                                .net = &l->net,
                                .bulk = &l->bulk,
                                .heartbeat_ms = s->heartbeat_ms,
                                .election_ms = s->election_ms,
                                .keyframe_entries = s->keyframe_entries,
                                .trailing_entries = s->trailing_entries,
                                .piece_bytes = s->piece_bytes,
                                .window_bytes = s->window_bytes,
                                .chunk_bytes = s->chunk_bytes,
                                .scrub_bytes_s = s->scrub_bytes_s,
                                .scrub_round_ms = s->scrub_round_ms,
                                .guards_off = s->guards_off};
    rc = core_open(&l->core, &core, err);
    if (rc) return rc;
    truth_observe(l);
    return core_start(&l->core, err);
}

/* Why a master may fail to start: its disk has no room or fails (it is started again), or what it
 * held was damaged (it stays away, for ever). Anything else is a defect. */
static void boot_refused(struct sim_master *m, int rc, const struct error *err)
{
    struct sim *s = m->sim;
    bool passing =
        (rc == E_IO && disk_excuses(m)) || (rc == E_FULL && m->medium->room < MEDIUM_ROOM / 2);
    sim_tell(s, "%s cannot start: %s", m->name, err->text);
    if (!passing && !m->tainted) sim_fail(s, "%s cannot start: %s", m->name, err->text);
    master_crash(m, "it could not start");
    if (passing)
        master_boot_later(m, 1 * US);
    else
        m->lost = true;
}

void master_boot(struct sim_master *m)
{
    struct sim *s = m->sim;
    if (m->life || m->lost) return;
    struct life *l = life_new(m);
    sim_tell(s, "%s starts (life %llu)", m->name, (unsigned long long)m->lives);
    m->life = s->running = l;
    struct error err = {0};
    int rc = life_open(l, &err);
    if (rc) {
        boot_refused(m, rc, &err);
        return;
    }
    life_begins(l);
    kubelet_edge_init(l);
    watch_init(l);
    front_open(l);
    net_life_begins(m);
    life_wake(l);
}

static void life_again(void *arg)
{
    struct sim_master *m = arg;
    if (m->restart_at <= m->sim->now_us) master_boot(m);
}

void master_boot_later(struct sim_master *m, uint64_t us)
{
    m->restart_at = m->sim->now_us + us;
    sim_after(m->sim, NULL, us, life_again, m);
}

static void life_count_marks(struct sim *s, struct life *l)
{
    const char *const *names;
    const uint64_t *counts;
    unsigned n = quorum_marks(l->core.quorum, &names, &counts);
    for (unsigned i = 0; i < n && i < SIM_MARKS_MAX; i++) s->marks[i] += counts[i];
}

void life_last_words(struct life *l)
{
    if (!l->core.quorum) return;
    life_count_marks(l->m->sim, l);
    rules_life_ends(l);
}

/* Nobody is left who could close it: what it holds in this process is let go of. */
static void life_abandon_store(struct life *l)
{
    if (!l->store) return;
    list_remove(&l->store->link);
    if (l->store->lock_fd >= 0) close(l->store->lock_fd);
    mem_auto char *command = mem_printf("%s/log", l->m->dir);
    files_remove_suffix(command, "-lock", NULL);
}

void life_end(struct sim_master *m, bool abandoned)
{
    struct sim *s = m->sim;
    struct life *l = m->life;
    s->counts.crashes++;
    life_last_words(l);
    l->dead = true;
    m->life = NULL;
    if (s->doomed == m) s->doomed = NULL;
    clients_lost(s, l);
    front_lost(l);
    kubelets_lost(s, l);
    net_life_ends(m);
    if (abandoned)
        life_abandon_store(l);
    else
        store_close(l->store);
    seams_disk_forget(m->medium);
    medium_crash(m->medium, !abandoned && !s->calm && sim_chance(s, s->power_loss));
}

void master_crash(struct sim_master *m, const char *why)
{
    if (!m->life) return;
    sim_tell(m->sim, "%s crashes: %s", m->name, why);
    life_end(m, false);
}

void master_ended(struct sim *s)
{
    struct sim_master *m = s->running->m;
    bool by_disk = disk_excuses(m);
    life_end(m, true);
    master_boot_later(m, by_disk ? 1 * US : 20 * MS);
}

void master_doomed(struct sim *s)
{
    struct sim_master *m = s->doomed;
    s->doomed = NULL;
    master_crash(m, "in the middle of its work");
    master_boot_later(m, sim_between(s, 1 * MS, 5 * US));
}
