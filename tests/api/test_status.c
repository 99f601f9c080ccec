#include "api/status.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void assert_json(const struct status *s, const char *expected)
{
    buf_auto struct buf json = BUF_INIT;
    status_put(s, &json);
    assert_string_equal(json.data, expected);
}

static void a_refusal_says_reason_details_and_code(void **state)
{
    (void)state;
    assert_json(
        &(struct status){.code = 404,
                         .message = "replicasets.apps \"x\" not found",
                         .name = STR("x"),
                         .group = "apps",
                         .kind = "replicasets"},
        "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Failure\","
        "\"message\":\"replicasets.apps \\\"x\\\" not found\",\"reason\":\"NotFound\","
        "\"details\":{\"name\":\"x\",\"group\":\"apps\",\"kind\":\"replicasets\"},\"code\":404}");
}

static void a_success_is_short(void **state)
{
    (void)state;
    assert_json(&(struct status){.code = 201},
                "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Success\","
                "\"code\":201}");
}

static void busy_masters_say_when_to_come_back(void **state)
{
    (void)state;
    assert_json(&(struct status){.code = 429, .message = "busy", .retry_after_s = 2},
                "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Failure\","
                "\"message\":\"busy\",\"reason\":\"TooManyRequests\",\"details\":{"
                "\"retryAfterSeconds\":2},\"code\":429}");
}

static void several_causes_stand_in_brackets(void **state)
{
    (void)state;
    struct causes causes = {0};
    buf_auto struct buf one = BUF_INIT, two = BUF_INIT;
    causes_add(&causes, "FieldValueRequired", "spec.containers", "Required value");
    status_invalid_message("", "Pod", STR("x"), &causes, &one);
    assert_string_equal(one.data, "Pod \"x\" is invalid: spec.containers: Required value");
    causes_add(&causes, "FieldValueInvalid", "metadata.name", "Invalid value: \"%s\"", "A");
    status_invalid_message("apps", "Deployment", STR("x"), &causes, &two);
    assert_string_equal(two.data,
                        "Deployment.apps \"x\" is invalid: [spec.containers: Required value, "
                        "metadata.name: Invalid value: \"A\"]");
    causes_free(&causes);
}

static void every_code_we_use_has_a_reason(void **state)
{
    (void)state;
    static const int codes[] = {400, 401, 403, 404, 405, 406, 409, 410,
                                413, 415, 422, 429, 500, 503, 504, 507};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        assert_true(strlen(status_reason(codes[i])) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refusal_says_reason_details_and_code),
        cmocka_unit_test(a_success_is_short),
        cmocka_unit_test(busy_masters_say_when_to_come_back),
        cmocka_unit_test(several_causes_stand_in_brackets),
        cmocka_unit_test(every_code_we_use_has_a_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
