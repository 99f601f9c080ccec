/* Nodes are asked where what others say of them cannot be right. */
#include "actors/remote_play.h"

static void a_connected_node_that_others_call_dead_is_asked(void **state)
{
    (void)state;
    struct play p;
    play_open(&p);
    joins(&p, 1, "n1");
    edge_forget(&p.e);
    struct command *c = stage_about(COMMAND_STATUS, kind_node, "n1");
    c->status = stage_doc("{'conditions':[{'type':'Ready','status':'Unknown'}]}");
    stage_do(p.s, c);
    expect(&p.e, 1, 0, NODEWIRE_AGAIN);
    play_close(&p);
}

static void mark(struct play *p, const char *pod)
{
    struct command *c = stage_about(COMMAND_CONDITION, kind_pod, pod);
    const char *texts[] = {"Ready", "False", "NodeNotReady", "Node is not ready"};
    for (unsigned i = 0; i < 4; i++) c->text[i] = mem_strdup(texts[i]);
    stage_do(p->s, c);
}

static void sets_node(struct play *p, const char *ready)
{
    mem_auto char *text = mem_printf("{'conditions':[{'type':'Ready','status':'%s'}]}", ready);
    struct command *c = stage_about(COMMAND_STATUS, kind_node, "n1");
    c->status = stage_doc(text);
    stage_do(p->s, c);
}

/* The last message to link 1 asks about this pod. */
static void expect_asked(struct play *p, const char *pod)
{
    const struct remote_message *last = NULL, *m;
    for (unsigned n = 0; (m = heard(&p->e, 1, n)); n++) last = m;
    assert_non_null(last);
    assert_int_equal(last->type, NODEWIRE_AGAIN);
    assert_true(uid_equal(&last->uid, &stage_get(p->s, kind_pod, pod)->id->uid));
}

static void a_mark_that_its_node_overtook_is_asked_about(void **state)
{
    (void)state;
    struct play p;
    play_open(&p);
    joins(&p, 1, "n1");
    makes_pod(&p, "a", "n1", "");
    edge_forget(&p.e);
    mark(&p, "a"); /* decided while the node was silent; now it is ready */
    expect_asked(&p, "a");
    play_close(&p);
}

static void a_node_that_is_ready_again_is_asked_about_marked_pods(void **state)
{
    (void)state;
    struct play p;
    play_open(&p);
    joins(&p, 1, "n1");
    makes_pod(&p, "a", "n1", "");
    sets_node(&p, "Unknown");
    mark(&p, "a");
    edge_forget(&p.e);
    sets_node(&p, "True");
    expect_asked(&p, "a");
    play_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connected_node_that_others_call_dead_is_asked),
        cmocka_unit_test(a_mark_that_its_node_overtook_is_asked_about),
        cmocka_unit_test(a_node_that_is_ready_again_is_asked_about_marked_pods),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
