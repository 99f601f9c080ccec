/* CustomResourceDefinitions and custom objects in the core: names, what is taken, how they go. */
#include "actors/crd.h"
#include "stage.h"

#define CRD(plural, kind, more)                                                                    \
    "{'metadata':{'name':'" plural ".example.com'},'spec':{'group':'example.com','scope':"         \
    "'Namespaced','names':{'plural':'" plural "','singular':'" kind "','kind':'" kind              \
    "','listKind':'" kind "List'" more "},'versions':[{'name':'v1','served':true,'storage':true}]" \
    "}}"

static const struct kind *custom(const char *plural)
{
    mem_auto char *key = mem_printf("%s.example.com", plural);
    return kind_by_key(str_of(key));
}

static struct object *crd(struct stage *s, const char *plural)
{
    mem_auto char *key = mem_printf("%s.example.com", plural);
    return stage_get(s, kind_crd, key);
}

static const char *condition(struct stage *s, const char *plural, const char *type, char out[100])
{
    struct mp c = status_condition(crd(s, plural)->status, type);
    struct str status = mp_str(mp_get(c, "status")), reason = mp_str(mp_get(c, "reason"));
    snprintf(out, 100, "%.*s %.*s", (int)status.n, status.n ? status.p : "", (int)reason.n,
             reason.n ? reason.p : "");
    return out;
}

static void define(struct stage *s, const char *text)
{
    stage_make(s, kind_crd, text);
    stage_pass(s, 50);
}

static struct outcome put(struct stage *s, const struct kind *kind, const char *name)
{
    mem_auto char *text = mem_printf("{'metadata':{'name':'%s'},'spec':{'n':1}}", name);
    return stage_create(s, kind, text);
}

static void a_definition_is_established_when_its_names_are_free(void **state)
{
    (void)state;
    char text[100];
    struct stage *s = stage_open(&controller_times_default);
    define(s, CRD("crons", "Cron", ",'shortNames':['cr']"));
    assert_string_equal(condition(s, "crons", "NamesAccepted", text), "True NoConflicts");
    assert_string_equal(condition(s, "crons", "Established", text), "True InitialNamesAccepted");
    struct mp names = doc_path(crd(s, "crons")->status, "acceptedNames");
    assert_true(mp_is(mp_get(names, "kind"), "Cron"));
    assert_true(mp_is(mp_at(mp_get(names, "shortNames"), 0), "cr"));
    assert_true(mp_is(mp_at(doc_path(crd(s, "crons")->status, "storedVersions"), 0), "v1"));
    uint64_t revision = s->world->revision;
    stage_pass(s, 500);
    assert_int_equal(s->world->revision, revision); /* it is settled */
    stage_close(s);
}

static void a_name_belongs_to_the_first_that_wants_it(void **state)
{
    (void)state;
    char text[100];
    struct stage *s = stage_open(&controller_times_default);
    define(s, CRD("crons", "Cron", ",'shortNames':['c']"));
    define(s, CRD("others", "Cron", ""));
    define(s, CRD("cats", "Cat", ",'shortNames':['c']"));
    assert_string_equal(condition(s, "others", "NamesAccepted", text), "False ListKindConflict");
    assert_string_equal(condition(s, "others", "Established", text), "False NotAccepted");
    assert_string_equal(condition(s, "cats", "NamesAccepted", text), "False ShortNamesConflict");
    assert_true(mp_is(mp_get(status_condition(crd(s, "cats")->status, "NamesAccepted"), "message"),
                      "\"c\" is already in use"));
    assert_int_equal(put(s, custom("others"), "x").http, 404);
    stage_delete(s, kind_crd, "crons.example.com");
    stage_pass(s, 500);
    assert_null(crd(s, "crons"));
    assert_string_equal(condition(s, "others", "Established", text), "True InitialNamesAccepted");
    assert_string_equal(condition(s, "cats", "NamesAccepted", text), "True NoConflicts");
    stage_close(s);
}

static void names_at_the_same_moment_are_given_once(void **state)
{
    (void)state;
    char one[100], two[100];
    struct stage *s = stage_open(&controller_times_default);
    system_send(s->system, stage_command(COMMAND_CREATE, kind_crd, CRD("as", "Same", "")));
    system_send(s->system, stage_command(COMMAND_CREATE, kind_crd, CRD("bs", "Same", "")));
    stage_pass(s, 500);
    condition(s, "as", "Established", one);
    condition(s, "bs", "Established", two);
    assert_int_equal((one[0] == 'T') + (two[0] == 'T'), 1);
    stage_close(s);
}

static void objects_are_taken_only_while_they_are_defined(void **state)
{
    (void)state;
    struct stage *s = stage_open(&controller_times_default);
    struct outcome o = put(s, custom("crons"), "x");
    assert_int_equal(o.http, 404);
    assert_string_equal(o.message, "the server could not find the requested resource");
    define(s, CRD("crons", "Cron", ""));
    assert_int_equal(put(s, custom("crons"), "x").http, 201);
    assert_int_equal(put(s, custom("crons"), "x").http, 409);
    assert_int_equal(stage_get(s, custom("crons"), "x")->generation, 1);
    stage_edit(s, custom("crons"), "x", "metadata.finalizers", "['example.com/wait']");
    assert_int_equal(stage_get(s, custom("crons"), "x")->generation, 1);
    stage_delete(s, kind_crd, "crons.example.com");
    o = put(s, custom("crons"), "y");
    assert_int_equal(o.http, 405);
    assert_string_equal(o.message,
                        "create not allowed while custom resource definition is terminating");
    stage_close(s);
}

static void a_definition_goes_after_its_objects(void **state)
{
    (void)state;
    char text[100];
    struct stage *s = stage_open(&controller_times_default);
    define(s, CRD("crons", "Cron", ""));
    for (int i = 0; i < 50; i++) {
        char name[16];
        snprintf(name, sizeof name, "c%d", i);
        assert_int_equal(put(s, custom("crons"), name).http, 201);
    }
    stage_edit(s, custom("crons"), "c7", "metadata.finalizers", "['example.com/wait']");
    stage_delete(s, kind_crd, "crons.example.com");
    assert_true(body_has_finalizer(crd(s, "crons")->body, CRD_FINALIZER));
    assert_string_equal(condition(s, "crons", "Terminating", text), "True InstanceDeletionPending");
    stage_pass(s, 1000);
    assert_int_equal(world_count(s->world, custom("crons")), 1);
    assert_non_null(crd(s, "crons"));
    stage_edit(s, custom("crons"), "c7", "metadata.finalizers", "[]");
    stage_pass(s, 300);
    assert_int_equal(world_count(s->world, custom("crons")), 0);
    assert_null(crd(s, "crons"));
    stage_close(s);
}

/* What a leader began the next one finishes. */
static void a_new_leader_goes_on_with_the_deletion(void **state)
{
    (void)state;
    struct stage *s = stage_open(&controller_times_default);
    define(s, CRD("crons", "Cron", ""));
    assert_int_equal(put(s, custom("crons"), "x").http, 201);
    s->slow = true;
    system_send(s->system, stage_about(COMMAND_DELETE, kind_crd, "crons.example.com"));
    stage_pass(s, 50);
    system_lead(s->system, false);
    s->slow = false;
    stage_commit(s);
    stage_pass(s, 300);
    assert_non_null(crd(s, "crons"));
    system_lead(s->system, true);
    stage_pass(s, 500);
    assert_null(crd(s, "crons"));
    stage_close(s);
}

static void a_new_storage_version_is_remembered(void **state)
{
    (void)state;
    struct stage *s = stage_open(&controller_times_default);
    define(s, CRD("crons", "Cron", ""));
    stage_edit(s, kind_crd, "crons.example.com", "spec.versions",
               "[{'name':'v1','served':true,'storage':false},{'name':'v2','served':true,'storage':"
               "true}]");
    struct mp stored = doc_path(crd(s, "crons")->status, "storedVersions");
    assert_int_equal(stored.count, 2);
    assert_true(mp_is(mp_at(stored, 1), "v2"));
    stage_close(s);
}

static void custom_objects_own_and_are_owned(void **state)
{
    (void)state;
    char uid[UID_TEXT];
    struct stage *s = stage_open(&controller_times_default);
    define(s, CRD("crons", "Cron", ""));
    assert_int_equal(put(s, custom("crons"), "owner").http, 201);
    uid_text(&stage_get(s, custom("crons"), "owner")->id->uid, uid);
    mem_auto char *owners = mem_printf("'ownerReferences':[{'apiVersion':'example.com/v1','kind':"
                                       "'Cron','name':'owner','uid':'%s'}]",
                                       uid);
    mem_auto char *map = mem_printf("{'metadata':{'name':'m',%s}}", owners);
    mem_auto char *child = mem_printf("{'metadata':{'name':'child',%s}}", owners);
    stage_make(s, kind_configmap, map);
    stage_make(s, custom("crons"), child);
    stage_delete(s, custom("crons"), "owner");
    stage_pass(s, 500);
    assert_null(stage_get(s, kind_configmap, "m"));
    assert_null(stage_get(s, custom("crons"), "child"));
    stage_close(s);
}

static void a_namespace_takes_its_custom_objects_along(void **state)
{
    (void)state;
    struct stage *s = stage_open(&controller_times_default);
    define(s, CRD("crons", "Cron", ""));
    stage_make(s, kind_namespace, "{'metadata':{'name':'shop'}}");
    stage_make(s, custom("crons"), "{'metadata':{'name':'x','namespace':'shop'}}");
    stage_make(s, custom("crons"), "{'metadata':{'name':'x'}}");
    stage_delete(s, kind_namespace, "shop");
    stage_pass(s, 1000);
    assert_null(stage_get(s, kind_namespace, "shop"));
    assert_int_equal(world_count(s->world, custom("crons")), 1);
    stage_close(s);
}

/* From where a definition without the status subresource leaves it to where one with it looks. */
static void a_status_moves_when_it_is_written_apart(void **state)
{
    (void)state;
    struct stage *s = stage_open(&controller_times_default);
    define(s, CRD("crons", "Cron", ""));
    struct command *c = stage_command(COMMAND_CREATE, custom("crons"), "{'metadata':{'name':'x'}}");
    doc_unref(c->body);
    c->body = stage_doc("{'metadata':{},'status':{'old':1}}");
    assert_int_equal(stage_do(s, c).http, 201);
    c = stage_about(COMMAND_STATUS, custom("crons"), "x");
    c->status = stage_doc("{'new':1}");
    assert_int_equal(stage_do(s, c).http, 200);
    const struct object *o = stage_get(s, custom("crons"), "x");
    assert_int_equal(doc_path(o->body, "status").type, MP_END);
    assert_int_equal(stage_status(o, "new"), 1);
    stage_close(s);
}

struct records {
    struct buf bytes;
    size_t at;
};

static int record_out(void *ctx, struct str record, struct error *err)
{
    struct records *r = ctx;
    (void)err;
    buf_append(&r->bytes, &record.n, sizeof record.n);
    buf_append(&r->bytes, record.p, record.n);
    return 0;
}

static int record_in(void *ctx, struct str *out, struct error *err)
{
    struct records *r = ctx;
    (void)err;
    if (r->at == r->bytes.len) return E_NOTFOUND;
    memcpy(&out->n, r->bytes.data + r->at, sizeof out->n);
    out->p = r->bytes.data + r->at + sizeof out->n;
    r->at += sizeof out->n + out->n;
    return 0;
}

static void a_keyframe_holds_custom_objects(void **state)
{
    (void)state;
    struct error err = {0};
    struct stage *s = stage_open(&controller_times_default);
    define(s, CRD("crons", "Cron", ""));
    assert_int_equal(put(s, custom("crons"), "x").http, 201);
    struct records records = {0};
    struct world_image *image = world_image_take(s->world);
    assert_int_equal(world_image_write(image, record_out, &records, &err), 0);
    struct world *again = world_new(s->world->cluster);
    assert_int_equal(world_restore(again, image->revision, image->index, image->time_ms, record_in,
                                   &records, &image->digest, &err),
                     0);
    assert_non_null(world_get(again, custom("crons"), istr_of("default"), STR("x")));
    world_image_free(image);
    buf_free(&records.bytes);
    world_free(again);
    stage_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_definition_is_established_when_its_names_are_free),
        cmocka_unit_test(a_name_belongs_to_the_first_that_wants_it),
        cmocka_unit_test(names_at_the_same_moment_are_given_once),
        cmocka_unit_test(objects_are_taken_only_while_they_are_defined),
        cmocka_unit_test(a_definition_goes_after_its_objects),
        cmocka_unit_test(a_new_leader_goes_on_with_the_deletion),
        cmocka_unit_test(a_new_storage_version_is_remembered),
        cmocka_unit_test(custom_objects_own_and_are_owned),
        cmocka_unit_test(a_namespace_takes_its_custom_objects_along),
        cmocka_unit_test(a_status_moves_when_it_is_written_apart),
        cmocka_unit_test(a_keyframe_holds_custom_objects),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
