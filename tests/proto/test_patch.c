/* The three kinds of patches, as documents before and after. */
#include "proto/json.h"
#include "proto/patch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum how { JSON, MERGE, STRATEGIC };

struct scene {
    const char *target, *patch, *after; /* after: the document, or the start of the error */
};

static struct buf out, text;

static const char *apply(enum how how, const char *target_json, const char *patch_json_text,
                         int *code)
{
    buf_auto struct buf a = BUF_INIT, b = BUF_INIT;
    static struct error err;
    assert_int_equal(json_parse(target_json, strlen(target_json), &a, NULL), 0);
    assert_int_equal(json_parse(patch_json_text, strlen(patch_json_text), &b, NULL), 0);
    struct mp target = mp_read(a.data, a.len), patch = mp_read(b.data, b.len);
    buf_clear(&out);
    buf_clear(&text);
    err = (struct error){0};
    *code = how == JSON    ? patch_json(target, patch, &out, &err)
            : how == MERGE ? patch_merge(target, patch, &out, &err)
                           : patch_strategic(kind_pod->versions[0].type, target, patch, &out, &err);
    if (*code) {
        assert_int_equal(out.len, 0);
        return err.text;
    }
    assert_true(mp_valid(out.data, out.len));
    json_write(mp_read(out.data, out.len), &text);
    return text.data;
}

static void play(enum how how, const struct scene *scenes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int code;
        const char *got = apply(how, scenes[i].target, scenes[i].patch, &code);
        bool same = code ? strncmp(got, scenes[i].after, strlen(scenes[i].after)) == 0
                         : strcmp(got, scenes[i].after) == 0;
        if (!same)
            fail_msg("%s\n with %s\n gave %s\n want %s", scenes[i].target, scenes[i].patch, got,
                     scenes[i].after);
    }
}
#define PLAY(how, scenes) play(how, scenes, sizeof(scenes) / sizeof *(scenes))

static void json_patches_apply_in_order(void **state)
{
    (void)state;
    static const struct scene scenes[] = {
        {"{\"a\":1}", "[]", "{\"a\":1}"},
        {"{\"a\":1}",
         "[{\"op\":\"add\",\"path\":\"/b\",\"value\":{\"c\":2}},{\"op\":\"add\",\"path\":\"/b/"
         "d\",\"value\":3}]",
         "{\"a\":1,\"b\":{\"c\":2,\"d\":3}}"},
        {"{\"a\":1}", "[{\"op\":\"add\",\"path\":\"/a\",\"value\":2}]", "{\"a\":2}"},
        {"{\"a\":[1,2]}",
         "[{\"op\":\"add\",\"path\":\"/a/0\",\"value\":0},{\"op\":\"add\",\"path\":\"/a/"
         "-\",\"value\":3},"
         "{\"op\":\"add\",\"path\":\"/a/4\",\"value\":4}]",
         "{\"a\":[0,1,2,3,4]}"},
        {"{\"a\":[1,2,3]}", "[{\"op\":\"remove\",\"path\":\"/a/1\"}]", "{\"a\":[1,3]}"},
        {"{\"a\":1,\"b\":2}", "[{\"op\":\"remove\",\"path\":\"/a\"}]", "{\"b\":2}"},
        {"{\"a\":{\"b\":[{\"c\":1}]}}",
         "[{\"op\":\"replace\",\"path\":\"/a/b/0/c\",\"value\":null}]",
         "{\"a\":{\"b\":[{\"c\":null}]}}"},
        {"{\"a\":{\"x\":1},\"b\":{}}", "[{\"op\":\"move\",\"from\":\"/a/x\",\"path\":\"/b/y\"}]",
         "{\"a\":{},\"b\":{\"y\":1}}"},
        {"{\"a\":{\"x\":1}}", "[{\"op\":\"copy\",\"from\":\"/a\",\"path\":\"/a/z\"}]",
         "{\"a\":{\"x\":1,\"z\":{\"x\":1}}}"},
        {"{\"a\":1}", "[{\"op\":\"move\",\"from\":\"/a\",\"path\":\"/a\"}]", "{\"a\":1}"},
        {"{\"a/b\":{\"m~n\":1}}",
         "[{\"op\":\"replace\",\"path\":\"/a~1b/m~0n\",\"value\":2},"
         "{\"op\":\"add\",\"path\":\"/~01\",\"value\":3}]",
         "{\"a/b\":{\"m~n\":2},\"~1\":3}"},
        {"{\"\":{\"\":1}}", "[{\"op\":\"replace\",\"path\":\"//\",\"value\":2}]",
         "{\"\":{\"\":2}}"},
        {"{\"a\":1}", "[{\"op\":\"replace\",\"path\":\"\",\"value\":{\"b\":2}}]", "{\"b\":2}"},
        {"{\"a\":{\"x\":[1,{\"y\":2}],\"z\":1}}",
         "[{\"op\":\"test\",\"path\":\"/a\",\"value\":{\"z\":1,\"x\":[1,{\"y\":2}]}},"
         "{\"op\":\"test\",\"path\":\"/nope\",\"value\":null},{\"op\":\"remove\",\"path\":\"/a/"
         "z\"}]",
         "{\"a\":{\"x\":[1,{\"y\":2}]}}"},
        {"[1,2,3]", "[{\"op\":\"move\",\"from\":\"/0\",\"path\":\"/2\"}]", "[2,3,1]"},
    };
    PLAY(JSON, scenes);
}

static void json_patches_that_do_not_apply_say_why(void **state)
{
    (void)state;
    static const struct scene scenes[] = {
        {"{}", "{}", "a JSON patch must be an array"},
        {"{}", "[5]", "a JSON patch is an array of {op"},
        {"{}", "[{\"op\":\"add\",\"path\":\"/a\"}]",
         "add operation does not apply: \"value\" is missing"},
        {"{}", "[{\"op\":\"frob\",\"path\":\"/a\"}]",
         "frob operation does not apply: Unexpected kind: frob"},
        {"{}", "[{\"op\":\"move\",\"path\":\"/a\"}]",
         "move operation does not apply: \"from\" is missing"},
        {"{}", "[{\"op\":\"remove\",\"path\":\"/a\"}]",
         "remove operation does not apply: doc is missing path: \"/a\": missing value"},
        {"{}", "[{\"op\":\"replace\",\"path\":\"/a/b\",\"value\":1}]",
         "replace operation does not apply: doc is missing"},
        {"{}", "[{\"op\":\"add\",\"path\":\"/a/b\",\"value\":1}]",
         "add operation does not apply: doc is missing"},
        {"{\"a\":[1]}", "[{\"op\":\"add\",\"path\":\"/a/2\",\"value\":1}]",
         "add operation does not apply: doc is missing"},
        {"{\"a\":[1]}", "[{\"op\":\"remove\",\"path\":\"/a/1\"}]",
         "remove operation does not apply: doc is missing"},
        {"{\"a\":[1]}", "[{\"op\":\"remove\",\"path\":\"/a/-\"}]",
         "remove operation does not apply: doc is missing"},
        {"{\"a\":[1,2]}", "[{\"op\":\"remove\",\"path\":\"/a/01\"}]",
         "remove operation does not apply: doc is missing"},
        {"{\"a\":1}", "[{\"op\":\"test\",\"path\":\"/a\",\"value\":2}]",
         "test operation does not apply: testing value /a failed"},
        {"{\"a\":1}", "[{\"op\":\"test\",\"path\":\"/b\",\"value\":2}]",
         "test operation does not apply: testing value /b failed"},
        {"{\"a\":1}", "[{\"op\":\"add\",\"path\":\"a\",\"value\":2}]",
         "add operation does not apply: invalid JSON pointer"},
        {"{\"a\":1}", "[{\"op\":\"add\",\"path\":\"/~2\",\"value\":2}]",
         "add operation does not apply: invalid JSON pointer"},
        {"{\"a\":{}}", "[{\"op\":\"move\",\"from\":\"/a\",\"path\":\"/a/b\"}]",
         "move operation does not apply: a value cannot be moved into itself"},
        {"{\"a\":{}}", "[{\"op\":\"remove\",\"path\":\"\"}]",
         "remove operation does not apply: the whole document"},
    };
    PLAY(JSON, scenes);
    int code;
    apply(JSON, "{}", "[{\"op\":\"test\",\"path\":\"/a\",\"value\":1}]", &code);
    assert_int_equal(code, E_NOTFOUND);
    apply(JSON, "{}", "[{\"op\":\"add\",\"path\":\"a\",\"value\":1}]", &code);
    assert_int_equal(code, E_INVALID);
}

static void copies_cannot_grow_without_bound(void **state)
{
    (void)state;
    buf_auto struct buf patch = BUF_INIT;
    buf_puts(&patch, "[");
    for (int i = 0; i < 60; i++)
        buf_printf(&patch, "%s{\"op\":\"copy\",\"from\":\"/a\",\"path\":\"/a/%d\"}", i ? "," : "",
                   i);
    buf_puts(&patch, "]");
    int code;
    apply(JSON, "{\"a\":{\"b\":\"0123456789\"}}", patch.data, &code);
    assert_int_equal(code, E_TOOBIG);
}

static void a_patch_cannot_nest_a_document_too_deeply(void **state)
{
    (void)state;
    buf_auto struct buf deep = BUF_INIT, patch = BUF_INIT;
    for (int i = 0; i < 50; i++) buf_puts(&deep, "{\"a\":");
    buf_puts(&deep, "1");
    for (int i = 0; i < 50; i++) buf_puts(&deep, "}");
    buf_puts(&patch, "[{\"op\":\"copy\",\"from\":\"\",\"path\":\"");
    for (int i = 0; i < 49; i++) buf_puts(&patch, "/a");
    buf_puts(&patch, "/b\"}]");
    int code;
    assert_string_equal(apply(JSON, deep.data, patch.data, &code),
                        "the patched document nests too deeply");
    assert_int_equal(code, E_INVALID);
}

static void merge_patches_follow_rfc_7386(void **state)
{
    (void)state;
    static const struct scene scenes[] = {
        {"{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
        {"{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}"},
        {"{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}"},
        {"{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
        {"{\"a\":\"c\"}", "{\"a\":[\"b\"]}", "{\"a\":[\"b\"]}"},
        {"{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}", "{\"a\":{\"b\":\"d\"}}"},
        {"{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}"},
        {"{\"e\":null}", "{\"a\":1}", "{\"e\":null,\"a\":1}"},
        {"[1,2]", "{\"a\":\"b\",\"c\":null}", "{\"a\":\"b\"}"},
        {"{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{\"a\":{\"bb\":{}}}"},
        {"{}", "[1]", "a merge patch must be a JSON object"},
    };
    PLAY(MERGE, scenes);
}

static void strategic_patches_merge_maps_and_replace_plain_lists(void **state)
{
    (void)state;
    static const struct scene scenes[] = {
        {"{\"metadata\":{\"labels\":{\"a\":\"1\",\"b\":\"2\"}}}",
         "{\"metadata\":{\"labels\":{\"b\":null,\"c\":\"3\"},\"annotations\":{\"x\":\"y\",\"z\":"
         "null}}}",
         "{\"metadata\":{\"labels\":{\"a\":\"1\",\"c\":\"3\"},\"annotations\":{\"x\":\"y\"}}}"},
        {"{\"spec\":{\"containers\":[{\"name\":\"c\",\"command\":[\"a\",\"b\"]}]}}",
         "{\"spec\":{\"containers\":[{\"name\":\"c\",\"command\":[\"z\"]}]}}",
         "{\"spec\":{\"containers\":[{\"name\":\"c\",\"command\":[\"z\"]}]}}"},
        {"{\"spec\":{\"tolerations\":[{\"key\":\"a\"}]}}",
         "{\"spec\":{\"tolerations\":[{\"key\":\"b\"}]}}",
         "{\"spec\":{\"tolerations\":[{\"key\":\"b\"}]}}"},
        {"{\"unknown\":[1]}", "{\"unknown\":[2],\"more\":{\"x\":1}}",
         "{\"unknown\":[2],\"more\":{\"x\":1}}"},
        {"{\"spec\":5}", "{\"spec\":{\"nodeName\":\"n\"}}", "{\"spec\":{\"nodeName\":\"n\"}}"},
        {"{\"spec\":{\"nodeName\":\"n\"}}", "{\"spec\":null}", "{}"},
        {"{}", "5", "a strategic merge patch must be"},
    };
    PLAY(STRATEGIC, scenes);
}

#define CONTAINERS(list) "{\"spec\":{\"containers\":" list "}}"

static void strategic_patches_merge_lists_by_key(void **state)
{
    (void)state;
    static const struct scene scenes[] = {
        {CONTAINERS("[{\"name\":\"a\",\"image\":\"1\"},{\"name\":\"b\",\"image\":\"2\"}]"),
         CONTAINERS(
             "[{\"name\":\"b\",\"image\":\"3\",\"env\":[{\"name\":\"X\",\"value\":\"y\"}]}]"),
         CONTAINERS("[{\"name\":\"a\",\"image\":\"1\"},{\"name\":\"b\",\"image\":\"3\",\"env\":[{"
                    "\"name\":\"X\",\"value\":\"y\"}]}]")},
        /* What is new comes first, as Kubernetes orders without $setElementOrder. */
        {CONTAINERS("[{\"name\":\"a\"}]"), CONTAINERS("[{\"name\":\"n\"}]"),
         CONTAINERS("[{\"name\":\"n\"},{\"name\":\"a\"}]")},
        {CONTAINERS("[{\"name\":\"a\"},{\"name\":\"b\"},{\"name\":\"c\"}]"),
         CONTAINERS("[{\"name\":\"c\",\"image\":\"x\"},{\"name\":\"d\"}]"),
         CONTAINERS("[{\"name\":\"a\"},{\"name\":\"b\"},{\"name\":\"c\",\"image\":\"x\"},{\"name\":"
                    "\"d\"}]")},
        {CONTAINERS("[{\"name\":\"a\"},{\"name\":\"b\"}]"),
         CONTAINERS("[{\"name\":\"a\",\"$patch\":\"delete\"}]"), CONTAINERS("[{\"name\":\"b\"}]")},
        {CONTAINERS("[{\"name\":\"a\"},{\"name\":\"b\"}]"),
         CONTAINERS("[{\"$patch\":\"replace\"},{\"name\":\"z\",\"image\":null}]"),
         CONTAINERS("[{\"name\":\"z\"}]")},
        {CONTAINERS("[{\"name\":\"a\",\"image\":\"1\"}]"),
         CONTAINERS("[{\"name\":\"a\",\"$patch\":\"delete\"},{\"name\":\"a\",\"image\":\"2\"}]"),
         CONTAINERS("[{\"name\":\"a\",\"image\":\"2\"}]")},
        {CONTAINERS("[{\"name\":\"a\",\"ports\":[{\"containerPort\":80,\"name\":\"x\"},{"
                    "\"containerPort\":81}]}]"),
         CONTAINERS("[{\"name\":\"a\",\"ports\":[{\"containerPort\":80,\"name\":\"y\"}]}]"),
         CONTAINERS("[{\"name\":\"a\",\"ports\":[{\"containerPort\":80,\"name\":\"y\"},{"
                    "\"containerPort\":81}]}]")},
        /* One key twice in a patch: the second is merged into the first. */
        {CONTAINERS("[]"),
         CONTAINERS("[{\"name\":\"a\",\"image\":\"1\"},{\"name\":\"a\",\"tty\":true}]"),
         CONTAINERS("[{\"name\":\"a\",\"image\":\"1\",\"tty\":true}]")},
        {CONTAINERS("[{\"name\":\"a\"}]"), CONTAINERS("[{\"image\":\"x\"}]"),
         "map: {\"image\":\"x\"} does not contain declared merge key: name"},
        {CONTAINERS("[{\"name\":\"a\"}]"), CONTAINERS("[5]"),
         "each element of containers must be an object"},
        {CONTAINERS("[{\"name\":\"a\"}]"), CONTAINERS("[{\"name\":\"a\",\"$patch\":\"frob\"}]"),
         "unknown patch type: 'frob'"},
    };
    PLAY(STRATEGIC, scenes);
}

static void strategic_directives_order_and_retain(void **state)
{
    (void)state;
    static const struct scene scenes[] = {
        {CONTAINERS("[{\"name\":\"a\"},{\"name\":\"b\"},{\"name\":\"c\"}]"),
         "{\"spec\":{\"$setElementOrder/"
         "containers\":[{\"name\":\"c\"},{\"name\":\"n\"},{\"name\":\"a\"}],"
         "\"containers\":[{\"name\":\"n\",\"image\":\"i\"}]}}",
         CONTAINERS("[{\"name\":\"b\"},{\"name\":\"c\"},{\"name\":\"n\",\"image\":\"i\"},{\"name\":"
                    "\"a\"}]")},
        {CONTAINERS("[{\"name\":\"a\"},{\"name\":\"b\"}]"),
         "{\"spec\":{\"$setElementOrder/containers\":[{\"name\":\"b\"},{\"name\":\"a\"}]}}",
         CONTAINERS("[{\"name\":\"b\"},{\"name\":\"a\"}]")},
        {CONTAINERS("[]"),
         "{\"spec\":{\"$setElementOrder/"
         "containers\":[{\"name\":\"a\"}],\"containers\":[{\"name\":\"b\"}]}}",
         "the order in patch list containers doesn't match"},
        {"{}", "{\"spec\":{\"$setElementOrder/containers\":[{\"name\":\"a\"}],\"$retainKeys\":[]}}",
         "{\"spec\":{}}"},
        {"{\"spec\":{\"volumes\":[{\"name\":\"v\",\"emptyDir\":{}}]}}",
         "{\"spec\":{\"volumes\":[{\"name\":\"v\",\"$retainKeys\":[\"name\",\"secret\"],\"secret\":"
         "{\"secretName\":\"s\"}}]}}",
         "{\"spec\":{\"volumes\":[{\"name\":\"v\",\"secret\":{\"secretName\":\"s\"}}]}}"},
        {"{\"spec\":{\"volumes\":[]}}",
         "{\"spec\":{\"volumes\":[{\"name\":\"v\",\"$retainKeys\":[\"secret\"]}]}}",
         "invalid patch format of retainKeys"},
        {"{\"metadata\":{\"finalizers\":[\"a\",\"b\"]}}",
         "{\"metadata\":{\"finalizers\":[\"c\",\"a\"],\"$setElementOrder/"
         "finalizers\":[\"c\",\"a\",\"b\"]}}",
         "{\"metadata\":{\"finalizers\":[\"c\",\"a\",\"b\"]}}"},
        {"{\"metadata\":{\"finalizers\":[\"a\",\"b\"]}}",
         "{\"metadata\":{\"$deleteFromPrimitiveList/finalizers\":[\"a\",\"z\"]}}",
         "{\"metadata\":{\"finalizers\":[\"b\"]}}"},
        {"{\"metadata\":{\"labels\":{\"a\":\"b\"}}}",
         "{\"metadata\":{\"$patch\":\"replace\",\"name\":\"x\"}}",
         "{\"metadata\":{\"name\":\"x\"}}"},
        {"{\"metadata\":{\"labels\":{\"a\":\"b\"}}}",
         "{\"metadata\":{\"labels\":{\"$patch\":\"delete\"}}}", "{\"metadata\":{\"labels\":{}}}"},
        {"{\"metadata\":{\"labels\":{\"a\":\"b\"}}}",
         "{\"metadata\":{\"$patch\":\"merge\",\"name\":\"x\"}}",
         "{\"metadata\":{\"labels\":{\"a\":\"b\"},\"name\":\"x\"}}"},
    };
    PLAY(STRATEGIC, scenes);
}

static void large_maps_and_lists_are_patched_in_linear_time(void **state)
{
    (void)state;
    buf_auto struct buf target = BUF_INIT, patch = BUF_INIT;
    const int many = 20000;
    buf_puts(&target, "{\"metadata\":{\"labels\":{");
    buf_puts(&patch, "{\"metadata\":{\"labels\":{");
    for (int i = 0; i < many; i++) {
        buf_printf(&target, "%s\"k%d\":\"v\"", i ? "," : "", i);
        buf_printf(&patch, "%s\"k%d\":\"w\"", i ? "," : "", many - i);
    }
    buf_puts(&target, "}},\"spec\":{\"containers\":[");
    buf_puts(&patch, "}},\"spec\":{\"containers\":[");
    for (int i = 0; i < many; i++) {
        buf_printf(&target, "%s{\"name\":\"c%d\"}", i ? "," : "", i);
        buf_printf(&patch, "%s{\"name\":\"c%d\",\"image\":\"i\"}", i ? "," : "", many - i);
    }
    buf_puts(&target, "]}}");
    buf_puts(&patch, "]}}");
    int code;
    apply(STRATEGIC, target.data, patch.data, &code);
    assert_int_equal(code, 0);
    assert_int_equal(mp_path(mp_read(out.data, out.len), "metadata.labels").count, many + 1);
    assert_int_equal(mp_path(mp_read(out.data, out.len), "spec.containers").count, many + 1);
    apply(MERGE, target.data, patch.data, &code);
    assert_int_equal(mp_path(mp_read(out.data, out.len), "metadata.labels").count, many + 1);
}

static int setup(void **state)
{
    (void)state;
    schema_init();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    buf_free(&out);
    buf_free(&text);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_patches_apply_in_order),
        cmocka_unit_test(json_patches_that_do_not_apply_say_why),
        cmocka_unit_test(copies_cannot_grow_without_bound),
        cmocka_unit_test(a_patch_cannot_nest_a_document_too_deeply),
        cmocka_unit_test(merge_patches_follow_rfc_7386),
        cmocka_unit_test(strategic_patches_merge_maps_and_replace_plain_lists),
        cmocka_unit_test(strategic_patches_merge_lists_by_key),
        cmocka_unit_test(strategic_directives_order_and_retain),
        cmocka_unit_test(large_maps_and_lists_are_patched_in_linear_time),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
