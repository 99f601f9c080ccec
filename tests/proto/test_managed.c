/* managedFields under creates, updates and patches. */
#include "proto/managed.h"

#include "admit_helper.h"

static struct writer writer_of(const char *manager, int64_t now_s)
{
    return (struct writer){.type = kind_configmap->versions[0].type,
                           .manager = str_of(manager),
                           .api_version = STR("v1"),
                           .now_s = now_s};
}

/* The managedFields after one write, as "manager/operation[/subresource] fields", a line each. */
static void track(const struct writer *w, const char *before, const char *after, const char *given,
                  struct buf *out)
{
    buf_auto struct buf a = BUF_INIT, b = doc_of(after), g = BUF_INIT, list = BUF_INIT;
    if (before) a = doc_of(before);
    if (given) g = doc_of(given);
    managed_track(w, doc_mp(&a), doc_mp(&b), doc_mp(&g), &list);
    buf_clear(out);
    buf_puts(out, "");
    for (struct mp_iter it = mp_items(doc_mp(&list)); mp_iter_next(&it);) {
        struct mp sub = mp_get(it.value, "subresource");
        buf_printf(out, "%.*s/%.*s", (int)mp_str(mp_get(it.value, "manager")).n,
                   mp_str(mp_get(it.value, "manager")).p,
                   (int)mp_str(mp_get(it.value, "operation")).n,
                   mp_str(mp_get(it.value, "operation")).p);
        if (sub.type == MP_STR) buf_printf(out, "/%.*s", (int)sub.s.n, sub.s.p);
        buf_putc(out, ' ');
        json_write(mp_get(it.value, "fieldsV1"), out);
        buf_putc(out, '\n');
    }
}

static int begin(void **state)
{
    (void)state;
    schema_init();
    return 0;
}

#define OLD(fields)                                                                                \
    "'managedFields':[{'manager':'a','operation':'Update','apiVersion':'v1','time':"               \
    "'2026-01-01T00:00:00Z','fieldsType':'FieldsV1','fieldsV1':" fields "}]"

static void writes_change_owners(void **state)
{
    (void)state;
    static const struct {
        const char *before, *after, *given, *expected;
    } cases[] = {
        /* a new object is all its creator's, but for what the system writes */
        {NULL,
         "{'apiVersion':'v1','kind':'ConfigMap','metadata':{'name':'x','uid':'u'},'data':{'k':'v'}"
         "}",
         NULL, "b/Update {\"f:data\":{\".\":{},\"f:k\":{}}}\n"},
        {NULL, "{'metadata':{'name':'x'}}", NULL, ""},
        /* what changes changes hands */
        {"{'metadata':{" OLD("{'f:data':{'f:k':{},'f:l':{}}}") "},'data':{'k':'1','l':'2'}}",
         "{'data':{'k':'1','l':'3'}}", NULL,
         "a/Update {\"f:data\":{\"f:k\":{}}}\nb/Update {\"f:data\":{\"f:l\":{}}}\n"},
        /* what goes is nobody's; who has nothing left goes too */
        {"{'metadata':{" OLD("{'f:data':{'f:l':{}}}") "},'data':{'k':'1','l':'2'}}",
         "{'data':{'k':'1'}}", NULL, ""},
        /* nothing changes: nothing is told */
        {"{'metadata':{" OLD("{'f:data':{'f:k':{}}}") "},'data':{'k':'1'}}", "{'data':{'k':'1'}}",
         NULL, "a/Update {\"f:data\":{\"f:k\":{}}}\n"},
        /* an object without owners stays without */
        {"{'data':{'k':'1'}}", "{'data':{'k':'2'}}", NULL, ""},
        /* the client may take them all away, but not by an empty list or by nonsense */
        {"{'metadata':{" OLD("{'f:data':{'f:k':{}}}") "},'data':{'k':'1'}}", "{'data':{'k':'2'}}",
         "[{}]", ""},
        {"{'metadata':{" OLD("{'f:data':{'f:k':{}}}") "},'data':{'k':'1'}}", "{'data':{'k':'1'}}",
         "[]", "a/Update {\"f:data\":{\"f:k\":{}}}\n"},
        {"{'metadata':{" OLD("{'f:data':{'f:k':{}}}") "},'data':{'k':'1'}}", "{'data':{'k':'1'}}",
         "[{'manager':'z','operation':'Steal','fieldsType':'FieldsV1','fieldsV1':{'f:data':{}}}]",
         "a/Update {\"f:data\":{\"f:k\":{}}}\n"},
        /* or set them */
        {"{'metadata':{" OLD("{'f:data':{'f:k':{}}}") "},'data':{'k':'1'}}", "{'data':{'k':'1'}}",
         "[{'manager':'z','operation':'Apply','apiVersion':'v1','fieldsType':'FieldsV1','fieldsV1':"
         "{'f:data':{'f:k':{}}}}]",
         "z/Apply {\"f:data\":{\"f:k\":{}}}\n"},
    };
    struct writer b = writer_of("b", 1800000000);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        buf_auto struct buf got = BUF_INIT;
        track(&b, cases[i].before, cases[i].after, cases[i].given, &got);
        if (strcmp(got.data, cases[i].expected) != 0)
            fail_msg("case %zu:\n got  %s want %s", i, got.data, cases[i].expected);
    }
}

static void a_status_is_owned_through_its_own_path(void **state)
{
    (void)state;
    buf_auto struct buf got = BUF_INIT;
    struct writer w = writer_of("b", 1800000000);
    w.type = kind_pod->versions[0].type;
    w.scope = WRITES_BUT_STATUS;
    track(&w, NULL, "{'spec':{'nodeName':'n'},'status':{'phase':'Pending'}}", NULL, &got);
    assert_string_equal(got.data, "b/Update {\"f:spec\":{\"f:nodeName\":{}}}\n");
    w.scope = WRITES_STATUS;
    w.subresource = STR("status");
    track(&w, "{'metadata':{" OLD("{'f:spec':{'f:nodeName':{}}}") "},'spec':{'nodeName':'n'}}",
          "{'spec':{'nodeName':'n'},'status':{'phase':'Running'}}", NULL, &got);
    assert_string_equal(got.data, "a/Update {\"f:spec\":{\"f:nodeName\":{}}}\n"
                                  "b/Update/status {\"f:status\":{\"f:phase\":{}}}\n");
}

/* One write by each of 14 managers: of the updaters ten stay, the oldest become one. */
static void updaters_of_long_ago_become_one(void **state)
{
    (void)state;
    buf_auto struct buf managed = BUF_INIT, doc = BUF_INIT;
    buf_auto struct buf before = doc_of("{'data':{}}");
    for (int i = 0; i < 14; i++) {
        char name[16], json[200];
        snprintf(name, sizeof name, "m%02d", i);
        snprintf(json, sizeof json, "{'data':{'k%d':'v'}}", i);
        struct writer w = writer_of(name, 1800000000 + i);
        buf_auto struct buf after = doc_of(json);
        struct mp was = i ? doc_mp(&doc) : (struct mp){0};
        /* the document grows by a key and keeps those before */
        buf_auto struct buf merged = BUF_INIT, next = BUF_INIT;
        typed_merge(w.type, i ? was : doc_mp(&before), doc_mp(&after), &merged);
        buf_clear(&managed);
        managed_track(&w, was, doc_mp(&merged), (struct mp){0}, &managed);
        buf_puts(&next, "");
        mp_put_map(&next, 2);
        mp_put_z(&next, "metadata");
        mp_put_map(&next, 1);
        mp_put_z(&next, "managedFields");
        mp_put_raw(&next, (struct str){managed.data, managed.len});
        mp_put_z(&next, "data");
        mp_put(&next, mp_get(doc_mp(&merged), "data"));
        buf_clear(&doc);
        buf_append(&doc, next.data, next.len);
    }
    struct mp list = doc_mp(&managed), first = mp_at(list, 0);
    assert_int_equal(list.count, 10);
    assert_true(mp_is(mp_get(first, "manager"), "ancient-changes"));
    struct mp owned = mp_path(first, "fieldsV1.f:data");
    for (int i = 0; i < 5; i++) {
        char key[16];
        snprintf(key, sizeof key, "f:k%d", i);
        assert_int_equal(mp_get(owned, key).type, MP_MAP);
    }
    assert_true(mp_is(mp_get(mp_at(list, 9), "manager"), "m13"));
}

static void a_client_cannot_set_managers_without_number(void **state)
{
    (void)state;
    buf_auto struct buf given = BUF_INIT, got = BUF_INIT;
    buf_puts(&given, "[");
    for (int i = 0; i < 2000; i++)
        buf_printf(&given,
                   "%s{'manager':'m%d','operation':'Update','apiVersion':'v%d','fieldsType':"
                   "'FieldsV1','fieldsV1':{'f:data':{}}}",
                   i ? "," : "", i, i);
    buf_puts(&given, "]");
    struct writer w = writer_of("b", 1800000000);
    track(&w, "{'metadata':{" OLD("{'f:data':{'f:k':{}}}") "},'data':{'k':'1'}}",
          "{'data':{'k':'1'}}", given.data, &got);
    assert_string_equal(got.data, "a/Update {\"f:data\":{\"f:k\":{}}}\n");
}

static void the_same_manager_of_another_version_is_another(void **state)
{
    (void)state;
    buf_auto struct buf got = BUF_INIT;
    struct writer w = writer_of("a", 1800000000);
    w.api_version = STR("v2");
    track(&w, "{'metadata':{" OLD("{'f:data':{'f:k':{}}}") "},'data':{'k':'1'}}",
          "{'data':{'k':'1','l':'2'}}", NULL, &got);
    assert_string_equal(got.data, "a/Update {\"f:data\":{\"f:k\":{}}}\n"
                                  "a/Update {\"f:data\":{\"f:l\":{}}}\n");
}

/* --- creations: one walk says what the comparison with nothing says --- */

static uint64_t thin_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    return *seed ^= *seed << 17;
}

/* A copy with a part of it left out, and with some elements of lists and some maps' pairs moved to
 * the end. */
static void thin(struct mp v, uint64_t *seed, struct buf *out)
{
    buf_auto struct buf late = BUF_INIT;
    uint32_t kept = 0;
    if (v.type != MP_MAP && v.type != MP_ARRAY) {
        mp_put(out, v);
        return;
    }
    size_t mark = mp_begin(out);
    for (struct mp_iter it = mp_items(v); mp_iter_next(&it);) {
        uint64_t dice = thin_random(seed) >> 20;
        if (dice % 8 == 0) continue;
        struct buf *to = dice % 8 < 3 ? &late : out;
        if (it.map) mp_put_str(to, it.key);
        thin(it.value, seed, to);
        kept++;
    }
    buf_append(out, late.data, late.len);
    if (v.type == MP_MAP)
        mp_end_map(out, mark, kept);
    else
        mp_end_array(out, mark, kept);
}

static const struct created {
    const char *type, *doc;
} created[] = {
    {"core.v1.Pod",
     "{'apiVersion':'v1','kind':'Pod','metadata':{'name':'p','namespace':'d','generateName':'g',"
     "'labels':{'z':'1','app':'bench','':'e'},'annotations':{'b':'1','a':'2'},'finalizers':['x/y',"
     "'a/b'],'ownerReferences':[{'uid':'u2','name':'o','controller':true},{'uid':'u1'}],'unknown':{"
     "'a':{'b':[]}},'creationTimestamp':null},'spec':{'containers':[{'name':'main','image':'i',"
     "'resources':{'requests':{'memory':'1','cpu':'1'},'limits':{}},'ports':[{'containerPort':80,"
     "'protocol':'UDP'},{'containerPort':80}],'env':[{'name':'B','value':'1'},{'name':'A',"
     "'valueFrom':{'fieldRef':{'fieldPath':'x'}}}],'command':['sh','-c'],'securityContext':{"
     "'capabilities':{'drop':['ALL','NET']}}},{'name':'a'}],'tolerations':[{'key':'k'},{'key':'l'}]"
     ",'nodeSelector':{'x':'y'},'volumes':[{'name':'v','projected':{'sources':[{'secret':{'name':"
     "'s'}}]}},{'name':'u','emptyDir':{}}],'securityContext':{},'imagePullSecrets':[{'name':'r'}],"
     "'hostAliases':[{'ip':'1.2.3.4','hostnames':['h']}],'topologySpreadConstraints':[{'maxSkew':1,"
     "'topologyKey':'z','whenUnsatisfiable':'DoNotSchedule'}],'overhead':{}},'status':{'phase':"
     "'Pending','conditions':[{'type':'Ready'}]}}"},
    {"apps.v1.Deployment",
     "{'metadata':{'labels':{}},'spec':{'replicas':3,'selector':{'matchLabels':{'a':'b'},"
     "'matchExpressions':[{'key':'k','operator':'In','values':['v']}]},'template':{'metadata':{"
     "'name':'kept','uid':'kept','labels':{'a':'b'}},'spec':{'containers':[{'name':'c','ports':[{"
     "'name':'p','containerPort':1}]}]}},'strategy':{'rollingUpdate':{'maxSurge':'25%'}}},'status':"
     "{'replicas':1}}"},
    {"core.v1.Service",
     "{'metadata':{'name':'s'},'spec':{'ports':[{'port':80,'protocol':'TCP'},{'port':80,'protocol':"
     "'UDP'},{'port':81}],'selector':{'a':'b'},'externalIPs':['9.9.9.9','1.1.1.1'],"
     "'sessionAffinityConfig':{'clientIP':{'timeoutSeconds':1}}}}"},
    {"core.v1.ConfigMap",
     "{'metadata':{'managedFields':[],'annotations':{'x':'y'}},'data':{'b':'1','a':'2','c':'3'},"
     "'binaryData':{},'immutable':true}"},
    {"core.v1.ServiceAccount",
     "{'metadata':'none','secrets':[{'name':'b'},{'name':'a'}],'imagePullSecrets':[{'name':'r'}]}"},
};

/* The same as managers_update, or left to it. */
static bool created_alike(const struct type *type, enum write_scope scope, struct mp doc)
{
    struct writer w = writer_of("b", 1800000000);
    w.type = type;
    w.scope = scope;
    struct arena *a = arena_new();
    struct managers walked = {.arena = a}, compared = {.arena = a};
    buf_auto struct buf x = BUF_INIT, y = BUF_INIT;
    bool done = managers_create(&walked, &w, doc);
    managers_update(&compared, &w, (struct mp){0}, doc);
    assert_int_equal(walked.count, done ? compared.count : 0);
    managers_write(&walked, &x);
    managers_write(&compared, &y);
    if (done && (x.len != y.len || memcmp(x.data, y.data, x.len) != 0)) {
        buf_auto struct buf text = BUF_INIT;
        json_write(doc, &text);
        buf_puts(&text, "\n walked   ");
        json_write(doc_mp(&x), &text);
        buf_puts(&text, "\n compared ");
        json_write(doc_mp(&y), &text);
        fail_msg("%s: %s", type->name, text.data);
    }
    arena_free(a);
    return done;
}

static void a_walk_over_a_creation_says_what_a_comparison_says(void **state)
{
    (void)state;
    static const enum write_scope scopes[] = {WRITES_ALL, WRITES_BUT_STATUS, WRITES_STATUS};
    for (size_t i = 0; i < sizeof created / sizeof *created; i++) {
        buf_auto struct buf whole = doc_of(created[i].doc);
        const struct type *type = type_by_name(created[i].type);
        assert_non_null(type);
        assert_true(created_alike(type, WRITES_BUT_STATUS, doc_mp(&whole)));
        for (uint64_t seed = 1; seed <= 200; seed++) {
            uint64_t random = seed * 0x9e3779b97f4a7c15;
            buf_auto struct buf part = BUF_INIT;
            thin(doc_mp(&whole), &random, &part);
            created_alike(type, scopes[seed % 3], doc_mp(&part));
        }
    }
}

static void what_comes_twice_in_a_list_is_left_to_the_comparison(void **state)
{
    (void)state;
    buf_auto struct buf named =
        doc_of("{'spec':{'containers':[{'name':'a','image':'x'},{'name':'a','tty':true}]}}");
    buf_auto struct buf plain = doc_of("{'metadata':{'finalizers':['x/y','a/b','x/y']}}");
    const struct type *pod = type_by_name("core.v1.Pod");
    assert_false(created_alike(pod, WRITES_ALL, doc_mp(&named)));
    assert_false(created_alike(pod, WRITES_ALL, doc_mp(&plain)));
    buf_auto struct buf got = BUF_INIT;
    struct writer w = writer_of("b", 1800000000);
    w.type = pod;
    track(&w, NULL, "{'metadata':{'finalizers':['x/y','a/b','x/y']}}", NULL, &got);
    assert_string_equal(got.data, "b/Update {\"f:metadata\":{\"f:finalizers\":{\".\":{},"
                                  "\"v:\\\"a/b\\\"\":{},\"v:\\\"x/y\\\"\":{}}}}\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_change_owners),
        cmocka_unit_test(a_status_is_owned_through_its_own_path),
        cmocka_unit_test(updaters_of_long_ago_become_one),
        cmocka_unit_test(a_client_cannot_set_managers_without_number),
        cmocka_unit_test(the_same_manager_of_another_version_is_another),
        cmocka_unit_test(a_walk_over_a_creation_says_what_a_comparison_says),
        cmocka_unit_test(what_comes_twice_in_a_list_is_left_to_the_comparison),
    };
    return cmocka_run_group_tests(tests, begin, NULL);
}
