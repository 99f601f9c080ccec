/* Server-side apply: two managers and what becomes of their object. */
#include "proto/apply.h"

#include "admit_helper.h"

/* One object under a sequence of applies. */
static struct buf live;
static struct causes conflicts;
static struct error err;

static int begin(void **state)
{
    (void)state;
    schema_init();
    return 0;
}

static void forget(void)
{
    buf_free(&live);
    causes_free(&conflicts);
    conflicts = (struct causes){0};
}

static int end_one(void **state)
{
    (void)state;
    forget();
    return 0;
}

/* The document with these managedFields. */
static void remember(struct mp doc, const struct buf *managed)
{
    buf_auto struct buf next = BUF_INIT;
    size_t mark = mp_begin(&next);
    uint32_t pairs = 1;
    mp_put_z(&next, "metadata");
    size_t inner = mp_begin(&next);
    uint32_t inner_pairs = managed->len > 0;
    if (managed->len) mp_put_z(&next, "managedFields");
    if (managed->len) mp_put_raw(&next, (struct str){managed->data, managed->len});
    for (struct mp_iter it = mp_items(mp_get(doc, "metadata")); mp_iter_next(&it);) {
        if (str_is(it.key, "managedFields")) continue;
        mp_put_str(&next, it.key);
        mp_put(&next, it.value);
        inner_pairs++;
    }
    mp_end_map(&next, inner, inner_pairs);
    for (struct mp_iter it = mp_items(doc); mp_iter_next(&it);) {
        if (str_is(it.key, "metadata")) continue;
        mp_put_str(&next, it.key);
        mp_put(&next, it.value);
        pairs++;
    }
    mp_end_map(&next, mark, pairs);
    buf_clear(&live);
    buf_append(&live, next.data, next.len);
}

static struct writer writer_of(const char *type, const char *manager)
{
    struct writer w = {.type = type_by_name(type),
                       .manager = str_of(manager),
                       .api_version = STR("apps/v1"),
                       .now_s = 1700000000};
    assert_non_null(w.type);
    return w;
}

static int apply(const char *type, const char *manager, const char *config, bool force)
{
    buf_auto struct buf text = doc_of(config), out = BUF_INIT, managed = BUF_INIT;
    struct apply a = {writer_of(type, manager), force, doc_mp(&live), doc_mp(&text)};
    causes_free(&conflicts);
    conflicts = (struct causes){0};
    err = (struct error){0};
    int rc = apply_config(&a, &out, &managed, &conflicts, &err);
    if (rc) assert_int_equal(out.len + managed.len, 0);
    if (!rc) remember(doc_mp(&out), &managed);
    return rc;
}

static void update(const char *type, const char *manager, const char *next)
{
    buf_auto struct buf doc = doc_of(next), managed = BUF_INIT;
    struct writer w = writer_of(type, manager);
    managed_track(&w, doc_mp(&live), doc_mp(&doc), (struct mp){0}, &managed);
    remember(doc_mp(&doc), &managed);
}

/* The object without its metadata. */
static void assert_live(const char *expected)
{
    buf_auto struct buf shown = BUF_INIT;
    size_t mark = mp_begin(&shown);
    uint32_t pairs = 0;
    for (struct mp_iter it = mp_items(doc_mp(&live)); mp_iter_next(&it);) {
        if (str_is(it.key, "metadata")) continue;
        mp_put_str(&shown, it.key);
        mp_put(&shown, it.value);
        pairs++;
    }
    mp_end_map(&shown, mark, pairs);
    assert_doc(doc_mp(&shown), expected);
}

static void assert_owns(const char *manager, const char *fields)
{
    struct mp list = mp_path(doc_mp(&live), "metadata.managedFields");
    for (struct mp_iter it = mp_items(list); mp_iter_next(&it);)
        if (mp_is(mp_get(it.value, "manager"), manager)) {
            assert_doc(mp_get(it.value, "fieldsV1"), fields);
            return;
        }
    assert_null(fields);
}

#define CM "core.v1.ConfigMap"
#define RS "apps.v1.ReplicaSet"

/* Steps: an apply (or with ! a forced one), and the data afterwards. */
static void maps_follow_who_owns_their_keys(void **state)
{
    (void)state;
    static const struct {
        const char *who, *config, *after;
    } steps[] = {
        {"one", "{'data':{'a':'1','b':'1'}}", "{'data':{'a':'1','b':'1'}}"},
        {"one", "{'data':{'a':'2'}}", "{'data':{'a':'2'}}"},                 /* b was its own */
        {"two", "{'data':{'a':'2','c':'3'}}", "{'data':{'a':'2','c':'3'}}"}, /* a is of both */
        {"one", "{'data':{'d':'4'}}", "{'data':{'a':'2','c':'3','d':'4'}}"}, /* two still has a */
        {"two", "{'data':{'c':'3'}}", "{'data':{'c':'3','d':'4'}}"},
        {"!one", "{'data':{'c':'9'}}", "{'data':{'c':'9'}}"},
        {"one", "{}", "{}"},
    };
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        bool force = steps[i].who[0] == '!';
        assert_int_equal(apply(CM, steps[i].who + force, steps[i].config, force), 0);
        assert_live(steps[i].after);
    }
    assert_owns("one", NULL);
    assert_owns("two", NULL);
}

static void a_change_of_anothers_field_is_a_conflict(void **state)
{
    (void)state;
    assert_int_equal(apply(RS, "one", "{'spec':{'replicas':1}}", false), 0);
    update(RS, "kubectl", "{'spec':{'replicas':3,'minReadySeconds':5}}");
    assert_owns("one", NULL);
    assert_int_equal(apply(RS, "one", "{'spec':{'replicas':1}}", false), E_CONFLICT);
    assert_int_equal(conflicts.count, 1);
    assert_string_equal(conflicts.items[0].reason, "FieldManagerConflict");
    assert_string_equal(conflicts.items[0].field, ".spec.replicas");
    assert_string_equal(conflicts.items[0].message, "conflict with \"kubectl\" using apps/v1");
    buf_auto struct buf message = BUF_INIT;
    apply_conflict_message(&conflicts, &message);
    assert_string_equal(message.data, "Apply failed with 1 conflict: conflict with \"kubectl\" "
                                      "using apps/v1: .spec.replicas");
    assert_int_equal(apply(RS, "one", "{'spec':{'replicas':1}}", true), 0);
    assert_live("{'spec':{'replicas':1,'minReadySeconds':5}}");
    assert_owns("kubectl", "{'f:spec':{'f:minReadySeconds':{}}}");
    assert_owns("one", "{'f:spec':{'f:replicas':{}}}");
}

static void many_conflicts_are_told_by_manager(void **state)
{
    (void)state;
    assert_int_equal(apply(CM, "b", "{'data':{'x':'1','y':'1'}}", false), 0);
    assert_int_equal(apply(CM, "a", "{'data':{'z':'1'}}", false), 0);
    assert_int_equal(apply(CM, "c", "{'data':{'x':'2','y':'2','z':'2'}}", false), E_CONFLICT);
    buf_auto struct buf message = BUF_INIT;
    apply_conflict_message(&conflicts, &message);
    assert_string_equal(message.data, "Apply failed with 3 conflicts: conflicts with \"a\":\n"
                                      "- .data.z\n"
                                      "conflicts with \"b\":\n"
                                      "- .data.x\n"
                                      "- .data.y");
}

static void the_same_value_is_shared_and_no_conflict(void **state)
{
    (void)state;
    assert_int_equal(apply(CM, "one", "{'data':{'a':'1'}}", false), 0);
    assert_int_equal(apply(CM, "two", "{'data':{'a':'1'}}", false), 0);
    assert_owns("one", "{'f:data':{'f:a':{}}}");
    assert_owns("two", "{'f:data':{'f:a':{}}}");
    assert_int_equal(apply(CM, "one", "{'data':{'a':'2'}}", false), E_CONFLICT);
}

#define POD       "core.v1.Pod"
#define LIST(...) "{'spec':{'containers':[" __VA_ARGS__ "]}}"

static void lists_are_merged_by_their_keys(void **state)
{
    (void)state;
    static const struct {
        const char *who, *config, *after;
    } steps[] = {
        {"one", LIST("{'name':'a','image':'x'},{'name':'b','image':'y'}"),
         LIST("{'name':'a','image':'x'},{'name':'b','image':'y'}")},
        /* another manager adds an element, and a field of the first */
        {"two", LIST("{'name':'c'},{'name':'a','tty':true}"),
         LIST("{'name':'c'},{'name':'a','image':'x','tty':true},{'name':'b','image':'y'}")},
        /* an element goes with who owned it, a shared one loses what was only one's */
        {"one", LIST("{'name':'b','image':'y'}"),
         LIST("{'name':'c'},{'name':'a','tty':true},{'name':'b','image':'y'}")},
        {"two", LIST(""), LIST("{'name':'b','image':'y'}")},
        /* ports: the protocol is TCP when it is not told */
        {"one", LIST("{'name':'b','ports':[{'containerPort':80,'name':'w'}]}"),
         LIST("{'name':'b','ports':[{'containerPort':80,'name':'w'}]}")},
        {"two",
         LIST("{'name':'b','ports':[{'containerPort':80,'protocol':'TCP','hostPort':1},"
              "{'containerPort':80,'protocol':'UDP'}]}"),
         LIST("{'name':'b','ports':[{'containerPort':80,'name':'w','protocol':'TCP','hostPort':1},"
              "{'containerPort':80,'protocol':'UDP'}]}")},
    };
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        if (apply(POD, steps[i].who, steps[i].config, false)) fail_msg("step %zu: %s", i, err.text);
        assert_live(steps[i].after);
    }
}

static void sets_of_scalars_are_merged(void **state)
{
    (void)state;
    assert_int_equal(apply(CM, "one", "{'metadata':{'finalizers':['x','y']}}", false), 0);
    assert_int_equal(apply(CM, "two", "{'metadata':{'finalizers':['z']}}", false), 0);
    assert_int_equal(apply(CM, "one", "{'metadata':{'finalizers':['y']}}", false), 0);
    assert_doc(mp_path(doc_mp(&live), "metadata.finalizers"), "['y','z']");
}

static void atomic_values_are_taken_whole(void **state)
{
    (void)state;
    assert_int_equal(apply(RS, "one", "{'spec':{'selector':{'matchLabels':{'a':'1'}}}}", false), 0);
    assert_int_equal(apply(RS, "two", "{'spec':{'selector':{'matchLabels':{'b':'1'}}}}", false),
                     E_CONFLICT);
    assert_string_equal(conflicts.items[0].field, ".spec.selector");
    assert_int_equal(apply(RS, "two", "{'spec':{'selector':{'matchLabels':{'b':'1'}}}}", true), 0);
    assert_live("{'spec':{'selector':{'matchLabels':{'b':'1'}}}}");
}

static void what_others_updated_stays_when_the_applier_gives_it_up(void **state)
{
    (void)state;
    assert_int_equal(apply(RS, "one", "{'spec':{'replicas':1,'minReadySeconds':2}}", false), 0);
    update(RS, "scaler", "{'spec':{'replicas':4,'minReadySeconds':2}}");
    assert_int_equal(apply(RS, "one", "{'spec':{'minReadySeconds':2}}", false), 0);
    assert_live("{'spec':{'replicas':4,'minReadySeconds':2}}");
}

/* Controllers write without owning: what they wrote does not go with an applier's last field. */
static void an_object_goes_with_its_last_field(void **state)
{
    (void)state;
#define PROBE(fields) LIST("{'name':'a'" fields "}")
    assert_int_equal(apply(POD, "one", PROBE(",'livenessProbe':{'periodSeconds':5}"), false), 0);
    assert_int_equal(apply(POD, "one", PROBE(), false), 0);
    assert_live(PROBE());
    assert_int_equal(apply(POD, "one", PROBE(",'livenessProbe':{'periodSeconds':5}"), false), 0);
    buf_auto struct buf next =
        doc_of(PROBE(",'livenessProbe':{'periodSeconds':5,'timeoutSeconds':1}"));
    buf_auto struct buf managed = BUF_INIT;
    mp_put(&managed, mp_path(doc_mp(&live), "metadata.managedFields"));
    remember(doc_mp(&next), &managed);
    assert_int_equal(apply(POD, "one", PROBE(), false), 0);
    assert_live(PROBE(",'livenessProbe':{'timeoutSeconds':1}"));
}

static void an_object_without_owners_was_there_before_the_first_apply(void **state)
{
    (void)state;
    live = doc_of("{'data':{'a':'1','b':'2'}}");
    assert_int_equal(apply(CM, "one", "{'data':{'a':'9'}}", false), E_CONFLICT);
    assert_string_equal(conflicts.items[0].message,
                        "conflict with \"before-first-apply\" using apps/v1");
    assert_int_equal(apply(CM, "one", "{'data':{'a':'1'}}", false), 0);
    assert_live("{'data':{'a':'1','b':'2'}}");
    assert_owns("before-first-apply", "{'f:data':{'.':{},'f:a':{},'f:b':{}}}");
}

/* kubectl apply kept its configuration in an annotation: on the server it goes on from there. */
static void kubectl_takes_over_what_it_applied_from_the_client(void **state)
{
    (void)state;
    static const char annotated[] =
        "{'metadata':{'annotations':{'kubectl.kubernetes.io/last-applied-configuration':"
        "'{\\\"data\\\":{\\\"a\\\":\\\"1\\\"}}'}},'data':{'a':'1','b':'2'}}";
    update(CM, "kubectl-client-side-apply", annotated);
    assert_int_equal(apply(CM, "other", "{'data':{'a':'3'}}", false), E_CONFLICT);
    assert_int_equal(apply(CM, "kubectl", "{'data':{'b':'3'}}", false), E_CONFLICT);
    assert_int_equal(apply(CM, "kubectl", "{'data':{'a':'3'}}", false), 0);
    assert_live("{'data':{'a':'3','b':'2'}}");
    struct mp text = mp_get(mp_path(doc_mp(&live), "metadata.annotations"),
                            "kubectl.kubernetes.io/last-applied-configuration");
    assert_true(mp_is(text, "{\"data\":{\"a\":\"3\"}}\n"));
}

static void applying_again_changes_nothing(void **state)
{
    (void)state;
    assert_int_equal(apply(CM, "one", "{'data':{'a':'1'}}", false), 0);
    buf_auto struct buf before = BUF_INIT;
    buf_append(&before, live.data, live.len);
    assert_int_equal(apply(CM, "one", "{'data':{'a':'1'}}", false), 0);
    assert_true(mp_same(doc_mp(&before), doc_mp(&live)));
}

static void a_configuration_that_names_an_element_twice_is_refused(void **state)
{
    (void)state;
    assert_int_equal(apply(POD, "one", LIST("{'name':'a'},{'name':'a'}"), false), E_INVALID);
    assert_string_equal(err.text, ".spec.containers: duplicate entries for key [name=\"a\"]");
}

#define STEP_TEST(f) cmocka_unit_test_teardown(f, end_one)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STEP_TEST(maps_follow_who_owns_their_keys),
        STEP_TEST(a_change_of_anothers_field_is_a_conflict),
        STEP_TEST(many_conflicts_are_told_by_manager),
        STEP_TEST(the_same_value_is_shared_and_no_conflict),
        STEP_TEST(lists_are_merged_by_their_keys),
        STEP_TEST(sets_of_scalars_are_merged),
        STEP_TEST(atomic_values_are_taken_whole),
        STEP_TEST(what_others_updated_stays_when_the_applier_gives_it_up),
        STEP_TEST(an_object_goes_with_its_last_field),
        STEP_TEST(an_object_without_owners_was_there_before_the_first_apply),
        STEP_TEST(kubectl_takes_over_what_it_applied_from_the_client),
        STEP_TEST(applying_again_changes_nothing),
        STEP_TEST(a_configuration_that_names_an_element_twice_is_refused),
    };
    return cmocka_run_group_tests(tests, begin, NULL);
}
