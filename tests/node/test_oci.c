/* Real containers: a node with the oci driver against a master that the test plays. Needs root,
 * conmon, a runtime, umoci and busybox; says so and skips when one is missing. */
#include "node/oci_scene.h"

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
    scene_until(s, first_is_over, 120000);
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
    scene_until(s, second_run, 120000);
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
    scene_until(s, first_is_running, 120000);
    mem_auto char *id = mem_strndup(container_at(s, 0, 0, "containerID").s.p,
                                    container_at(s, 0, 0, "containerID").s.n);
    kill(s->f.child, SIGKILL);
    waitpid(s->f.child, NULL, 0);
    scene_node(s);
    scene_until(s, back_with_news, 120000);
    for (int i = 0; i < 20; i++) uv_run(&s->f.loop, UV_RUN_NOWAIT), usleep(10000);
    assert_true(mp_is(container_at(s, 0, 0, "containerID"), id));
    assert_int_equal(mp_i64(container_at(s, 0, 0, "restartCount"), -1), 0);
    scene_delete(s, &s->pods[0], 100);
    uint64_t before = uv_now(&s->f.loop);
    scene_until(s, first_is_gone, 120000);
    assert_true(uv_now(&s->f.loop) - before < 60000);
    assert_int_equal(mp_i64(container_at(s, 0, 0, "state.terminated.exitCode"), -1), 0);
}

static void what_does_not_listen_is_killed_when_its_grace_ends(void **state)
{
    struct scene *s = *state;
    scene_pod(s, "{\"metadata\":{},\"spec\":{\"containers\":[{\"name\":\"main\",\"image\":"
                 "\"busybox\",\"command\":"
                 "[\"sh\",\"-c\",\"trap '' TERM; while true; do sleep 0.1; done\"]}]}}");
    scene_node(s);
    scene_until(s, first_is_running, 120000);
    scene_delete(s, &s->pods[0], 1);
    scene_until(s, first_is_gone, 120000);
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
    scene_until(s, first_is_over, 120000);
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
    scene_until(s, image_waits, 120000);
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
    scene_until(s, memory_was_short, 120000);
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
    scene_until(s, first_is_running, 120000);
    assert_int_equal(fetch_log(s, "?follow=true", true, &out), 200); /* until it exits */
    assert_string_equal(out.data, "one\ntwo\nthree\nfour\n");
    scene_until(s, second_run, 120000);
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
    scene_until(s, first_is_running, 120000);
    for (int i = 0; i < 1000 && !log_says(s, "sesame\n"); i++) usleep(50000);
    assert_true(log_says(s, "sesame\n"));
    buf_clear(&s->needs);
    put_json("[[\"secrets\",\"key\",{\"data\":{\"word\":\"bmV3\"}}]]", &s->needs);
    say_pod(s, &s->pods[0]);
    for (int i = 0; i < 1000 && !log_says(s, "new\n"); i++) {
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
    scene_until(s, first_is_running, 120000);
    mem_auto char *list = mem_printf("mount | grep -q %s", scene_dir);
    assert_int_equal(fake_stop_child(&s->f), 0);
    assert_int_equal(system(list), 0); // NOLINT: it still runs
    assert_int_equal(node_wipe(scene_dir, &err), 0);
    assert_int_not_equal(system(list), 0); // NOLINT
    s->pods[0].gone = true;
}

int main(int argc, char **argv)
{
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    int rc = scene_world_open();
    if (rc) return rc == SCENE_SKIP ? 0 : 1;
    const struct CMUnitTest tests[] = {
        STORY(two_containers_share_localhost_and_a_volume),
        STORY(a_container_that_fails_is_started_again_and_then_waits),
        STORY(containers_survive_the_agent_and_end_gracefully),
        STORY(logs_are_served_to_masters_only),
        STORY(what_does_not_listen_is_killed_when_its_grace_ends),
        STORY(secrets_reach_containers_as_variables_and_as_files),
        STORY(what_cannot_start_says_why),
        STORY(a_container_beyond_its_memory_is_killed_and_says_so),
        STORY(a_secret_that_changes_reaches_the_running_container),
        STORY(what_a_stopped_node_left_can_be_wiped),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    scene_world_close();
    return failed;
}
