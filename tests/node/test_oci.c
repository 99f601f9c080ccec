/* Real containers: a node with the oci driver against a master that the test plays. Needs root,
 * conmon, a runtime, umoci and busybox; says so and skips when one is missing. */
#include "node/fake_master.h"

#include "net/http_client.h"
#include "node/node.h"
#include "proto/json.h"

#include <stdio.h>
#include <unistd.h>

struct seen_pod {
    const char *json; /* the body */
    unsigned char number;
    struct buf status;
    unsigned statuses;
    bool gone, deleted;
    int64_t grace_s;
};

struct scene {
    struct fake_master f;
    struct link *link;
    struct seen_pod pods[8];
    unsigned pod_count, hellos;
    char node_port[16];
    bool (*reached)(struct scene *s);
    struct buf needs;
};

static char *scene_dir; /* of the node, outlives the single test */
static char scene_images[128];

static void put_json(const char *json, struct buf *out)
{
    struct error err = {0};
    if (json_parse(json, strlen(json), out, &err) < 0) fail_msg("%s", err.text);
}

static void say_pod(struct scene *s, struct seen_pod *p)
{
    struct buf buf_auto body = BUF_INIT;
    char name[16];
    put_json(p->json, &body);
    snprintf(name, sizeof name, "pod-%u", p->number);
    struct nodewire m = {.type = NODEWIRE_POD,
                         .ns = STR("default"),
                         .name = str_of(name),
                         .uid = {{p->number}},
                         .revision = 5,
                         .deleted_s = p->deleted ? 1000 : 0,
                         .grace_s = p->grace_s,
                         .body = {body.data, body.len},
                         .status = {p->status.data, p->status.len},
                         .needs = {s->needs.data, s->needs.len}};
    fake_say(s->link, &m);
}

static void on_hello(struct scene *s, struct link *l, const struct nodewire *m)
{
    s->hellos++;
    s->link = l;
    struct mp port =
        mp_path(mp_read(m->status.p, m->status.n), "daemonEndpoints.kubeletEndpoint.Port");
    snprintf(s->node_port, sizeof s->node_port, "%d", (int)mp_i64(port, 0));
    fake_say(l, &(struct nodewire){.type = NODEWIRE_WELCOME, .heartbeat_ms = 1000});
    for (unsigned i = 0; i < s->pod_count; i++) {
        if (!s->pods[i].gone) say_pod(s, &s->pods[i]);
    }
    fake_say(l, &(struct nodewire){.type = NODEWIRE_SYNCED});
}

static void on_said(struct fake_master *f, struct link *l, const struct nodewire *m)
{
    struct scene *s = f->data;
    if (m->type == NODEWIRE_HELLO) on_hello(s, l, m);
    for (unsigned i = 0; i < s->pod_count; i++) {
        struct seen_pod *p = &s->pods[i];
        if (m->uid.bytes[0] != p->number) continue;
        if (m->type == NODEWIRE_POD_GONE) {
            p->gone = true;
            fake_say(l, &(struct nodewire){.type = NODEWIRE_GONE, .uid = m->uid});
        }
        if (m->type != NODEWIRE_POD_STATUS) continue;
        p->statuses++;
        buf_clear(&p->status);
        buf_append(&p->status, m->status.p, m->status.n);
        if (getenv("LOGSHIP_TEST_SHOW")) {
            struct buf buf_auto json = BUF_INIT;
            json_write(mp_read(m->status.p, m->status.n), &json);
            print_message("pod-%u: %s\n", p->number, json.data);
        }
    }
    if (s->reached(s)) uv_stop(&f->loop);
}

static void scene_node(struct scene *s)
{
    fflush(NULL);
    s->f.child = fork();
    assert_true(s->f.child >= 0);
    if (s->f.child) return;
    const char *const masters[] = {s->f.address, NULL};
    struct node_options o = {.name = "n1",
                             .masters = masters,
                             .token = "secret",
                             .ca_file = s->f.ca,
                             .dir = scene_dir,
                             .images = scene_images,
                             .pod_cidr = "10.251.7.0/24"};
    struct error err = {0};
    int rc = node_run(&o, &err);
    if (rc < 0) print_message("node: %s\n", err.text);
    exit(rc < 0 ? 1 : 0);
}

static void scene_until(struct scene *s, bool (*reached)(struct scene *s), unsigned limit_ms)
{
    s->reached = reached;
    if (!reached(s)) fake_run(&s->f, limit_ms);
}

static struct seen_pod *scene_pod(struct scene *s, const char *json)
{
    struct seen_pod *p = &s->pods[s->pod_count++];
    *p = (struct seen_pod){.json = json, .number = (unsigned char)(getpid() % 200 + s->pod_count)};
    if (s->link) say_pod(s, p);
    return p;
}

static bool all_gone(struct scene *s)
{
    for (unsigned i = 0; i < s->pod_count; i++) {
        if (!s->pods[i].gone) return false;
    }
    return true;
}

static void scene_delete(struct scene *s, struct seen_pod *p, int64_t grace_s)
{
    p->deleted = true;
    p->grace_s = grace_s;
    say_pod(s, p);
}

static int scene_open(void **state)
{
    struct scene *s = mem_new(struct scene);
    fake_open(&s->f);
    s->f.said = on_said;
    s->f.data = s;
    mp_put_array(&s->needs, 0);
    *state = s;
    return 0;
}

static int scene_close(void **state)
{
    struct scene *s = *state;
    for (unsigned i = 0; s->link && i < s->pod_count; i++) {
        if (!s->pods[i].gone && !s->pods[i].deleted) scene_delete(s, &s->pods[i], 0);
    }
    if (s->link) scene_until(s, all_gone, 30000);
    for (unsigned i = 0; i < s->pod_count; i++) buf_free(&s->pods[i].status);
    assert_int_equal(fake_stop_child(&s->f), 0);
    fake_close(&s->f);
    buf_free(&s->needs);
    mem_free(s);
    return 0;
}

static struct mp pod_at(struct scene *s, unsigned i, const char *path)
{
    return mp_path(mp_read(s->pods[i].status.data, s->pods[i].status.len), path);
}

static struct mp container_at(struct scene *s, unsigned pod, unsigned container, const char *path)
{
    return mp_path(mp_at(pod_at(s, pod, "containerStatuses"), container), path);
}

static void assert_log(struct scene *s, unsigned pod, const char *container, unsigned run,
                       const char *expect)
{
    struct uid uid = {{s->pods[pod].number}};
    char text[UID_TEXT];
    uid_text(&uid, text);
    mem_auto char *path = mem_printf("%s/logs/default_pod-%u_%s/%s/%u.log", scene_dir,
                                     s->pods[pod].number, text, container, run);
    char all[4096] = {0};
    FILE *file = fopen(path, "re");
    if (!file) fail_msg("no log %s", path);
    size_t n = fread(all, 1, sizeof all - 1, file);
    all[n] = '\0';
    (void)fclose(file);
    if (!strstr(all, expect)) fail_msg("the log of %s says: %s", container, all);
}

/* --- stories
 * ---------------------------------------------------------------------------------------- */

static bool first_is_over(struct scene *s)
{
    return mp_is(pod_at(s, 0, "phase"), "Failed") || mp_is(pod_at(s, 0, "phase"), "Succeeded");
}

static void two_containers_share_localhost_and_a_volume(void **state)
{
    struct scene *s = *state;
    scene_pod(
        s, "{\"metadata\":{},\"spec\":{\"restartPolicy\":\"Never\",\"volumes\":[{\"name\":"
           "\"shared\",\"emptyDir\":{}}],"
           "\"containers\":[{\"name\":\"server\",\"image\":\"busybox\",\"command\":[\"sh\",\"-c\","
           "\"echo written > /shared/f; echo pong | nc -l -p 8080; echo served\"],"
           "\"volumeMounts\":[{\"name\":\"shared\",\"mountPath\":\"/shared\"}]},"
           "{\"name\":\"client\",\"image\":\"docker.io/library/"
           "busybox:latest\",\"command\":[\"sh\",\"-c\","
           "\"until nc 127.0.0.1 8080; do sleep 0.2; done; cat /shared/f; hostname; echo "
           "$(GREETING); exit 3\"],"
           "\"env\":[{\"name\":\"GREETING\",\"value\":\"hello\"}],"
           "\"volumeMounts\":[{\"name\":\"shared\",\"mountPath\":\"/shared\"}]}]}}");
    scene_node(s);
    scene_until(s, first_is_over, 30000);
    assert_true(mp_is(pod_at(s, 0, "phase"), "Failed"));
    assert_true(mp_is(container_at(s, 0, 0, "state.terminated.reason"), "Completed"));
    assert_int_equal(mp_i64(container_at(s, 0, 1, "state.terminated.exitCode"), -1), 3);
    assert_true(mp_is(container_at(s, 0, 1, "state.terminated.reason"), "Error"));
    assert_true(str_starts(mp_str(pod_at(s, 0, "podIP")), "10.251.7."));
    assert_log(s, 0, "server", 0, "stdout F served");
    assert_log(s, 0, "client", 0, "stdout F pong");
    assert_log(s, 0, "client", 0, "stdout F written");
    assert_log(s, 0, "client", 0, "stdout F hello");
}

static bool second_run(struct scene *s)
{
    return mp_i64(container_at(s, 0, 0, "restartCount"), 0) >= 1 &&
           mp_is(container_at(s, 0, 0, "state.waiting.reason"), "CrashLoopBackOff");
}

static void a_container_that_fails_is_started_again_and_then_waits(void **state)
{
    struct scene *s = *state;
    scene_pod(s,
              "{\"metadata\":{},\"spec\":{\"containers\":[{\"name\":\"main\",\"image\":\"busybox\","
              "\"args\":[\"sh\",\"-c\",\"echo run; echo why > /dev/termination-log; exit 7\"]}]}}");
    scene_node(s);
    scene_until(s, second_run, 30000);
    assert_int_equal(mp_i64(container_at(s, 0, 0, "lastState.terminated.exitCode"), -1), 7);
    assert_true(mp_is(container_at(s, 0, 0, "lastState.terminated.message"), "why\n"));
    assert_log(s, 0, "main", 1, "run");
}

static bool first_is_running(struct scene *s)
{
    return mp_is(pod_at(s, 0, "phase"), "Running") &&
           container_at(s, 0, 0, "state.running").type == MP_MAP;
}

static bool back_with_news(struct scene *s)
{
    return s->hellos == 2;
}
static bool first_is_gone(struct scene *s)
{
    return s->pods[0].gone;
}

static void containers_survive_the_agent_and_end_gracefully(void **state)
{
    struct scene *s = *state;
    scene_pod(
        s, "{\"metadata\":{},\"spec\":{\"containers\":[{\"name\":\"main\",\"image\":\"busybox\","
           "\"command\":"
           "[\"sh\",\"-c\",\"trap 'echo bye; exit 0' TERM; while true; do sleep 0.1; done\"]}]}}");
    scene_node(s);
    scene_until(s, first_is_running, 30000);
    mem_auto char *id = mem_strndup(container_at(s, 0, 0, "containerID").s.p,
                                    container_at(s, 0, 0, "containerID").s.n);
    kill(s->f.child, SIGKILL);
    waitpid(s->f.child, NULL, 0);
    scene_node(s);
    scene_until(s, back_with_news, 30000);
    for (int i = 0; i < 20; i++) uv_run(&s->f.loop, UV_RUN_NOWAIT), usleep(10000);
    assert_true(mp_is(container_at(s, 0, 0, "containerID"), id));
    assert_int_equal(mp_i64(container_at(s, 0, 0, "restartCount"), -1), 0);
    scene_delete(s, &s->pods[0], 20);
    uint64_t before = uv_now(&s->f.loop);
    scene_until(s, first_is_gone, 30000);
    assert_true(uv_now(&s->f.loop) - before < 10000);
    assert_int_equal(mp_i64(container_at(s, 0, 0, "state.terminated.exitCode"), -1), 0);
}

static void what_does_not_listen_is_killed_when_its_grace_ends(void **state)
{
    struct scene *s = *state;
    scene_pod(s, "{\"metadata\":{},\"spec\":{\"containers\":[{\"name\":\"main\",\"image\":"
                 "\"busybox\",\"command\":"
                 "[\"sh\",\"-c\",\"trap '' TERM; while true; do sleep 0.1; done\"]}]}}");
    scene_node(s);
    scene_until(s, first_is_running, 30000);
    scene_delete(s, &s->pods[0], 1);
    scene_until(s, first_is_gone, 30000);
    assert_int_equal(mp_i64(container_at(s, 0, 0, "state.terminated.exitCode"), -1), 137);
}

static void secrets_reach_containers_as_variables_and_as_files(void **state)
{
    struct scene *s = *state;
    buf_clear(&s->needs);
    put_json("[[\"secrets\",\"key\",{\"data\":{\"word\":\"c2VzYW1l\"}}],"
             "[\"configmaps\",\"conf\",{\"data\":{\"a.txt\":\"alpha\"}}]]",
             &s->needs);
    scene_pod(
        s,
        "{\"metadata\":{\"labels\":{\"app\":\"x\"}},\"spec\":{\"restartPolicy\":\"Never\","
        "\"volumes\":["
        "{\"name\":\"s\",\"secret\":{\"secretName\":\"key\",\"defaultMode\":256}},"
        "{\"name\":\"c\",\"configMap\":{\"name\":\"conf\",\"items\":[{\"key\":\"a.txt\","
        "\"path\":\"d/b\"}]}},"
        "{\"name\":\"m\",\"emptyDir\":{\"medium\":\"Memory\",\"sizeLimit\":\"1Mi\"}}],"
        "\"initContainers\":[{\"name\":\"init\",\"image\":\"busybox\",\"command\":[\"sh\",\"-"
        "c\",\"echo i > /m/i\"],"
        "\"volumeMounts\":[{\"name\":\"m\",\"mountPath\":\"/m\"}]}],"
        "\"containers\":[{\"name\":\"main\",\"image\":\"busybox\",\"workingDir\":\"/"
        "tmp\",\"command\":[\"sh\",\"-c\","
        "\"echo env=$WORD app=$APP; echo $(cat /s/word); ls -lL /s/word; echo $(cat /c/d/b); cat "
        "/m/i; pwd; "
        "grep ' /m ' /proc/mounts; id -u\"],\"securityContext\":{\"runAsUser\":0},"
        "\"env\":[{\"name\":\"WORD\",\"valueFrom\":{\"secretKeyRef\":{\"name\":\"key\","
        "\"key\":\"word\"}}},"
        "{\"name\":\"APP\",\"valueFrom\":{\"fieldRef\":{\"fieldPath\":\"metadata.labels['app'"
        "]\"}}}],"
        "\"volumeMounts\":[{\"name\":\"s\",\"mountPath\":\"/s\",\"readOnly\":true},"
        "{\"name\":\"c\",\"mountPath\":\"/c\"},{\"name\":\"m\",\"mountPath\":\"/m\"}]}]}}");
    scene_node(s);
    scene_until(s, first_is_over, 30000);
    assert_true(mp_is(pod_at(s, 0, "phase"), "Succeeded"));
    assert_log(s, 0, "main", 0, "F env=sesame app=x");
    assert_log(s, 0, "main", 0, "F sesame");
    assert_log(s, 0, "main", 0, "F -r--------");
    assert_log(s, 0, "main", 0, "F alpha");
    assert_log(s, 0, "main", 0, "F i\n");
    assert_log(s, 0, "main", 0, "F /tmp");
    assert_log(s, 0, "main", 0, "F tmpfs /m tmpfs rw");
    mem_auto char *grep = mem_printf("grep -rqs sesame %s/pods %s/state", scene_dir, scene_dir);
    assert_int_not_equal(system(grep), 0); // NOLINT: never in clear on the disk
}

static bool image_waits(struct scene *s)
{
    return mp_is(container_at(s, 0, 0, "state.waiting.reason"), "ErrImageNeverPull") &&
           mp_is(container_at(s, 1, 0, "state.terminated.reason"), "StartError");
}

static void what_cannot_start_says_why(void **state)
{
    struct scene *s = *state;
    scene_pod(
        s, "{\"metadata\":{},\"spec\":{\"containers\":[{\"name\":\"main\",\"image\":\"nowhere:1\","
           "\"imagePullPolicy\":\"Never\"}]}}");
    scene_pod(s, "{\"metadata\":{},\"spec\":{\"restartPolicy\":\"Never\",\"containers\":[{\"name\":"
                 "\"main\",\"image\":\"busybox\","
                 "\"command\":[\"/no/such/program\"]}]}}");
    scene_node(s);
    scene_until(s, image_waits, 30000);
    assert_true(mp_is(pod_at(s, 0, "phase"), "Pending"));
    assert_int_equal(mp_i64(container_at(s, 1, 0, "state.terminated.exitCode"), -1), 128);
}

static bool memory_was_short(struct scene *s)
{
    return container_at(s, 0, 0, "state.terminated").type == MP_MAP;
}

static void a_container_beyond_its_memory_is_killed_and_says_so(void **state)
{
    struct scene *s = *state;
    scene_pod(s, "{\"metadata\":{},\"spec\":{\"restartPolicy\":\"Never\",\"containers\":[{\"name\":"
                 "\"main\",\"image\":\"busybox\","
                 "\"resources\":{\"limits\":{\"memory\":\"16Mi\",\"cpu\":\"500m\"}},"
                 "\"command\":[\"sh\",\"-c\",\"dd if=/dev/zero of=/dev/null bs=64M count=4\"]}]}}");
    scene_node(s);
    scene_until(s, memory_was_short, 30000);
    assert_int_not_equal(mp_i64(container_at(s, 0, 0, "state.terminated.exitCode"), 0), 0);
    if (!mp_is(container_at(s, 0, 0, "state.terminated.reason"), "OOMKilled")) {
        print_message("the machine does not tell conmon that memory was short\n");
    }
}

static int fetch_log(struct scene *s, const char *query, bool as_master, struct buf *out)
{
    struct tls_config *tls;
    struct error err = {0};
    mem_auto char *crt = mem_printf("%s/m.crt", s->f.dir), *key = mem_printf("%s/m.key", s->f.dir);
    int rc = tls_config_load(&tls, as_master ? crt : NULL, as_master ? key : NULL, NULL,
                             TLS_PEER_NONE, &err);
    if (rc < 0) fail_msg("%s", err.text);
    mem_auto char *address = mem_printf("127.0.0.1:%s", s->node_port);
    mem_auto char *target =
        mem_printf("/containerLogs/default/pod-%u/main%s", s->pods[0].number, query);
    buf_clear(out);
    rc = http_fetch(address, tls, "GET", target, NULL, NULL, 0, 10000, out, &err);
    tls_config_free(tls);
    return rc;
}

static void logs_are_served_to_masters_only(void **state)
{
    struct scene *s = *state;
    struct buf buf_auto out = BUF_INIT;
    scene_pod(s,
              "{\"metadata\":{},\"spec\":{\"containers\":[{\"name\":\"main\",\"image\":\"busybox\","
              "\"command\":[\"sh\",\"-c\",\"echo one; echo two; echo three; sleep 1; echo four; "
              "exit 1\"]}]}}");
    scene_node(s);
    scene_until(s, first_is_running, 30000);
    assert_int_equal(fetch_log(s, "?follow=true", true, &out), 200); /* until it exits */
    assert_string_equal(out.data, "one\ntwo\nthree\nfour\n");
    scene_until(s, second_run, 30000);
    assert_int_equal(fetch_log(s, "?tailLines=2", true, &out), 200);
    assert_string_equal(out.data, "three\nfour\n");
    assert_int_equal(fetch_log(s, "?previous=true&limitBytes=5", true, &out), 200);
    assert_string_equal(out.data, "one\nt");
    assert_int_equal(fetch_log(s, "?tailLines=x", true, &out), 400);
    assert_true(fetch_log(s, "", false, &out) < 0);
}

static bool log_says(struct scene *s, const char *text)
{
    struct buf buf_auto out = BUF_INIT;
    return fetch_log(s, "", true, &out) == 200 && out.len && strstr(out.data, text);
}

static void a_secret_that_changes_reaches_the_running_container(void **state)
{
    struct scene *s = *state;
    buf_clear(&s->needs);
    put_json("[[\"secrets\",\"key\",{\"data\":{\"word\":\"c2VzYW1l\"}}]]", &s->needs);
    scene_pod(s,
              "{\"metadata\":{},\"spec\":{\"volumes\":[{\"name\":\"s\",\"secret\":{\"secretName\":"
              "\"key\"}}],"
              "\"containers\":[{\"name\":\"main\",\"image\":\"busybox\",\"command\":[\"sh\",\"-c\","
              "\"while true; do echo $(cat /s/word); sleep 0.2; done\"],"
              "\"volumeMounts\":[{\"name\":\"s\",\"mountPath\":\"/s\"}]}]}}");
    scene_node(s);
    scene_until(s, first_is_running, 30000);
    for (int i = 0; i < 100 && !log_says(s, "sesame\n"); i++) usleep(50000);
    assert_true(log_says(s, "sesame\n"));
    buf_clear(&s->needs);
    put_json("[[\"secrets\",\"key\",{\"data\":{\"word\":\"bmV3\"}}]]", &s->needs);
    say_pod(s, &s->pods[0]);
    for (int i = 0; i < 100 && !log_says(s, "new\n"); i++) {
        uv_run(&s->f.loop, UV_RUN_NOWAIT);
        usleep(50000);
    }
    assert_true(log_says(s, "new\n"));
}

static void what_a_stopped_node_left_can_be_wiped(void **state)
{
    struct scene *s = *state;
    struct error err = {0};
    scene_pod(s,
              "{\"metadata\":{},\"spec\":{\"containers\":[{\"name\":\"main\",\"image\":\"busybox\","
              "\"command\":[\"sleep\",\"1000\"]}]}}");
    scene_node(s);
    scene_until(s, first_is_running, 30000);
    mem_auto char *list = mem_printf("mount | grep -q %s", scene_dir);
    assert_int_equal(fake_stop_child(&s->f), 0);
    assert_int_equal(system(list), 0); // NOLINT: it still runs
    assert_int_equal(node_wipe(scene_dir, &err), 0);
    assert_int_not_equal(system(list), 0); // NOLINT
    s->pods[0].gone = true;
}

static bool missing(const char *program)
{
    mem_auto char *look = mem_printf("command -v %s >/dev/null 2>&1", program);
    bool absent = system(look) != 0; // NOLINT: fixed names
    if (absent) print_message("skipped: %s is not installed\n", program);
    return absent;
}

int main(int argc, char **argv)
{
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    if (geteuid() != 0) return print_message("skipped: real containers need root\n"), 0;
    if (missing("conmon") || missing("umoci") || missing("busybox")) return 0;
    if (missing("runc") && missing("crun")) return 0;
    char dir[] = "/tmp/logship-oci-XXXXXX";
    if (!mkdtemp(dir)) return 1;
    scene_dir = mem_printf("%s/n1", dir);
    snprintf(scene_images, sizeof scene_images, "%s/images", dir);
    mem_auto char *make = mem_printf("$(dirname %s)/../../scripts/make-image %s >/dev/null 2>&1",
                                     __FILE__, scene_images);
    if (system(make) != 0) return print_message("the image could not be made\n"), 1; // NOLINT
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(two_containers_share_localhost_and_a_volume, scene_open,
                                        scene_close),
        cmocka_unit_test_setup_teardown(a_container_that_fails_is_started_again_and_then_waits,
                                        scene_open, scene_close),
        cmocka_unit_test_setup_teardown(containers_survive_the_agent_and_end_gracefully, scene_open,
                                        scene_close),
        cmocka_unit_test_setup_teardown(logs_are_served_to_masters_only, scene_open, scene_close),
        cmocka_unit_test_setup_teardown(what_does_not_listen_is_killed_when_its_grace_ends,
                                        scene_open, scene_close),
        cmocka_unit_test_setup_teardown(secrets_reach_containers_as_variables_and_as_files,
                                        scene_open, scene_close),
        cmocka_unit_test_setup_teardown(what_cannot_start_says_why, scene_open, scene_close),
        cmocka_unit_test_setup_teardown(a_container_beyond_its_memory_is_killed_and_says_so,
                                        scene_open, scene_close),
        cmocka_unit_test_setup_teardown(a_secret_that_changes_reaches_the_running_container,
                                        scene_open, scene_close),
        cmocka_unit_test_setup_teardown(what_a_stopped_node_left_can_be_wiped, scene_open,
                                        scene_close),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    (void)node_wipe(scene_dir, NULL); /* of a story that failed */
    mem_auto char *clean = mem_printf("ip link del ls0afb0700; rm -rf --one-file-system %s", dir);
    if (system(clean) != 0) print_message("%s stays\n", dir); // NOLINT
    mem_free(scene_dir);
    return failed;
}
