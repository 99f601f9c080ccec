/* The real network: TLS on loopback, hello, garbage on the port, a peer that goes and comes back.
 */
#include "cluster.h"

#include "net/pki.h"
#include "raft/peers_internal.h"

#include <arpa/inet.h>
#include <uv.h>

struct site {
    char root[64];
    uv_loop_t loop;
    char addresses[3][32];
    int held[3]; /* the ports */
    struct quorum_server servers[3];
    struct tls_config *tls[3];
};

/* A port that stays ours while the socket is there, whether anybody listens on it or not: nobody
 * else gets it, and that it may be shared is said afterwards, for the peers' sake. */
static unsigned site_hold_port(int *out_fd)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    getsockname(fd, (struct sockaddr *)&a, &n);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    *out_fd = fd;
    return ntohs(a.sin_port);
}

static void site_open(struct site *s)
{
    struct error err;
    snprintf(s->root, sizeof s->root, "/tmp/logship-peers-XXXXXX");
    assert_non_null(mkdtemp(s->root));
    mem_auto char *ca = mem_printf("%s/ca.crt", s->root),
                  *ca_key = mem_printf("%s/ca.key", s->root);
    assert_int_equal(pki_make_ca(ca, ca_key, "test", &err), 0);
    for (unsigned i = 0; i < 3; i++) {
        snprintf(s->addresses[i], sizeof s->addresses[i], "127.0.0.1:%u",
                 site_hold_port(&s->held[i]));
        s->servers[i] = (struct quorum_server){i + 1, s->addresses[i]};
        mem_auto char *cert = mem_printf("%s/m%u.crt", s->root, i),
                      *key = mem_printf("%s/m%u.key", s->root, i);
        mem_auto char *name = mem_printf("logship-master-%u", i + 1);
        const char *names[] = {"127.0.0.1", NULL};
        struct pki_request request = {.common_name = name, .names = names, .days = 2};
        assert_int_equal(pki_issue(ca, ca_key, &request, cert, key, &err), 0);
        assert_int_equal(tls_config_load(&s->tls[i], cert, key, ca, TLS_PEER_REQUIRED, &err), 0);
    }
    uv_loop_init(&s->loop);
}

static void site_close(struct site *s)
{
    uv_run(&s->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&s->loop), 0);
    for (unsigned i = 0; i < 3; i++) {
        tls_config_free(s->tls[i]);
        close(s->held[i]);
    }
    nftw(s->root, cluster_unlink, 16, FTW_DEPTH | FTW_PHYS);
}

static struct peers *site_peers_as(struct site *s, unsigned i, const char *cluster, unsigned cert)
{
    struct peers *p;
    struct error err;
    struct peers_options o = {.loop = &s->loop,
                              .cluster = cluster,
                              .id = i + 1,
                              .servers = s->servers,
                              .server_count = 3,
                              .tls = s->tls[cert]};
    if (peers_open(&p, &o, &err)) fail_msg("%s", err.text);
    return p;
}

/* A quorum in real time, over a disk that answers on the loop. */
struct real_disk {
    struct disk disk;
    uv_loop_t *loop;
    struct list jobs;
    uv_idle_t idle;
};

struct real {
    struct site *site;
    unsigned i;
    struct peers *peers;
    struct quorum *q;
    struct store *store;
    struct real_disk disk;
    struct host host;
    uv_timer_t tick;
    bool leads, closed, peers_closed;
    uint64_t applied, told;
    uint64_t now; /* counts ticks: a machine that stands still does not make masters impatient */
};

enum { TICK_MS = 20 };

static void real_disk_run(uv_idle_t *idle)
{
    struct real_disk *d = idle->data;
    struct list *link = list_shift(&d->jobs);
    if (list_empty(&d->jobs)) uv_idle_stop(idle);
    if (!link) return;
    struct fake_job *f = container_of(link, struct fake_job, link);
    struct disk_job *job = f->job;
    mem_free(f);
    job->done(job, fake_disk_work(d->disk.store, job));
}

static void real_disk_submit(struct disk *disk, struct disk_job *job)
{
    struct real_disk *d = container_of(disk, struct real_disk, disk);
    struct fake_job *f = mem_new(struct fake_job);
    f->job = job;
    list_push(&d->jobs, &f->link);
    uv_idle_start(&d->idle, real_disk_run);
}

static uint64_t real_stuck(struct disk *d)
{
    (void)d;
    return 0;
}

static uint64_t real_now(struct host *h)
{
    return container_of(h, struct real, host)->now;
}
static int64_t real_wall(struct host *h)
{
    return (int64_t)real_now(h);
}
static void real_random(struct host *h, void *bytes, size_t n)
{
    (void)h;
    for (size_t i = 0; i < n; i++) ((unsigned char *)bytes)[i] = (unsigned char)rand();
}

static void real_apply(void *ctx, uint64_t index, uint64_t term, struct str payload)
{
    (void)index, (void)term, (void)payload;
    ((struct real *)ctx)->applied++;
}
static void real_lead(void *ctx, bool leads, uint64_t term)
{
    (void)term;
    ((struct real *)ctx)->leads = leads;
}
static void real_told(void *ctx, uint64_t from, struct str bytes)
{
    (void)from;
    ((struct real *)ctx)->told += bytes.n;
}
static void real_tick(uv_timer_t *t)
{
    struct real *r = t->data;
    r->now += TICK_MS;
    if (r->q) quorum_tick(r->q);
}

static void real_start(struct real *r, struct site *s, unsigned i)
{
    struct error err;
    *r = (struct real){.site = s, .i = i, .host = {real_now, real_wall, real_random}, .now = 1000};
    mem_auto char *dir = mem_printf("%s/d%u", s->root, i);
    struct store_options so = {.dir = dir, .create = true, .no_sync = true, .ballast_bytes = 4096};
    if (store_open(&r->store, &so, &err)) fail_msg("%s", err.text);
    r->disk.disk = (struct disk){real_disk_submit, real_stuck, r->store};
    r->disk.loop = &s->loop;
    list_init(&r->disk.jobs);
    uv_idle_init(&s->loop, &r->disk.idle);
    r->disk.idle.data = &r->disk;
    r->peers = site_peers_as(s, i, "c", i);
    struct quorum_options o = {.cluster = "c",
                               .id = i + 1,
                               .servers = s->servers,
                               .server_count = 3,
                               .host = &r->host,
                               .disk = &r->disk.disk,
                               .net = peers_net(r->peers),
                               .fsm = {r, real_apply, NULL, NULL, real_lead, real_told},
                               .heartbeat_ms = TICK_MS,
                               .election_ms = 200};
    if (quorum_open(&r->q, &o, &err)) fail_msg("%s", err.text);
    peers_attach(r->peers, r->q);
    if (quorum_start(r->q, &err)) fail_msg("%s", err.text);
    uv_timer_init(&s->loop, &r->tick);
    r->tick.data = r;
    uv_timer_start(&r->tick, real_tick, TICK_MS, TICK_MS);
}

static void real_quorum_closed(void *arg)
{
    ((struct real *)arg)->closed = true;
}
static void real_peers_closed(void *arg)
{
    ((struct real *)arg)->peers_closed = true;
}

static void real_stop(struct real *r)
{
    if (!r->store) return;
    peers_close(r->peers, real_peers_closed, r);
    quorum_close(r->q, real_quorum_closed, r);
    r->q = NULL;
    while (!r->closed || !r->peers_closed) uv_run(&r->site->loop, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&r->tick, NULL);
    uv_close((uv_handle_t *)&r->disk.idle, NULL);
    uv_run(&r->site->loop, UV_RUN_NOWAIT);
    store_close(r->store);
    r->store = NULL;
}

static struct real *site_leader(struct site *s, struct real r[3])
{
    uv_update_time(&s->loop);
    uint64_t end = uv_now(&s->loop) + 60000;
    for (;;) {
        for (unsigned i = 0; i < 3; i++)
            if (r[i].q && r[i].leads) return &r[i];
        if (uv_now(&s->loop) > end) fail_msg("no leader");
        uv_run(&s->loop, UV_RUN_ONCE);
    }
}

static void real_proposed(void *arg, int status, uint64_t index)
{
    (void)index;
    *(int *)arg = status;
}

static void real_commit(struct site *s, struct real *leader, int n)
{
    for (int i = 0; i < n; i++) {
        int status = 1;
        assert_int_equal(quorum_propose(leader->q, STR("something"), 1, 1, real_proposed, &status),
                         0);
        while (status == 1) uv_run(&s->loop, UV_RUN_ONCE);
        assert_int_equal(status, 0);
    }
}

static void three_masters_over_tls_elect_commit_and_survive_their_leader(void **state)
{
    (void)state;
    struct site s;
    struct real r[3];
    site_open(&s);
    for (unsigned i = 0; i < 3; i++) real_start(&r[i], &s, i);
    struct real *leader = site_leader(&s, r);
    real_commit(&s, leader, 50);
    uint64_t other = leader->i == 0 ? 2 : 1;
    assert_int_equal(quorum_tell(leader->q, other, STR("hello")), 0);
    while (r[other - 1].told < 5) uv_run(&s.loop, UV_RUN_ONCE);
    unsigned dead = leader->i;
    real_stop(leader);
    leader = site_leader(&s, r);
    assert_true(leader->i != dead);
    real_commit(&s, leader, 10);
    real_start(&r[dead], &s, dead);
    while (r[dead].applied < 60) uv_run(&s.loop, UV_RUN_ONCE);
    for (unsigned i = 0; i < 3; i++) real_stop(&r[i]);
    site_close(&s);
}

static int raw_connect(const char *address)
{
    const char *colon = strchr(address, ':');
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                            .sin_port = htons((uint16_t)atoi(colon + 1))};
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    return fd;
}

static void garbage_on_the_peer_port_harms_nothing(void **state)
{
    (void)state;
    struct site s;
    struct real r[3];
    site_open(&s);
    for (unsigned i = 0; i < 3; i++) real_start(&r[i], &s, i);
    struct real *leader = site_leader(&s, r);
    int fds[8];
    char garbage[4096];
    for (size_t i = 0; i < sizeof garbage; i++) garbage[i] = (char)rand();
    for (unsigned i = 0; i < 8; i++) {
        fds[i] = raw_connect(s.addresses[leader->i]);
        assert_true(write(fds[i], garbage, i * 500 + 1) > 0);
    }
    real_commit(&s, leader, 20);
    for (unsigned i = 0; i < 8; i++) close(fds[i]);
    real_commit(&s, leader, 5);
    for (unsigned i = 0; i < 3; i++) real_stop(&r[i]);
    site_close(&s);
}

struct recording {
    bool closed;
    int code;
};

static void recording_closed(struct link *l, const struct error *why)
{
    struct recording *r = link_data(l);
    r->closed = true;
    r->code = why->code;
}
static void recording_frame(struct link *l, const void *bytes, size_t n)
{
    (void)l, (void)bytes, (void)n;
    fail_msg("a stranger was greeted");
}
static struct hello recording_hello;
static void recording_open(struct link *l)
{
    struct buf buf_auto frame = BUF_INIT;
    hello_write(&frame, &recording_hello);
    link_send(l, frame.data, frame.len, NULL, NULL);
}

/* What another cluster, another configuration or another server's certificate gets is a closed
 * connection. */
static void a_hello_that_does_not_fit_is_refused(void **state)
{
    (void)state;
    struct site s;
    site_open(&s);
    struct peers *p = site_peers_as(&s, 0, "c", 0);
    struct hello good = {.cluster = "c", .id = 2};
    good.configuration = hello_configuration(s.servers, 3);
    struct hello wrong[3] = {good, good, good};
    snprintf(wrong[0].cluster, sizeof wrong[0].cluster, "other");
    wrong[1].configuration.lane[0]++;
    wrong[2].id = 3; /* with the certificate of 2 */
    for (unsigned i = 0; i < 3; i++) {
        struct recording r = {0};
        recording_hello = wrong[i];
        struct link_options o = {.tls = s.tls[1],
                                 .events = {.open = recording_open,
                                            .frame = recording_frame,
                                            .closed = recording_closed}};
        link_connect(&s.loop, s.addresses[0], &o, &r);
        while (!r.closed) uv_run(&s.loop, UV_RUN_ONCE);
    }
    struct real done = {0};
    peers_close(p, real_peers_closed, &done);
    while (!done.peers_closed) uv_run(&s.loop, UV_RUN_ONCE);
    site_close(&s);
}

static void a_hello_survives_writing_and_reading(void **state)
{
    (void)state;
    struct hello h = {
        .cluster = "abc", .id = 3, .past = STR("past"), .configuration.lane = {1, 2, 3, 4}};
    struct hello back;
    struct buf buf_auto frame = BUF_INIT;
    hello_write(&frame, &h);
    assert_int_equal(hello_read(&back, frame.data, frame.len, NULL), 0);
    assert_true(str_eq(back.past, h.past));
    back.past = h.past;
    assert_memory_equal(&h, &back, sizeof h);
    for (size_t n = 0; n < frame.len; n++)
        assert_int_not_equal(hello_read(&back, frame.data, n, NULL), 0);
}

int main(void)
{
    trace_level = TRACE_ERROR + 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hello_survives_writing_and_reading),
        cmocka_unit_test(a_hello_that_does_not_fit_is_refused),
        cmocka_unit_test(three_masters_over_tls_elect_commit_and_survive_their_leader),
        cmocka_unit_test(garbage_on_the_peer_port_harms_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
