/* Bodies in protobuf, as current clients send them, and writers that race. */
#include "api/local_http.h"
#include "proto/yaml.h"

#define CONFIGMAPS "/api/v1/namespaces/default/configmaps"
#define PROTOBUF   "Content-Type: application/vnd.kubernetes.protobuf\r\n"

/* One length-delimited field. */
static void put_field(struct buf *out, unsigned number, const void *bytes, size_t n)
{
    assert_true(n < 128);
    buf_putc(out, (char)(number << 3 | 2));
    buf_putc(out, (char)n);
    buf_append(out, bytes, n);
}

static void put_text(struct buf *out, unsigned number, const char *text)
{
    put_field(out, number, text, strlen(text));
}

/* The envelope: magic, then the kind and the object's own bytes. */
static void put_envelope(struct buf *out, const char *kind, const struct buf *raw)
{
    buf_auto struct buf type = BUF_INIT;
    put_text(&type, 1, "v1");
    put_text(&type, 2, kind);
    buf_append(out, "k8s", 4);
    put_field(out, 1, type.data, type.len);
    put_field(out, 2, raw->data ? raw->data : "", raw->len);
}

static void protobuf_bodies_are_understood(void **state)
{
    struct local_cluster *c = *state;
    buf_auto struct buf meta = BUF_INIT, pair = BUF_INIT, raw = BUF_INIT, body = BUF_INIT;
    put_text(&meta, 1, "pb");
    put_field(&raw, 1, meta.data, meta.len);
    put_text(&pair, 1, "key");
    put_text(&pair, 2, "value");
    put_field(&raw, 2, pair.data, pair.len);
    put_envelope(&body, "ConfigMap", &raw);
    struct mp doc = ask_with(c, "POST", CONFIGMAPS, PROTOBUF, (struct str){body.data, body.len});
    assert_int_equal(asked->status, 201);
    assert_text(doc, "metadata.name", "pb");
    assert_text(doc, "data.key", "value");
    assert_string_equal(asked->type.data, "application/json");
}

static void delete_options_come_in_protobuf_too(void **state)
{
    struct local_cluster *c = *state;
    buf_auto struct buf raw = BUF_INIT, uid = BUF_INIT, body = BUF_INIT;
    ask(c, "POST", CONFIGMAPS, "{\"metadata\":{\"name\":\"a\"}}");
    put_text(&uid, 1, "5b2b2a3e-0000-4000-8000-000000000009");
    put_field(&raw, 2, uid.data, uid.len);
    put_envelope(&body, "DeleteOptions", &raw);
    ask_with(c, "DELETE", CONFIGMAPS "/a", PROTOBUF, (struct str){body.data, body.len});
    assert_int_equal(asked->status, 409);
    ask(c, "DELETE", CONFIGMAPS "/a", "{}");
    assert_int_equal(asked->status, 200);
}

static void damaged_protobuf_is_refused(void **state)
{
    struct local_cluster *c = *state;
    static const char junk[] = "k8s\0\x0a\x7fnot that long";
    ask_with(c, "POST", CONFIGMAPS, PROTOBUF, (struct str){junk, sizeof junk - 1});
    assert_int_equal(asked->status, 400);
    ask_with(c, "POST", CONFIGMAPS, PROTOBUF, STR("{}"));
    assert_int_equal(asked->status, 400);
}

static void patches_that_race_all_win(void **state)
{
    enum { RACERS = 12 };
    struct local_cluster *c = *state;
    struct answer *racers[RACERS];
    ask(c, "POST", CONFIGMAPS, "{\"metadata\":{\"name\":\"a\"}}");
    for (unsigned i = 0; i < RACERS; i++) {
        char body[64];
        snprintf(body, sizeof body, "{\"data\":{\"k%u\":\"1\"}}", i);
        racers[i] = ask_begin(c, "PATCH", CONFIGMAPS "/a",
                              "Content-Type: application/merge-patch+json\r\n", str_of(body));
    }
    for (unsigned i = 0; i < RACERS; i++) {
        ask_wait(c, racers[i]);
        assert_int_equal(racers[i]->status, 200);
        answer_free(c, racers[i]);
    }
    assert_int_equal(mp_get(ask(c, "GET", CONFIGMAPS "/a", NULL), "data").count, RACERS);
}

static void a_patch_that_names_a_version_does_not_try_again(void **state)
{
    struct local_cluster *c = *state;
    ask(c, "POST", CONFIGMAPS, "{\"metadata\":{\"name\":\"a\"}}");
    struct mp doc = ask_patch(c, "merge-patch", CONFIGMAPS "/a",
                              "{\"metadata\":{\"resourceVersion\":\"1\"},\"data\":{\"k\":\"1\"}}");
    assert_int_equal(asked->status, 409);
    assert_text(doc, "reason", "Conflict");
    ask_patch(c, "merge-patch", CONFIGMAPS "/a",
              "{\"metadata\":{\"resourceVersion\":\"2\"},\"data\":{\"k\":\"1\"}}");
    assert_int_equal(asked->status, 200);
}

static void a_huge_body_is_refused(void **state)
{
    struct local_cluster *c = *state;
    size_t n = 4 * 1024 * 1024;
    mem_auto char *body = mem_alloc(n);
    memset(body, ' ', n);
    struct answer *a = ask_begin(c, "POST", CONFIGMAPS, NULL, (struct str){body, n});
    ask_wait(c, a);
    assert_true(a->status == 413 || a->err.code != 0); /* the server may hang up while we send */
    answer_free(c, a);
    ask(c, "GET", CONFIGMAPS, NULL);
    assert_int_equal(asked->status, 200);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, local_setup, local_teardown)

#define YAML "Accept: application/yaml\r\n"

static struct mp ask_yaml(struct local_cluster *c, const char *method, const char *target,
                          struct buf *doc)
{
    ask_with(c, method, target, YAML, (struct str){0});
    assert_string_equal(asked->type.data, "application/yaml");
    buf_clear(doc);
    assert_int_equal(yaml_parse(asked->body.data, asked->body.len, doc, NULL), 0);
    return mp_read(doc->data, doc->len);
}

static void answers_come_in_yaml_too(void **state)
{
    struct local_cluster *c = *state;
    buf_auto struct buf doc = BUF_INIT;
    ask(c, "POST", CONFIGMAPS, "{\"metadata\":{\"name\":\"x\"},\"data\":{\"k\":\"yes\"}}");
    struct mp answer = ask_yaml(c, "GET", CONFIGMAPS "/x", &doc);
    assert_non_null(strstr(asked->body.data, "kind: ConfigMap\nmetadata:\n  name: x\n"));
    assert_text(answer, "data.k", "yes");
    answer = ask_yaml(c, "GET", CONFIGMAPS, &doc);
    assert_text(mp_at(mp_get(answer, "items"), 0), "data.k", "yes");
    answer = ask_yaml(c, "GET", CONFIGMAPS "/y", &doc);
    assert_text(answer, "reason", "NotFound");
    assert_int_equal(asked->status, 404);
    assert_text(ask_yaml(c, "GET", "/apis/apps/v1", &doc), "kind", "APIResourceList");
    ask_with(c, "GET", CONFIGMAPS "?watch=1", YAML, (struct str){0});
    assert_int_equal(asked->status, 406);
}

static void a_list_too_long_for_yaml_says_so(void **state)
{
    struct local_cluster *c = *state;
    buf_auto struct buf body = BUF_INIT;
    for (int i = 0; i < 3; i++) {
        buf_clear(&body);
        buf_printf(&body, "{\"metadata\":{\"name\":\"x%d\"},\"data\":{\"k\":\"", i);
        for (int k = 0; k < 1000000; k++) buf_putc(&body, 'x');
        buf_puts(&body, "\"}}");
        ask(c, "POST", CONFIGMAPS, body.data);
        assert_int_equal(asked->status, 201);
    }
    ask_with(c, "GET", CONFIGMAPS, YAML, (struct str){0});
    assert_int_equal(asked->status, 406);
    ask_with(c, "GET", CONFIGMAPS "?limit=1", YAML, (struct str){0});
    assert_int_equal(asked->status, 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(protobuf_bodies_are_understood),
        TEST(delete_options_come_in_protobuf_too),
        TEST(damaged_protobuf_is_refused),
        TEST(patches_that_race_all_win),
        TEST(a_patch_that_names_a_version_does_not_try_again),
        TEST(a_huge_body_is_refused),
        TEST(answers_come_in_yaml_too),
        TEST(a_list_too_long_for_yaml_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
