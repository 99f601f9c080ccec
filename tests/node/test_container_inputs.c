/* What goes into a container and what comes out as text: environment, image names, volume paths,
 * logs. */
#include "node/images.h"
#include "node/log_read.h"
#include "node/pod_volumes.h"

#include "base/mem.h"
#include "proto/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

static struct mp parse(const char *json, struct buf *out)
{
    struct error err = {0};
    if (json_parse(json, strlen(json), out, &err) < 0) fail_msg("%s", err.text);
    return mp_read(out->data, out->len);
}

static bool has(const struct pod_env *env, const char *item)
{
    for (size_t i = 0; i < env->count; i++) {
        if (!strcmp(env->items[i], item)) return true;
    }
    return false;
}

static void variables_come_from_everywhere_and_see_each_other(void **state)
{
    (void)state;
    struct buf buf_auto needs = BUF_INIT, body = BUF_INIT, container = BUF_INIT, base = BUF_INIT;
    struct pod_context p = {
        .ns = STR("default"), .name = STR("web"), .node = "n1", .pod_ip = "10.0.0.9"};
    p.needs = parse("[[\"secrets\",\"s\",{\"data\":{\"k\":\"dmFsdWU=\"}}],[\"configmaps\",\"c\",{"
                    "\"data\":{\"x\":\"1\",\"y\":\"2\"}}]]",
                    &needs);
    p.body = parse("{\"metadata\":{\"labels\":{\"app\":\"web\"}}}", &body);
    struct mp c = parse(
        "{\"envFrom\":[{\"configMapRef\":{\"name\":\"c\"},\"prefix\":\"P_\"}],\"env\":["
        "{\"name\":\"S\",\"valueFrom\":{\"secretKeyRef\":{\"name\":\"s\",\"key\":\"k\"}}},"
        "{\"name\":\"GONE\",\"valueFrom\":{\"secretKeyRef\":{\"name\":\"z\",\"key\":\"k\","
        "\"optional\":true}}},"
        "{\"name\":\"IP\",\"valueFrom\":{\"fieldRef\":{\"fieldPath\":\"status.podIP\"}}},"
        "{\"name\":\"L\",\"valueFrom\":{\"fieldRef\":{\"fieldPath\":\"metadata.labels['app']\"}}},"
        "{\"name\":\"MIX\",\"value\":\"$(S)-$(P_y)-$$(S)-$(NONE)\"},{\"name\":\"PATH\",\"value\":"
        "\"/own\"}]}",
        &container);
    struct pod_env env;
    struct error err = {0};
    assert_int_equal(pod_env_make(&p, c, parse("[\"PATH=/bin\",\"HOME=/\"]", &base), &env, &err),
                     0);
    assert_true(has(&env, "S=value") && has(&env, "P_x=1") && has(&env, "IP=10.0.0.9") &&
                has(&env, "L=web"));
    assert_true(has(&env, "MIX=value-2-$(S)-$(NONE)"));
    assert_true(has(&env, "PATH=/own") && has(&env, "HOME=/") && has(&env, "HOSTNAME=web"));
    for (size_t i = 0; i < env.count; i++) assert_false(!strncmp(env.items[i], "GONE", 4));
    pod_env_free(&env);
}

static void a_missing_reference_is_named(void **state)
{
    (void)state;
    struct buf buf_auto needs = BUF_INIT, a = BUF_INIT, b = BUF_INIT;
    struct pod_context p = {.name = STR("web")};
    p.needs = parse("[[\"secrets\",\"s\",{\"data\":{}}]]", &needs);
    struct pod_env env;
    struct error err = {0};
    struct mp c = parse("{\"env\":[{\"name\":\"S\",\"valueFrom\":{\"secretKeyRef\":{\"name\":\"s\","
                        "\"key\":\"k\"}}}]}",
                        &a);
    assert_int_equal(pod_env_make(&p, c, (struct mp){0}, &env, &err), E_NOTFOUND);
    assert_string_equal(err.text, "couldn't find key k in secret s");
    c = parse("{\"envFrom\":[{\"configMapRef\":{\"name\":\"c\"}}]}", &b);
    assert_int_equal(pod_env_make(&p, c, (struct mp){0}, &env, &err), E_NOTFOUND);
    assert_string_equal(err.text, "configmap \"c\" not found");
}

static void image_names_mean_what_people_mean(void **state)
{
    (void)state;
    static const char *const names[][2] = {
        {"busybox", "busybox:latest"},
        {"docker.io/library/busybox:1.29", "busybox:1.29"},
        {"docker.io/me/app", "me/app:latest"},
        {"localhost/x:tag", "x:tag"},
        {"registry:5000/a/b", "registry:5000/a/b:latest"},
        {"a@sha256:00", "a@sha256:00"},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        mem_auto char *normal = image_normal_name(str_of(names[i][0]));
        assert_string_equal(normal, names[i][1]);
    }
}

static void volume_paths_stay_inside(void **state)
{
    (void)state;
    assert_true(volume_path_is_inside(STR("a/b..c/d")));
    assert_false(volume_path_is_inside(STR("")));
    assert_false(volume_path_is_inside(STR("/etc/passwd")));
    assert_false(volume_path_is_inside(STR("a/../../b")));
    assert_false(volume_path_is_inside(STR("..")));
}

static const char log_text[] = "2026-01-01T00:00:01.5Z stdout F one\n"
                               "2026-01-01T00:00:02Z stderr P two-\n"
                               "2026-01-01T00:00:02Z stderr F and-a-half\n"
                               "damaged\n"
                               "2026-01-01T00:00:03Z stdout F \n"
                               "2026-01-01T00:00:04Z stdout F last";

static void assert_filtered(struct log_filter f, const char *expect)
{
    struct buf buf_auto raw = BUF_INIT, out = BUF_INIT;
    for (const char *p = log_text; *p; p++) { /* byte by byte: lines are put together */
        buf_putc(&raw, *p);
        log_filter(&f, &raw, &out);
    }
    buf_putc(&out, '\0');
    assert_string_equal(out.data, expect);
}

static void log_lines_are_joined_and_filtered(void **state)
{
    (void)state;
    assert_filtered((struct log_filter){.limit_bytes = -1}, "one\ntwo-and-a-half\n\n");
    assert_filtered((struct log_filter){.limit_bytes = 6}, "one\ntw");
    assert_filtered((struct log_filter){.limit_bytes = -1, .since_us = 1767225603000000}, "\n");
    assert_filtered((struct log_filter){.limit_bytes = 40, .timestamps = true},
                    "2026-01-01T00:00:01.5Z one\n2026-01-01T00");
}

static void the_tail_begins_at_a_line(void **state)
{
    (void)state;
    char path[] = "/tmp/logship-log-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    unlink(path);
    size_t first = 0, at_5000 = 0;
    for (int i = 0; i < 20000; i++) {
        if (i == 5000) at_5000 = first;
        first += (size_t)dprintf(fd, "line %d\n", i);
    }
    assert_int_equal(log_tail(fd, 0), first);
    assert_int_equal(log_tail(fd, 1), first - strlen("line 19999\n"));
    assert_int_equal(log_tail(fd, 15000), at_5000);
    assert_int_equal(log_tail(fd, 20000), 0);
    assert_int_equal(log_tail(fd, 1000000), 0);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(variables_come_from_everywhere_and_see_each_other),
        cmocka_unit_test(a_missing_reference_is_named),
        cmocka_unit_test(image_names_mean_what_people_mean),
        cmocka_unit_test(volume_paths_stay_inside),
        cmocka_unit_test(log_lines_are_joined_and_filtered),
        cmocka_unit_test(the_tail_begins_at_a_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
