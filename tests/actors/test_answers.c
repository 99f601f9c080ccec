/* What the sender of a command is told: its own event, not what happened around it; and when. */
#include "stage.h"

struct answer {
    bool done, removed;
    uint64_t revision;
    struct uid uid; /* of the object that came with it */
};

static void answer_note(struct command *c, const struct result *r)
{
    struct answer *a = c->data;
    a->done = true;
    a->removed = r->removed;
    a->revision = r->revision;
    memset(&a->uid, 0, sizeof a->uid);
    if (r->object) a->uid = r->object->id->uid;
}

static void ask(struct stage *s, struct command *c, struct answer *a)
{
    memset(a, 0, sizeof *a);
    c->done = answer_note;
    c->data = a;
    system_send(s->system, c);
}

static void until(struct stage *s, const struct answer *a)
{
    for (int i = 0; i < 100 && !a->done; i++) stage_turn(s);
    assert_true(a->done);
}

static struct command *make(const char *name)
{
    mem_auto char *text = mem_printf("{'metadata':{'name':'%s'},'data':{}}", name);
    return stage_command(COMMAND_CREATE, kind_configmap, text);
}

static const struct request_id mine = {.bytes = {7, 7, 7}};

static void a_removal_is_answered_with_its_own_revision(void **state)
{
    (void)state;
    struct stage *s = stage_open(&controller_times_default);
    stage_make(s, kind_configmap, "{'metadata':{'name':'m'},'data':{}}");
    struct uid uid = stage_get(s, kind_configmap, "m")->id->uid;
    uint64_t before = s->world->revision;
    struct answer removed, other;
    struct command *c = stage_about(COMMAND_DELETE, kind_configmap, "m");
    c->request = mine;
    ask(s, c, &removed);
    ask(s, make("n"), &other); /* goes into the same entry */
    until(s, &removed);
    assert_int_equal(s->world->revision, before + 2);
    assert_true(removed.removed);
    assert_int_equal(removed.revision, before + 1);
    assert_true(uid_equal(&removed.uid, &uid));
    assert_int_equal(other.revision, before + 2);
    stage_close(s);
}

static void a_repeated_delete_does_not_tell_of_a_later_object(void **state)
{
    (void)state;
    struct stage *s = stage_open(&controller_times_default);
    static const struct uid none;
    struct answer first, again;
    stage_make(s, kind_configmap, "{'metadata':{'name':'m'},'data':{}}");
    struct command *c = stage_about(COMMAND_DELETE, kind_configmap, "m");
    c->request = mine;
    ask(s, c, &first);
    until(s, &first);
    stage_make(s, kind_configmap, "{'metadata':{'name':'m'},'data':{}}"); /* somebody else's */
    c = stage_about(COMMAND_DELETE, kind_configmap, "m");
    c->request = mine;
    ask(s, c, &again);
    until(s, &again);
    assert_true(again.removed);
    assert_int_equal(again.revision, first.revision);
    assert_true(uid_equal(&again.uid, &none));
    assert_non_null(stage_get(s, kind_configmap, "m"));
    stage_close(s);
}

/* What gathers while an entry is on its way is of no earlier time than that entry. */
static void the_log_goes_on_in_time_when_the_clock_jumps_back(void **state)
{
    (void)state;
    struct stage *s = stage_open(&controller_times_default);
    struct answer first, second;
    s->slow = true;
    stage_pass(s, 60 * 1000);
    ask(s, make("a"), &first);
    stage_turn(s);
    assert_true(s->flying);
    int64_t time_ms = s->wall_ms;
    s->wall_ms -= 30 * 1000;
    ask(s, make("b"), &second);
    stage_commit(s);
    assert_int_equal(s->world->time_ms, time_ms);
    s->slow = false;
    until(s, &second);
    assert_int_equal(s->world->time_ms, time_ms);
    stage_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_removal_is_answered_with_its_own_revision),
        cmocka_unit_test(a_repeated_delete_does_not_tell_of_a_later_object),
        cmocka_unit_test(the_log_goes_on_in_time_when_the_clock_jumps_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
