/* Jobs select their pods by the uid that they get when they are created. */
#include "stage.h"

#define TEMPLATE(labels)                                                                           \
    "'template':{'metadata':{'labels':{" labels "}},'spec':{'containers':[{'name':'c'}]}}"

static const char template_labels[] = "spec.template.metadata.labels";

static struct mp at(struct stage *s, const char *name, const char *path)
{
    struct object *o = stage_get(s, kind_job, name);
    assert_non_null(o);
    return doc_path(o->body, path);
}

static void assert_own(struct stage *s, const char *name, struct mp text)
{
    char uid[UID_TEXT];
    uid_text(&stage_get(s, kind_job, name)->id->uid, uid);
    assert_true(mp_is(text, uid));
}

static void a_job_selects_by_its_uid(void **state)
{
    (void)state;
    struct stage *s = stage_open(NULL);
    stage_make(s, kind_job, "{'metadata':{'name':'a'},'spec':{" TEMPLATE("'x':'1'") "}}");
    struct mp labels = at(s, "a", template_labels);
    assert_int_equal(labels.count, 3);
    assert_true(mp_is(mp_get(labels, "x"), "1"));
    assert_true(mp_is(mp_get(labels, "job-name"), "a"));
    assert_own(s, "a", mp_get(labels, "controller-uid"));
    assert_int_equal(at(s, "a", "spec.selector.matchLabels").count, 1);
    assert_own(s, "a", at(s, "a", "spec.selector.matchLabels.controller-uid"));
    stage_close(s);
}

static void two_made_at_once_have_different_ones(void **state)
{
    (void)state;
    struct stage *s = stage_open(NULL);
    struct outcome done[2] = {0};
    for (int i = 0; i < 2; i++) {
        struct command *c =
            stage_command(COMMAND_CREATE, kind_job,
                          i ? "{'metadata':{'name':'b'},'spec':{" TEMPLATE("") "}}"
                            : "{'metadata':{'name':'a'},'spec':{" TEMPLATE("") "}}");
        c->done = stage_note;
        c->data = &done[i];
        system_send(s->system, c);
    }
    stage_pass(s, 20);
    assert_int_equal(done[0].http, 201);
    assert_int_equal(done[1].http, 201);
    assert_own(s, "a", at(s, "a", "spec.selector.matchLabels.controller-uid"));
    assert_own(s, "b", at(s, "b", "spec.selector.matchLabels.controller-uid"));
    stage_close(s);
}

/* A job without labels shows those of its template; one with labels keeps them. */
static void labels_of_its_own_stay_as_they_are(void **state)
{
    (void)state;
    struct stage *s = stage_open(NULL);
    stage_make(s, kind_job, "{'metadata':{'name':'a'},'spec':{" TEMPLATE("") "}}");
    stage_make(s, kind_job,
               "{'metadata':{'name':'b','labels':{'mine':'1'}},'spec':{" TEMPLATE("'x':'1'") "}}");
    assert_int_equal(at(s, "a", "metadata.labels").count, 2);
    assert_int_equal(at(s, "b", "metadata.labels").count, 1);
    stage_close(s);
}

static void one_that_selects_by_hand_is_left_alone(void **state)
{
    (void)state;
    struct stage *s = stage_open(NULL);
    stage_make(s, kind_job,
               "{'metadata':{'name':'a'},'spec':{'manualSelector':true,'selector':{'matchLabels':"
               "{'x':'1'}}," TEMPLATE("'x':'1'") "}}");
    assert_int_equal(at(s, "a", template_labels).count, 1);
    assert_int_equal(at(s, "a", "spec.selector.matchLabels").count, 1);
    stage_close(s);
}

static void note_object(struct command *c, const struct result *r)
{
    struct outcome *o = c->data;
    struct mp uid = doc_path(r->object->body, "spec.selector.matchLabels.controller-uid");
    o->done = true;
    snprintf(o->message, sizeof o->message, "%.*s", (int)uid.s.n, uid.s.p);
}

/* As it would be; nothing is written. */
static void a_dry_run_shows_a_uid(void **state)
{
    (void)state;
    struct stage *s = stage_open(NULL);
    struct outcome o = {0};
    struct command *c = stage_command(COMMAND_CREATE, kind_job,
                                      "{'metadata':{'name':'a'},'spec':{" TEMPLATE("") "}}");
    c->dry_run = true;
    c->done = note_object;
    c->data = &o;
    system_send(s->system, c);
    assert_true(o.done);
    assert_int_equal(strlen(o.message), UID_TEXT - 1);
    assert_string_not_equal(o.message, "00000000-0000-0000-0000-000000000000");
    assert_null(stage_get(s, kind_job, "a"));
    stage_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_selects_by_its_uid),
        cmocka_unit_test(two_made_at_once_have_different_ones),
        cmocka_unit_test(labels_of_its_own_stay_as_they_are),
        cmocka_unit_test(one_that_selects_by_hand_is_left_alone),
        cmocka_unit_test(a_dry_run_shows_a_uid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
