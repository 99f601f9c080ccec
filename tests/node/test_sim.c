/* Simulated nodes against a master that the test plays, over real links. */
#include "node/fake_master.h"

#include "node/node.h"

struct story {
    unsigned hellos, beats, running, gone, refused, started, killing;
    char ips[64][16];
    bool redirected, delete_when_running, again_when_running, drop_when_running;
    struct uid uid;
    struct link *link;
    struct buf status;
    uint64_t cause;
};

static void put_pod_body(struct buf *out)
{
    mp_put_map(out, 1);
    mp_put_z(out, "spec"), mp_put_map(out, 1);
    mp_put_z(out, "containers"), mp_put_array(out, 1), mp_put_map(out, 2);
    mp_put_z(out, "name"), mp_put_z(out, "main"), mp_put_z(out, "image"), mp_put_z(out, "busybox");
}

static void say_pod(struct link *l, unsigned char number, uint64_t revision, int64_t deleted_s,
                    struct str status)
{
    struct buf buf_auto body = BUF_INIT;
    put_pod_body(&body);
    char name[16];
    snprintf(name, sizeof name, "pod-%u", number);
    struct nodewire m = {.type = NODEWIRE_POD,
                         .ns = STR("default"),
                         .name = str_of(name),
                         .uid = {{number}},
                         .revision = revision,
                         .deleted_s = deleted_s,
                         .grace_s = 30,
                         .body = {body.data, body.len},
                         .status = status};
    fake_say(l, &m);
}

/* After three heartbeats without a word a node takes its master for dead. */
enum { BEAT_MS = 800, QUICK_MS = 50 };

static void welcome(struct link *l, unsigned heartbeat_ms)
{
    fake_say(l, &(struct nodewire){.type = NODEWIRE_WELCOME, .heartbeat_ms = heartbeat_ms});
}

static void on_running(struct fake_master *f, struct link *l, const struct nodewire *m)
{
    struct story *s = f->data;
    struct mp status = mp_read(m->status.p, m->status.n);
    assert_true(mp_is(mp_get(status, "phase"), "Running"));
    assert_true(mp_is(mp_get(mp_at(mp_get(status, "containerStatuses"), 0), "name"), "main"));
    s->cause = m->revision;
    snprintf(s->ips[s->running % 64], 16, "%.*s", (int)mp_get(status, "podIP").s.n,
             mp_get(status, "podIP").s.p);
    s->running++;
    buf_clear(&s->status);
    buf_append(&s->status, m->status.p, m->status.n);
    if (s->delete_when_running) say_pod(l, m->uid.bytes[0], 9, 1000, m->status);
    if (s->again_when_running && s->running == 1) {
        fake_say(l, &(struct nodewire){.type = NODEWIRE_AGAIN, .uid = m->uid});
    }
    if (s->drop_when_running && s->running == 1) link_close(l, E_CLOSED, "test");
}

static void on_event(struct story *s, const struct nodewire *m)
{
    struct mp event = mp_read(m->body.p, m->body.n), about = mp_get(event, "involvedObject");
    assert_true(str_is(m->ns, "default"));
    assert_true(mp_is(mp_path(event, "source.component"), "kubelet"));
    assert_true(mp_is(mp_get(about, "kind"), "Pod"));
    assert_true(mp_is(mp_get(about, "fieldPath"), "spec.containers{main}"));
    assert_true(str_starts(m->name, "pod-"));
    assert_int_equal(mp_str(mp_get(about, "uid")).n, UID_TEXT - 1);
    if (mp_is(mp_get(event, "reason"), "Started")) s->started++;
    if (mp_is(mp_get(event, "reason"), "Killing")) s->killing++;
}

static void said(struct fake_master *f, struct link *l, const struct nodewire *m)
{
    struct story *s = f->data;
    switch (m->type) {
    case NODEWIRE_HELLO:
        s->hellos++;
        assert_true(str_is(m->token, "secret"));
        assert_true(mp_is(mp_path(mp_read(m->body.p, m->body.n), "metadata.labels.zone"), "a"));
        assert_true(mp_is(mp_path(mp_read(m->status.p, m->status.n), "capacity.cpu"), "32"));
        welcome(l, BEAT_MS);
        for (unsigned char i = 1; i <= 4; i++) {
            say_pod(l, (unsigned char)(s->hellos * 16 + i), 5, 0, (struct str){0});
        }
        fake_say(l, &(struct nodewire){.type = NODEWIRE_SYNCED});
        break;
    case NODEWIRE_BEAT:
        s->beats++;
        break;
    case NODEWIRE_POD_STATUS:
        on_running(f, l, m);
        break;
    case NODEWIRE_POD_GONE:
        s->gone++;
        assert_int_equal(m->revision, 9);
        break;
    case NODEWIRE_EVENT:
        on_event(s, m);
        break;
    default:
        fail_msg("unexpected %s", nodewire_name(m->type));
    }
}

static void start_nodes(struct fake_master *f, unsigned count)
{
    f->child = fork();
    assert_true(f->child >= 0);
    if (f->child) return;
    const char *const masters[] = {f->address, NULL}, *const labels[] = {"zone=a", NULL};
    struct simnodes_options o = {.count = count,
                                 .masters = masters,
                                 .token = "secret",
                                 .ca_file = f->ca,
                                 .labels = labels,
                                 .start_ms = 20,
                                 .start_jitter_ms = 30,
                                 .stop_ms = 10};
    struct error err = {0};
    int rc = simnodes_run(&o, &err);
    if (rc < 0) print_message("%s\n", err.text);
    exit(rc < 0 ? 1 : 0);
}

static void stop_when(struct fake_master *f, bool reached)
{
    if (reached) uv_stop(&f->loop);
}

/* Each node is welcomed once, and never hears anything again. */
static void said_once(struct fake_master *f, struct link *l, const struct nodewire *m)
{
    struct story *s = f->data;
    if (m->type == NODEWIRE_HELLO && ++s->hellos <= 3) welcome(l, QUICK_MS);
    if (m->type == NODEWIRE_BEAT) s->beats++;
    stop_when(f, s->hellos == 6);
}

/* A new leader grants nodes four periods from the moment it leads: those whose wire to the old one
 * is dead need what is left of them to find it. */
static void a_silent_master_is_given_up_within_three_periods(void **state)
{
    (void)state;
    struct fake_master f;
    struct story s = {0};
    fake_open(&f);
    f.said = said_once;
    f.data = &s;
    start_nodes(&f, 3);
    fake_run(&f, 60000);
    assert_in_range(s.beats, 1, 9); /* two each; three where the first came at once */
    assert_int_equal(fake_stop_child(&f), 0);
    fake_close(&f);
}

static void said_until_running(struct fake_master *f, struct link *l, const struct nodewire *m)
{
    struct story *s = f->data;
    said(f, l, m);
    stop_when(f, s->running >= 12 && s->beats >= 6);
}

static void pods_of_many_nodes_turn_running_with_addresses_of_their_own(void **state)
{
    (void)state;
    struct fake_master f;
    struct story s = {0};
    fake_open(&f);
    f.said = said_until_running;
    f.data = &s;
    start_nodes(&f, 3);
    fake_run(&f, 60000);
    assert_int_equal(s.hellos, 3);
    assert_int_equal(s.cause, 5);
    for (unsigned i = 0; i < 12; i++) {
        for (unsigned k = 0; k < i; k++) assert_string_not_equal(s.ips[i], s.ips[k]);
    }
    assert_int_equal(fake_stop_child(&f), 0);
    fake_close(&f);
    buf_free(&s.status);
}

static void said_until_gone(struct fake_master *f, struct link *l, const struct nodewire *m)
{
    said(f, l, m);
    stop_when(f, ((struct story *)f->data)->gone >= 4);
}

static void a_deleted_pod_is_reported_gone(void **state)
{
    (void)state;
    struct fake_master f;
    struct story s = {.delete_when_running = true};
    fake_open(&f);
    f.said = said_until_gone;
    f.data = &s;
    start_nodes(&f, 1);
    fake_run(&f, 60000);
    assert_int_equal(s.running, 4);
    assert_int_equal(s.started, 4);
    assert_int_equal(s.killing, 4);
    assert_int_equal(fake_stop_child(&f), 0);
    fake_close(&f);
    buf_free(&s.status);
}

/* A node that keeps telling would make a load of pods a load of Events. */
static void said_many(struct fake_master *f, struct link *l, const struct nodewire *m)
{
    struct story *s = f->data;
    if (m->type == NODEWIRE_HELLO) {
        welcome(l, BEAT_MS);
        for (unsigned char i = 1; i <= 200; i++) say_pod(l, i, 5, 0, (struct str){0});
    }
    if (m->type == NODEWIRE_EVENT) on_event(s, m);
    if (m->type == NODEWIRE_POD_STATUS) s->running++;
    stop_when(f, s->running == 200);
}

static void events_are_bounded(void **state)
{
    (void)state;
    struct fake_master f;
    struct story s = {0};
    fake_open(&f);
    f.said = said_many;
    f.data = &s;
    start_nodes(&f, 1);
    fake_run(&f, 60000);
    assert_in_range(s.started, 10, 150);
    assert_int_equal(fake_stop_child(&f), 0);
    fake_close(&f);
}

static void said_until_told_again(struct fake_master *f, struct link *l, const struct nodewire *m)
{
    said(f, l, m);
    stop_when(f, ((struct story *)f->data)->running >= 5);
}

static void a_status_is_told_again_when_asked(void **state)
{
    (void)state;
    struct fake_master f;
    struct story s = {.again_when_running = true};
    fake_open(&f);
    f.said = said_until_told_again;
    f.data = &s;
    start_nodes(&f, 1);
    fake_run(&f, 60000);
    fake_close(&f);
    buf_free(&s.status);
}

static void said_until_back(struct fake_master *f, struct link *l, const struct nodewire *m)
{
    struct story *s = f->data;
    said(f, l, m);
    stop_when(f, s->hellos == 2 && m->type == NODEWIRE_POD_STATUS && m->uid.bytes[0] == 36);
}

static void a_node_that_lost_its_master_comes_back_and_takes_the_new_set_of_pods(void **state)
{
    (void)state;
    struct fake_master f;
    struct story s = {.drop_when_running = true};
    fake_open(&f);
    f.said = said_until_back;
    f.data = &s;
    start_nodes(&f, 1);
    fake_run(&f, 60000);
    assert_int_equal(s.hellos, 2);
    fake_close(&f);
    buf_free(&s.status);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_silent_master_is_given_up_within_three_periods),
        cmocka_unit_test(pods_of_many_nodes_turn_running_with_addresses_of_their_own),
        cmocka_unit_test(a_deleted_pod_is_reported_gone),
        cmocka_unit_test(events_are_bounded),
        cmocka_unit_test(a_status_is_told_again_when_asked),
        cmocka_unit_test(a_node_that_lost_its_master_comes_back_and_takes_the_new_set_of_pods),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
