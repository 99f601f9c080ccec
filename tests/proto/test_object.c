/* Objects: the Kubernetes form apart and together, bytes and back, and what the digest covers. */
#include "proto/json.h"
#include "proto/object.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct buf packed;

static struct mp mp_of(const char *json)
{
    buf_clear(&packed);
    assert_int_equal(json_parse(json, strlen(json), &packed, NULL), 0);
    return mp_read(packed.data, packed.len);
}

static const char *json_of(struct mp v)
{
    static struct buf text;
    buf_clear(&text);
    json_write(v, &text);
    return text.data;
}

static const char pod_json[] =
    "{\"kind\":\"Pod\",\"spec\":{\"containers\":[{\"name\":\"c\"}],\"nodeName\":\"n1\","
    "\"hostNetwork\":true},"
    "\"apiVersion\":\"v1\",\"metadata\":{\"finalizers\":[\"f\"],\"managedFields\":[],"
    "\"annotations\":{\"k\":\"v\"},"
    "\"selfLink\":\"/x\",\"creationTimestamp\":null,\"labels\":{\"app\":\"web\"},\"name\":\"p\","
    "\"generation\":4,\"resourceVersion\":\"12\",\"uid\":\"00112233-4455-6677-8899-aabbccddeeff\","
    "\"generateName\":\"p-\",\"namespace\":\"d\"},\"status\":{\"phase\":\"Running\"}}";

static void a_pod_is_split_into_what_is_its_own_and_what_is_shared(void **state)
{
    (void)state;
    struct object_parts parts;
    assert_int_equal(object_split(kind_pod, mp_of(pod_json), &parts, NULL), 0);
    assert_true(str_is(parts.name, "p"));
    assert_true(str_is(parts.ns, "d"));
    assert_true(str_is(parts.generate_name, "p-"));
    assert_true(str_is(parts.node, "n1"));
    assert_true(str_is(parts.resource_version, "12"));
    assert_true(str_is(parts.uid, "00112233-4455-6677-8899-aabbccddeeff"));
    assert_int_equal(parts.generation, 4);
    assert_string_equal(json_of(doc_root(parts.body)),
                        "{\"metadata\":{\"generateName\":\"p-\",\"labels\":{\"app\":\"web\"},"
                        "\"annotations\":{\"k\":\"v\"},"
                        "\"finalizers\":[\"f\"],\"managedFields\":[]},"
                        "\"spec\":{\"containers\":[{\"name\":\"c\"}],\"hostNetwork\":true}}");
    assert_string_equal(json_of(doc_root(parts.status)), "{\"phase\":\"Running\"}");
    doc_unref(parts.body);
    doc_unref(parts.status);
}

static struct object *make_pod(const char *body_json)
{
    struct ident *id = ident_new(kind_pod, istr_of("d"), STR("p"));
    struct mp body = mp_of(body_json);
    struct object *o = object_new(id, doc_new(body.raw.p, body.raw.n), NULL);
    uid_parse(STR("00112233-4455-6677-8899-aabbccddeeff"), &id->uid);
    id->created_revision = 3;
    id->created_s = 86400;
    o->revision = 12;
    return o;
}

static const char *form_of(const struct object *o)
{
    static struct buf out;
    buf_clear(&out);
    object_put_doc(o, NULL, &out);
    assert_true(mp_valid(out.data, out.len));
    return json_of(mp_read(out.data, out.len));
}

static void the_form_has_everything_in_its_place(void **state)
{
    (void)state;
    struct object *o = make_pod(
        "{\"metadata\":{\"labels\":{\"a\":\"b\"},\"generateName\":\"p-\"},\"spec\":{\"x\":1}}");
    assert_string_equal(form_of(o), "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{"
                                    "\"name\":\"p\",\"generateName\":\"p-\","
                                    "\"namespace\":\"d\",\"uid\":\"00112233-4455-6677-8899-"
                                    "aabbccddeeff\",\"resourceVersion\":\"12\","
                                    "\"creationTimestamp\":\"1970-01-02T00:00:00Z\",\"labels\":{"
                                    "\"a\":\"b\"}},\"spec\":{\"x\":1}}");
    o->node = istr_of("n1");
    o->generation = 2;
    o->deleted_s = 90000;
    o->grace_s = 30;
    struct mp status = mp_of("{\"phase\":\"Failed\"}");
    o->status = doc_new(status.raw.p, status.raw.n);
    assert_string_equal(
        form_of(o),
        "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"p\",\"generateName\":\"p-"
        "\","
        "\"namespace\":\"d\",\"uid\":\"00112233-4455-6677-8899-aabbccddeeff\",\"resourceVersion\":"
        "\"12\","
        "\"generation\":2,\"creationTimestamp\":\"1970-01-02T00:00:00Z\","
        "\"deletionTimestamp\":\"1970-01-02T01:00:00Z\",\"deletionGracePeriodSeconds\":30,"
        "\"labels\":{\"a\":\"b\"}},\"spec\":{\"x\":1,\"nodeName\":\"n1\"},\"status\":{\"phase\":"
        "\"Failed\"}}");
    object_unref(o);
}

static void a_bound_pod_without_a_spec_still_says_its_node(void **state)
{
    (void)state;
    struct object *o = make_pod("{\"metadata\":{}}");
    o->node = istr_of("n1");
    assert_non_null(strstr(form_of(o), "},\"spec\":{\"nodeName\":\"n1\"}}"));
    object_unref(o);
}

static void splitting_the_form_again_gives_the_same_body(void **state)
{
    (void)state;
    struct object_parts first, again;
    assert_int_equal(object_split(kind_pod, mp_of(pod_json), &first, NULL), 0);
    struct object *o =
        object_new(ident_new(kind_pod, istr_get(first.ns), first.name), first.body, first.status);
    o->node = istr_get(first.node);
    buf_auto struct buf form = BUF_INIT;
    object_put_doc(o, NULL, &form);
    assert_int_equal(object_split(kind_pod, mp_read(form.data, form.len), &again, NULL), 0);
    assert_true(doc_equal(again.body, o->body));
    assert_true(doc_equal(again.status, o->status));
    assert_true(str_is(again.node, "n1"));
    doc_unref(again.body);
    doc_unref(again.status);
    object_unref(o);
}

static void parts_that_are_missing_or_null_are_empty(void **state)
{
    (void)state;
    struct object_parts parts;
    struct mp whole =
        mp_of("{\"spec\":{\"nodeName\":\"\"},\"metadata\":{\"name\":null},\"status\":null}");
    assert_int_equal(object_split(kind_pod, whole, &parts, NULL), 0);
    assert_null(parts.name.p);
    assert_null(parts.node.p);
    assert_null(parts.status);
    assert_string_equal(json_of(doc_root(parts.body)), "{\"metadata\":{},\"spec\":{}}");
    doc_unref(parts.body);
    assert_int_equal(object_split(kind_configmap, mp_of("{\"data\":{}}"), &parts, NULL), 0);
    assert_string_equal(json_of(doc_root(parts.body)), "{\"metadata\":{},\"data\":{}}");
    doc_unref(parts.body);
}

static void wrong_types_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *json, *says;
    } cases[] = {
        {"[]", "must be an object"},
        {"{\"metadata\":5}", "metadata: must be an object"},
        {"{\"metadata\":{\"name\":5}}", "metadata.name: must be a string"},
        {"{\"metadata\":{\"resourceVersion\":5}}", "metadata.resourceVersion: must be a string"},
        {"{\"spec\":{\"nodeName\":[]}}", "spec.nodeName: must be a string"},
        {"{\"status\":[]}", "status: must be an object"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct object_parts parts;
        struct error err = {0};
        assert_int_equal(object_split(kind_pod, mp_of(cases[i].json), &parts, &err), E_INVALID);
        assert_string_equal(err.text, cases[i].says);
    }
}

static void every_visible_change_changes_the_digest(void **state)
{
    (void)state;
    struct object *o = make_pod("{\"metadata\":{}}");
    struct digest seen[16];
    int count = 0;
#define CHANGED(change)                                                                            \
    do {                                                                                           \
        change;                                                                                    \
        object_seal(o);                                                                            \
        for (int i = 0; i < count; i++) assert_false(digest_equal(&seen[i], &o->digest));          \
        seen[count++] = o->digest;                                                                 \
    } while (0)
    CHANGED((void)0);
    CHANGED(o->revision++);
    CHANGED(o->generation++);
    CHANGED(o->node = istr_of("n1"));
    CHANGED(o->deleted_s = 5);
    CHANGED(o->grace_s = 5);
    CHANGED(o->id->created_s++);
    CHANGED(o->id->created_revision++);
    CHANGED(o->id->uid.bytes[15]++);
    CHANGED(o->id->name[0] = 'q');
    CHANGED(o->id->ns = istr_of("e"));
    CHANGED(o->id->ns = NULL);
    CHANGED(o->id->kind = kind_node);
    CHANGED(o->status = doc_empty());
    struct object *same = object_next(o);
    object_seal(same);
    assert_true(digest_equal(&same->digest, &o->digest));
    object_unref(same);
    object_unref(o);
}

struct shelf {
    struct doc *docs[2];
};

static struct doc *find_on_shelf(void *ctx, const struct digest *d)
{
    struct shelf *s = ctx;
    for (int i = 0; i < 2; i++)
        if (s->docs[i] && digest_equal(&s->docs[i]->digest, d)) return doc_ref(s->docs[i]);
    return NULL;
}

static void a_version_survives_encoding(void **state)
{
    (void)state;
    struct object *o = make_pod("{\"metadata\":{}}"), *back;
    o->status = doc_empty();
    o->node = istr_of("n1");
    o->deleted_s = -5;
    o->grace_s = 30;
    o->generation = UINT32_MAX;
    o->revision = UINT64_MAX;
    object_seal(o);
    buf_auto struct buf bytes = BUF_INIT;
    object_encode(o, &bytes);
    struct str all = {bytes.data, bytes.len};
    struct shelf shelf = {{o->body, o->status}};
    assert_int_equal(object_decode(all, find_on_shelf, &shelf, &back, NULL), 0);
    assert_true(digest_equal(&back->digest, &o->digest));
    assert_string_equal(form_of(back), form_of(o));
    object_unref(back);

    struct error err;
    struct shelf half = {{o->body, NULL}}, empty = {{NULL, NULL}};
    assert_int_equal(object_decode(all, find_on_shelf, &half, &back, &err), E_CORRUPT);
    assert_non_null(strstr(err.text, "for its status"));
    assert_int_equal(object_decode(all, find_on_shelf, &empty, &back, &err), E_CORRUPT);
    assert_non_null(strstr(err.text, "for its body"));
    for (size_t n = 0; n < all.n; n++)
        assert_int_equal(object_decode((struct str){all.p, n}, find_on_shelf, &shelf, &back, &err),
                         E_CORRUPT);
    for (size_t bit = 0; bit < all.n * 8; bit++) {
        bytes.data[bit / 8] = (char)(bytes.data[bit / 8] ^ 1 << bit % 8);
        if (object_decode(all, find_on_shelf, &shelf, &back, NULL) == 0) object_unref(back);
        bytes.data[bit / 8] = (char)(bytes.data[bit / 8] ^ 1 << bit % 8);
    }
    object_unref(o);
}

static void uids_are_read_strictly(void **state)
{
    (void)state;
    struct uid u;
    char text[UID_TEXT];
    assert_true(uid_parse(STR("00112233-4455-6677-8899-AABBCCDDEEFF"), &u));
    uid_text(&u, text);
    assert_string_equal(text, "00112233-4455-6677-8899-aabbccddeeff");
    static const char *const bad[] = {
        "", "00112233-4455-6677-8899-aabbccddeef", "00112233-4455-6677-8899-aabbccddeefg",
        "0011223304455-6677-8899-aabbccddeeff", "00112233-4455-6677-8899-aabbccddeefff"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(uid_parse(str_of(bad[i]), &u));
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
    buf_free(&packed);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pod_is_split_into_what_is_its_own_and_what_is_shared),
        cmocka_unit_test(the_form_has_everything_in_its_place),
        cmocka_unit_test(a_bound_pod_without_a_spec_still_says_its_node),
        cmocka_unit_test(splitting_the_form_again_gives_the_same_body),
        cmocka_unit_test(parts_that_are_missing_or_null_are_empty),
        cmocka_unit_test(wrong_types_are_named),
        cmocka_unit_test(every_visible_change_changes_the_digest),
        cmocka_unit_test(a_version_survives_encoding),
        cmocka_unit_test(uids_are_read_strictly),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
