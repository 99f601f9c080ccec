/* The machine that decides what is done for a pod, step by step, under a clock of the test. */
#include "node/pod_worker.h"

#include "base/mem.h"
#include "node/pod_status.h"
#include "proto/json.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct bench {
    struct buf spec;
    struct pod_worker w;
    uint64_t now;
};

static void bench_open(struct bench *b, const char *json)
{
    struct error err = {0};
    *b = (struct bench){.now = 1000};
    assert_int_equal(json_parse(json, strlen(json), &b->spec, &err), 0);
    pod_worker_init(&b->w, mp_read(b->spec.data, b->spec.len));
}

static void bench_close(struct bench *b)
{
    pod_worker_free(&b->w);
    buf_free(&b->spec);
}

static struct pod_step expect(struct bench *b, enum pod_step_kind kind)
{
    struct pod_step s = pod_worker_next(&b->w, b->now);
    assert_int_equal(s.kind, kind);
    return s;
}

static void starts(struct bench *b, unsigned container)
{
    struct pod_step s = expect(b, STEP_START);
    assert_int_equal(s.container, container);
    pod_worker_started(&b->w, container, "id", "image", (int64_t)b->now / 1000);
}

static void exits(struct bench *b, unsigned container, int code)
{
    pod_worker_exited(&b->w, container, code, false, (int64_t)b->now / 1000, b->now);
}

static void sets_up(struct bench *b)
{
    expect(b, STEP_SETUP);
    pod_worker_setup_done(&b->w, "10.0.0.1");
}

#define ONE       "{\"containers\":[{\"name\":\"a\"}]}"
#define TWO_NEVER "{\"restartPolicy\":\"Never\",\"containers\":[{\"name\":\"a\"},{\"name\":\"b\"}]}"
#define INIT                                                                                       \
    "{\"restartPolicy\":\"%s\",\"initContainers\":[{\"name\":\"i\"},{\"name\":\"k\"}],"            \
    "\"containers\":[{\"name\":\"a\"}]}"

static void containers_start_after_the_sandbox_one_by_one(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, TWO_NEVER);
    assert_string_equal(pod_worker_phase(&b.w), "Pending");
    sets_up(&b);
    struct pod_step s = expect(&b, STEP_START);
    assert_int_equal(s.container, 0);
    expect(&b, STEP_NONE); /* busy */
    pod_worker_started(&b.w, 0, "id", "image", 1);
    assert_string_equal(pod_worker_phase(&b.w), "Pending");
    assert_false(pod_worker_ready(&b.w));
    starts(&b, 1);
    assert_string_equal(pod_worker_phase(&b.w), "Running");
    assert_true(pod_worker_ready(&b.w));
    exits(&b, 0, 0);
    assert_string_equal(pod_worker_phase(&b.w), "Running");
    exits(&b, 1, 2);
    assert_string_equal(pod_worker_phase(&b.w), "Failed");
    expect(&b, STEP_NONE);
    bench_close(&b);
}

static void restarts_back_off_ten_seconds_doubling_to_five_minutes(void **state)
{
    (void)state;
    static const unsigned waits_s[] = {0, 10, 20, 40, 80, 160, 300, 300};
    struct bench b;
    bench_open(&b, ONE);
    sets_up(&b);
    for (unsigned i = 0; i < sizeof waits_s / sizeof *waits_s; i++) {
        starts(&b, 0);
        exits(&b, 0, 1);
        if (waits_s[i]) {
            struct pod_step s = expect(&b, STEP_NONE);
            assert_int_equal(s.wake_ms, b.now + waits_s[i] * 1000);
            assert_string_equal(b.w.containers[0].reason, "CrashLoopBackOff");
            b.now += waits_s[i] * 1000 - 1;
            expect(&b, STEP_NONE);
            b.now++;
        }
        assert_string_equal(pod_worker_phase(&b.w), "Running");
    }
    assert_int_equal(b.w.containers[0].restarts, 8);
    bench_close(&b);
}

static void a_container_that_ran_ten_minutes_starts_afresh(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, ONE);
    sets_up(&b);
    for (int i = 0; i < 3; i++) {
        starts(&b, 0);
        exits(&b, 0, 1);
        b.now += 40 * 1000;
    }
    starts(&b, 0);
    b.now += 600 * 1000;
    exits(&b, 0, 0);
    starts(&b, 0); /* at once */
    bench_close(&b);
}

static void on_failure_restarts_only_what_failed(void **state)
{
    (void)state;
    struct bench b;
    bench_open(
        &b, "{\"restartPolicy\":\"OnFailure\",\"containers\":[{\"name\":\"a\"},{\"name\":\"b\"}]}");
    sets_up(&b);
    starts(&b, 0);
    starts(&b, 1);
    exits(&b, 0, 0);
    exits(&b, 1, 1);
    assert_string_equal(pod_worker_phase(&b.w), "Running");
    starts(&b, 1);
    exits(&b, 1, 0);
    expect(&b, STEP_NONE);
    assert_string_equal(pod_worker_phase(&b.w), "Succeeded");
    bench_close(&b);
}

static void init_containers_run_in_order_and_hold_the_others(void **state)
{
    (void)state;
    struct bench b;
    mem_auto char *spec = mem_printf(INIT, "Always");
    bench_open(&b, spec);
    sets_up(&b);
    starts(&b, 0);
    expect(&b, STEP_NONE);
    exits(&b, 0, 1); /* it failed: again */
    starts(&b, 0);
    exits(&b, 0, 0);
    starts(&b, 1);
    assert_string_equal(pod_worker_phase(&b.w), "Pending");
    assert_false(pod_worker_initialized(&b.w));
    exits(&b, 1, 0);
    assert_true(pod_worker_initialized(&b.w));
    starts(&b, 2);
    assert_string_equal(pod_worker_phase(&b.w), "Running");
    bench_close(&b);
}

static void a_failed_init_container_that_never_restarts_fails_the_pod(void **state)
{
    (void)state;
    struct bench b;
    mem_auto char *spec = mem_printf(INIT, "Never");
    bench_open(&b, spec);
    sets_up(&b);
    starts(&b, 0);
    exits(&b, 0, 1);
    expect(&b, STEP_NONE);
    assert_string_equal(pod_worker_phase(&b.w), "Failed");
    bench_close(&b);
}

static void stopping_asks_waits_kills_and_cleans_up(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, ONE);
    sets_up(&b);
    starts(&b, 0);
    pod_worker_stop(&b.w, 30000, b.now);
    expect(&b, STEP_TERM);
    pod_worker_signalled(&b.w);
    assert_int_equal(expect(&b, STEP_NONE).wake_ms, b.now + 30000);
    pod_worker_stop(&b.w, 2000, b.now); /* a second delete may shorten the grace */
    assert_int_equal(expect(&b, STEP_NONE).wake_ms, b.now + 2000);
    b.now += 2000;
    expect(&b, STEP_KILL);
    pod_worker_signalled(&b.w);
    exits(&b, 0, 137);
    expect(&b, STEP_TEARDOWN);
    pod_worker_torn_down(&b.w);
    expect(&b, STEP_GONE);
    bench_close(&b);
}

static void without_grace_it_is_killed_at_once(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, ONE);
    sets_up(&b);
    starts(&b, 0);
    pod_worker_stop(&b.w, 0, b.now);
    expect(&b, STEP_KILL);
    bench_close(&b);
}

static void a_start_that_is_under_way_is_stopped_after_it(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, ONE);
    sets_up(&b);
    expect(&b, STEP_START);
    pod_worker_stop(&b.w, 1000, b.now);
    expect(&b, STEP_NONE);
    pod_worker_started(&b.w, 0, "id", "image", 1);
    expect(&b, STEP_TERM);
    bench_close(&b);
}

static void images_that_cannot_be_had_wait_and_are_tried_again(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, ONE);
    sets_up(&b);
    expect(&b, STEP_START);
    pod_worker_start_failed(&b.w, 0, "ErrImagePull", "no", b.now, 1);
    assert_string_equal(b.w.containers[0].reason, "ErrImagePull");
    assert_int_equal(expect(&b, STEP_NONE).wake_ms, b.now + 10000);
    b.now += 10000;
    expect(&b, STEP_START);
    pod_worker_start_failed(&b.w, 0, "ErrImagePull", "no", b.now, 1);
    assert_string_equal(b.w.containers[0].reason, "ImagePullBackOff");
    assert_int_equal(expect(&b, STEP_NONE).wake_ms, b.now + 20000);
    assert_int_equal(b.w.containers[0].restarts, 0);
    assert_string_equal(pod_worker_phase(&b.w), "Pending");
    bench_close(&b);
}

static void a_missing_secret_is_tried_again_when_it_comes(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, ONE);
    sets_up(&b);
    expect(&b, STEP_START);
    pod_worker_start_failed(&b.w, 0, "CreateContainerConfigError", "secret not found", b.now, 1);
    expect(&b, STEP_NONE);
    pod_worker_retry(&b.w);
    starts(&b, 0);
    bench_close(&b);
}

static void a_program_that_is_not_there_ends_with_128(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, TWO_NEVER);
    sets_up(&b);
    expect(&b, STEP_START);
    pod_worker_start_failed(&b.w, 0, "StartError", "no such file", b.now, 1);
    assert_int_equal(b.w.containers[0].end.code, 128);
    starts(&b, 1);
    exits(&b, 1, 0);
    assert_string_equal(pod_worker_phase(&b.w), "Failed");
    bench_close(&b);
}

static void the_status_speaks_kubernetes(void **state)
{
    (void)state;
    struct bench b;
    struct buf buf_auto body = BUF_INIT, told = BUF_INIT, out = BUF_INIT, json = BUF_INIT;
    struct error err = {0};
    const char *text = "{\"spec\":{\"containers\":[{\"name\":\"a\",\"image\":\"busybox\"}]}}";
    const char *before = "{\"conditions\":[{\"type\":\"PodScheduled\",\"status\":\"True\"}],"
                         "\"qosClass\":\"Burstable\"}";
    bench_open(&b, ONE);
    assert_int_equal(json_parse(text, strlen(text), &body, &err), 0);
    assert_int_equal(json_parse(before, strlen(before), &told, &err), 0);
    sets_up(&b);
    starts(&b, 0);
    pod_worker_exited(&b.w, 0, 137, true, 5, b.now);
    starts(&b, 0);
    struct pod_facts facts = {.worker = &b.w, .host_ip = "192.0.2.1", .started_s = 1};
    pod_status_put(&facts, mp_read(body.data, body.len), mp_read(told.data, told.len), 7, &out);
    json_write(mp_read(out.data, out.len), &json);
    static const char *const parts[] = {
        "{\"type\":\"PodScheduled\",\"status\":\"True\"}",
        "\"podIP\":\"10.0.0.1\",\"podIPs\":[{\"ip\":\"10.0.0.1\"}],\"phase\":\"Running\","
        "\"qosClass\":\"Burstable\"",
        "\"lastState\":{\"terminated\":{\"containerID\":\"conmon://id\",\"exitCode\":137,",
        "\"reason\":\"OOMKilled\"",
        "\"restartCount\":1,\"started\":true,\"state\":{\"running\":{",
        "\"lastTransitionTime\":\"1970-01-01T00:00:07Z\",\"status\":\"True\",\"type\":\"Ready\"",
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (!strstr(json.data, parts[i])) fail_msg("%s\nis not in\n%s", parts[i], json.data);
    }
    struct buf buf_auto again = BUF_INIT;
    pod_status_put(&facts, mp_read(body.data, body.len), mp_read(told.data, told.len), 99, &again);
    assert_int_equal(again.len, out.len); /* nothing changed: the same bytes, whatever the time */
    assert_memory_equal(again.data, out.data, out.len);
    bench_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(containers_start_after_the_sandbox_one_by_one),
        cmocka_unit_test(restarts_back_off_ten_seconds_doubling_to_five_minutes),
        cmocka_unit_test(a_container_that_ran_ten_minutes_starts_afresh),
        cmocka_unit_test(on_failure_restarts_only_what_failed),
        cmocka_unit_test(init_containers_run_in_order_and_hold_the_others),
        cmocka_unit_test(a_failed_init_container_that_never_restarts_fails_the_pod),
        cmocka_unit_test(stopping_asks_waits_kills_and_cleans_up),
        cmocka_unit_test(without_grace_it_is_killed_at_once),
        cmocka_unit_test(a_start_that_is_under_way_is_stopped_after_it),
        cmocka_unit_test(images_that_cannot_be_had_wait_and_are_tried_again),
        cmocka_unit_test(a_missing_secret_is_tried_again_when_it_comes),
        cmocka_unit_test(a_program_that_is_not_there_ends_with_128),
        cmocka_unit_test(the_status_speaks_kubernetes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
