/* Protobuf bodies: real ones from kubectl, hand-made ones, and damaged ones. */
#include "proto/admit_helper.h"

#include "proto/protobuf.h"

#define MAGIC "k8s\0"

static void put_number(struct buf *out, uint64_t v)
{
    for (; v >= 0x80; v >>= 7) buf_putc(out, (char)(v | 0x80));
    buf_putc(out, (char)v);
}

static void put_bytes(struct buf *out, unsigned number, struct str bytes)
{
    put_number(out, number << 3 | 2);
    put_number(out, bytes.n);
    buf_append(out, bytes.p, bytes.n);
}

static void put_varint(struct buf *out, unsigned number, uint64_t v)
{
    put_number(out, number << 3);
    put_number(out, v);
}

static struct buf envelope(const char *api_version, const char *kind, const struct buf *raw)
{
    struct buf out = BUF_INIT, meta buf_auto = BUF_INIT;
    put_bytes(&meta, 1, str_of(api_version));
    put_bytes(&meta, 2, str_of(kind));
    buf_append(&out, MAGIC, 4);
    put_bytes(&out, 1, (struct str){meta.data, meta.len});
    put_bytes(&out, 2, (struct str){raw->data, raw->len});
    return out;
}

static void assert_decoded_as(const struct type *type, struct str bytes, const char *want)
{
    struct buf out buf_auto = BUF_INIT;
    struct error err = {0};
    if (protobuf_decode(bytes, type, &out, &err)) fail_msg("%s", err.text);
    assert_true(mp_valid(out.data, out.len));
    assert_doc(doc_mp(&out), want);
}

static void assert_decoded(struct str bytes, const char *want)
{
    assert_decoded_as(NULL, bytes, want);
}

static void assert_refused(struct str bytes, int code, const char *text)
{
    struct buf out buf_auto = BUF_INIT;
    struct error err = {0};
    buf_puts(&out, "before");
    assert_int_equal(protobuf_decode(bytes, NULL, &out, &err), code);
    assert_non_null(strstr(err.text, text));
    assert_int_equal(out.len, 6);
}

/* kubectl 1.32: create namespace demo; create service clusterip svc --tcp=80:8080 --tcp=443:https
 */
static const unsigned char namespace_body[] = {
    0x6b, 0x38, 0x73, 0x00, 0x0a, 0x0f, 0x0a, 0x02, 0x76, 0x31, 0x12, 0x09, 0x4e, 0x61,
    0x6d, 0x65, 0x73, 0x70, 0x61, 0x63, 0x65, 0x12, 0x1c, 0x0a, 0x14, 0x0a, 0x04, 0x64,
    0x65, 0x6d, 0x6f, 0x12, 0x00, 0x1a, 0x00, 0x22, 0x00, 0x2a, 0x00, 0x32, 0x00, 0x38,
    0x00, 0x42, 0x00, 0x12, 0x00, 0x1a, 0x02, 0x0a, 0x00, 0x1a, 0x00, 0x22, 0x00};
static const unsigned char service_body[] = {
    0x6b, 0x38, 0x73, 0x00, 0x0a, 0x0d, 0x0a, 0x02, 0x76, 0x31, 0x12, 0x07, 0x53, 0x65, 0x72, 0x76,
    0x69, 0x63, 0x65, 0x12, 0x8d, 0x01, 0x0a, 0x1f, 0x0a, 0x03, 0x73, 0x76, 0x63, 0x12, 0x00, 0x1a,
    0x00, 0x22, 0x00, 0x2a, 0x00, 0x32, 0x00, 0x38, 0x00, 0x42, 0x00, 0x5a, 0x0a, 0x0a, 0x03, 0x61,
    0x70, 0x70, 0x12, 0x03, 0x73, 0x76, 0x63, 0x12, 0x66, 0x0a, 0x1b, 0x0a, 0x07, 0x38, 0x30, 0x2d,
    0x38, 0x30, 0x38, 0x30, 0x12, 0x03, 0x54, 0x43, 0x50, 0x18, 0x50, 0x22, 0x07, 0x08, 0x00, 0x10,
    0x90, 0x3f, 0x1a, 0x00, 0x28, 0x00, 0x0a, 0x22, 0x0a, 0x09, 0x34, 0x34, 0x33, 0x2d, 0x68, 0x74,
    0x74, 0x70, 0x73, 0x12, 0x03, 0x54, 0x43, 0x50, 0x18, 0xbb, 0x03, 0x22, 0x0b, 0x08, 0x01, 0x10,
    0x00, 0x1a, 0x05, 0x68, 0x74, 0x74, 0x70, 0x73, 0x28, 0x00, 0x12, 0x0a, 0x0a, 0x03, 0x61, 0x70,
    0x70, 0x12, 0x03, 0x73, 0x76, 0x63, 0x1a, 0x00, 0x22, 0x09, 0x43, 0x6c, 0x75, 0x73, 0x74, 0x65,
    0x72, 0x49, 0x50, 0x3a, 0x00, 0x42, 0x00, 0x52, 0x00, 0x5a, 0x00, 0x60, 0x00, 0x68, 0x00, 0x1a,
    0x02, 0x0a, 0x00, 0x1a, 0x00, 0x22, 0x00};

static void bodies_of_kubectl_are_read(void **state)
{
    (void)state;
    assert_decoded((struct str){(const char *)namespace_body, sizeof namespace_body},
                   "{'apiVersion':'v1','kind':'Namespace','metadata':{'name':'demo'},'spec':{},"
                   "'status':{}}");
    assert_decoded((struct str){(const char *)service_body, sizeof service_body},
                   "{'apiVersion':'v1','kind':'Service','metadata':{'name':'svc','labels':"
                   "{'app':'svc'}},'spec':{'type':'ClusterIP','selector':{'app':'svc'},'ports':["
                   "{'name':'80-8080','port':80,'protocol':'TCP','targetPort':8080},"
                   "{'name':'443-https','port':443,'protocol':'TCP','targetPort':'https'}]},"
                   "'status':{'loadBalancer':{}}}");
}

static void a_zero_counts_where_the_client_gave_it(void **state)
{
    (void)state;
    struct buf raw buf_auto = BUF_INIT;
    put_varint(&raw, 1, 0); /* gracePeriodSeconds, a pointer in Go */
    put_varint(&raw, 3, 1); /* orphanDependents */
    put_bytes(&raw, 4, STR("Foreground"));
    struct buf body buf_auto = envelope("v1", "DeleteOptions", &raw);
    assert_decoded((struct str){body.data, body.len},
                   "{'apiVersion':'v1','kind':'DeleteOptions','gracePeriodSeconds':0,"
                   "'orphanDependents':true,'propagationPolicy':'Foreground'}");
    struct buf apps buf_auto = envelope("apps/v1", "DeleteOptions", &raw);
    assert_decoded((struct str){apps.data, apps.len},
                   "{'apiVersion':'apps/v1','kind':'DeleteOptions','gracePeriodSeconds':0,"
                   "'orphanDependents':true,'propagationPolicy':'Foreground'}");
}

static void maps_lists_times_quantities_and_embedded_messages_are_read(void **state)
{
    (void)state;
    struct buf raw buf_auto = BUF_INIT, meta buf_auto = BUF_INIT, spec buf_auto = BUF_INIT;
    struct buf item buf_auto = BUF_INIT, inner buf_auto = BUF_INIT, more buf_auto = BUF_INIT;
    put_varint(&inner, 1, 1790000000); /* a time */
    put_bytes(&meta, 8, (struct str){inner.data, inner.len});
    for (int i = 0; i < 2; i++) { /* one label, twice: the last one counts */
        buf_clear(&item);
        put_bytes(&item, 1, STR("k"));
        put_bytes(&item, 2, i ? STR("new") : STR("old"));
        put_bytes(&meta, 11, (struct str){item.data, item.len});
    }
    put_bytes(&raw, 1, (struct str){meta.data, meta.len});

    buf_clear(&item); /* volume {name, volumeSource {emptyDir {sizeLimit "1Gi"}}} */
    buf_clear(&inner);
    put_bytes(&inner, 1, STR("1Gi"));
    put_bytes(&more, 2, (struct str){inner.data, inner.len});
    buf_clear(&inner);
    put_bytes(&inner, 2, (struct str){more.data, more.len});
    put_bytes(&item, 1, STR("v"));
    put_bytes(&item, 2, (struct str){inner.data, inner.len});
    put_bytes(&spec, 1, (struct str){item.data, item.len});
    put_varint(&spec, 11, 0);  /* hostNetwork false: a plain field, so it is left out */
    put_varint(&spec, 25, 0);  /* priority 0: a pointer, so it is kept */
    put_varint(&spec, 127, 7); /* nobody knows that field */
    put_bytes(&raw, 2, (struct str){spec.data, spec.len});
    struct buf body buf_auto = envelope("v1", "Pod", &raw);
    assert_decoded((struct str){body.data, body.len},
                   "{'apiVersion':'v1','kind':'Pod','metadata':{'creationTimestamp':"
                   "'2026-09-21T14:13:20Z','labels':{'k':'new'}},'spec':{'priority':0,'volumes':"
                   "[{'emptyDir':{'sizeLimit':'1Gi'},'name':'v'}]}}");
}

static void put_message(struct buf *out, unsigned number, const struct buf *message)
{
    put_bytes(out, number, (struct str){message->data, message->len});
}

static void schemas_of_custom_kinds_keep_every_field(void **state)
{
    (void)state;
    struct buf raw buf_auto = BUF_INIT, text buf_auto = BUF_INIT, one buf_auto = BUF_INIT;
    struct buf entry buf_auto = BUF_INIT, names buf_auto = BUF_INIT;
    put_bytes(&text, 5, STR("string"));
    put_message(&one, 1, &text);
    put_message(&raw, 24, &one); /* items: one schema */
    buf_clear(&one);
    put_varint(&one, 1, 1);
    put_message(&raw, 33, &one); /* additionalItems: true */
    buf_clear(&one);
    put_varint(&one, 1, 1);
    put_message(&one, 2, &text);
    put_message(&raw, 30, &one); /* additionalProperties: a schema */
    buf_clear(&one);
    put_bytes(&one, 1, STR("[3]"));
    put_message(&raw, 8, &one); /* default */
    put_varint(&raw, 38, 1);
    put_varint(&raw, 40, 1);
    put_bytes(&raw, 41, STR("k"));
    put_bytes(&raw, 42, STR("map"));
    put_bytes(&names, 2, STR("other"));
    put_bytes(&entry, 1, STR("x"));
    put_message(&entry, 2, &names);
    put_message(&raw, 32, &entry); /* dependencies: names */
    struct buf body buf_auto = envelope("v1", "S", &raw);
    assert_decoded_as(
        type_by_name("apiextensions.v1.JSONSchemaProps"), (struct str){body.data, body.len},
        "{'apiVersion':'v1','kind':'S','items':{'type':'string'},'additionalItems':true,"
        "'additionalProperties':{'type':'string'},'default':[3],'dependencies':{'x':['other']},"
        "'x-kubernetes-preserve-unknown-fields':true,'x-kubernetes-int-or-string':true,"
        "'x-kubernetes-list-map-keys':['k'],'x-kubernetes-list-type':'map'}");
}

static void a_message_without_fields_is_there(void **state)
{
    (void)state;
    struct buf raw buf_auto = BUF_INIT, empty buf_auto = BUF_INIT;
    put_message(&raw, 1, &empty);
    struct buf body buf_auto = envelope("v1", "S", &raw);
    assert_decoded_as(type_by_name("apiextensions.v1.CustomResourceSubresources"),
                      (struct str){body.data, body.len},
                      "{'apiVersion':'v1','kind':'S','status':{}}");
}

static void names_that_differ_from_those_in_json_are_found(void **state)
{
    (void)state;
    struct buf raw buf_auto = BUF_INIT, hook buf_auto = BUF_INIT;
    put_bytes(&hook, 1, STR("h"));
    put_message(&raw, 2, &hook);
    struct buf body buf_auto =
        envelope("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", &raw);
    assert_decoded((struct str){body.data, body.len},
                   "{'apiVersion':'admissionregistration.k8s.io/v1','kind':"
                   "'ValidatingWebhookConfiguration','webhooks':[{'name':'h'}]}");
}

static void endless_schemas_are_refused(void **state)
{
    (void)state;
    struct buf raw buf_auto = BUF_INIT;
    for (unsigned i = 0; i < 200; i++) {
        struct buf outer buf_auto = BUF_INIT, one buf_auto = BUF_INIT;
        put_message(&one, 1, &raw);
        put_message(&outer, 24, &one);
        buf_clear(&raw);
        buf_append(&raw, outer.data, outer.len);
    }
    struct buf body buf_auto = envelope("v1", "S", &raw), out buf_auto = BUF_INIT;
    struct error err = {0};
    assert_int_equal(protobuf_decode((struct str){body.data, body.len},
                                     type_by_name("apiextensions.v1.JSONSchemaProps"), &out, &err),
                     E_INVALID);
    assert_non_null(strstr(err.text, "deep"));
}

static void damage_is_an_error_wherever_it_is(void **state)
{
    (void)state;
    assert_refused(STR(""), E_INVALID, "does not begin");
    assert_refused(STR("k8s"), E_INVALID, "does not begin");
    assert_refused(STR("{\"kind\":1}"), E_INVALID, "does not begin");
    assert_refused((struct str){MAGIC "\x12\x7f", 6}, E_INVALID, "damaged");
    struct buf raw buf_auto = BUF_INIT;
    put_bytes(&raw, 1, STR("\x0a\x7f"));
    struct buf pod buf_auto = envelope("v1", "Pod", &raw);
    assert_refused((struct str){pod.data, pod.len}, E_INVALID, "ObjectMeta is damaged");
    buf_clear(&raw);
    put_bytes(&raw, 1, STR("\x0a\x02\xff\xfe")); /* a name that is no text */
    struct buf text buf_auto = envelope("v1", "Pod", &raw);
    assert_refused((struct str){text.data, text.len}, E_INVALID, "UTF-8");
    struct buf zebra buf_auto = envelope("v1", "Zebra", &raw);
    assert_refused((struct str){zebra.data, zebra.len}, E_UNSUPPORTED, "no kind \"Zebra\"");
}

static void every_prefix_and_every_flipped_byte_is_survived(void **state)
{
    (void)state;
    for (size_t n = 0; n < sizeof service_body; n++) {
        struct buf out buf_auto = BUF_INIT;
        char *prefix = mem_copy(service_body, n ? n : 1);
        (void)protobuf_decode((struct str){prefix, n}, NULL, &out, NULL);
        mem_free(prefix);
        buf_clear(&out);
        char *flipped = mem_copy(service_body, sizeof service_body);
        flipped[n] = (char)~flipped[n];
        if (!protobuf_decode((struct str){flipped, sizeof service_body}, NULL, &out, NULL))
            assert_true(mp_valid(out.data, out.len));
        mem_free(flipped);
    }
}

static int setup(void **state)
{
    (void)state;
    schema_init();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies_of_kubectl_are_read),
        cmocka_unit_test(a_zero_counts_where_the_client_gave_it),
        cmocka_unit_test(maps_lists_times_quantities_and_embedded_messages_are_read),
        cmocka_unit_test(schemas_of_custom_kinds_keep_every_field),
        cmocka_unit_test(a_message_without_fields_is_there),
        cmocka_unit_test(names_that_differ_from_those_in_json_are_found),
        cmocka_unit_test(endless_schemas_are_refused),
        cmocka_unit_test(damage_is_an_error_wherever_it_is),
        cmocka_unit_test(every_prefix_and_every_flipped_byte_is_survived),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
