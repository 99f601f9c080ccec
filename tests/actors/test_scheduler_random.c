/* Many random things happen to a cluster; after each the books are audited. A second master
 * follows the same log, is restored from a keyframe now and then, and must choose the same nodes.
 */
#include "follower.h"

enum { STEPS = 160, NODES = 12, PODS = 60 };

struct chaos {
    struct play play;
    struct follower follower;
    unsigned restored, lost, refused;
    size_t placed; /* summed over the steps */
};

/* --- what may happen --- */

static unsigned pick(struct chaos *c, unsigned n)
{
    return (unsigned)((stage_random64(c->play.stage) >> 16) % n);
}

static void ignore(struct command *c, const struct result *r)
{
    struct chaos *chaos = c->data;
    chaos->refused += r->http >= 400;
}

static void wish(struct chaos *c, struct command *command)
{
    command->done = ignore;
    command->data = c;
    system_send(c->play.stage->system, command);
}

static void pod_comes(struct chaos *c)
{
    static const char *const wishes[] = {
        "",
        "'nodeSelector':{'disk':'ssd'},",
        "'priorityClassName':'seven',",
        "'tolerations':[{'key':'k','operator':'Exists'}],",
        ("'affinity':{'nodeAffinity':{'preferredDuringSchedulingIgnoredDuringExecution':[{'weight':"
         "9,"
         "'preference':{'matchExpressions':[{'key':'disk','operator':'Exists'}]}}]}},"),
        "'nodeName':'n3',"};
    static const char *const cpu[] = {"0", "100m", "1", "2500m"};
    char owner[200] = "", ports[100] = "";
    unsigned group = pick(c, 5);
    if (group)
        snprintf(owner, sizeof owner,
                 ",'ownerReferences':[{'apiVersion':'v1','kind':'Foo','name':'x','uid':'%u',"
                 "'controller':true}]",
                 group);
    if (pick(c, 4) == 0)
        snprintf(ports, sizeof ports, ",'ports':[{'containerPort':80,'hostPort':%u}]",
                 8000 + pick(c, 3));
    mem_auto char *text =
        mem_printf("{'metadata':{'name':'p%u'%s},'spec':{%s'containers':[{'name':'c','image':'i',"
                   "'resources':{'requests':{'cpu':'%s','example.com/x%u':'1'}}%s}]}}",
                   pick(c, PODS), owner, wishes[pick(c, 6)], cpu[pick(c, 4)], pick(c, 3), ports);
    wish(c, stage_command(COMMAND_CREATE, kind_pod, text));
}

static void pod_alters(struct chaos *c)
{
    char name[16];
    snprintf(name, sizeof name, "p%u", pick(c, PODS));
    struct object *o = stage_get(c->play.stage, kind_pod, name);
    if (!o) return;
    struct command *command =
        stage_about(pick(c, 2) ? COMMAND_STATUS : COMMAND_UPDATE, kind_pod, name);
    if (command->op == COMMAND_STATUS) {
        command->status = stage_doc(pick(c, 2) ? "{'phase':'Failed'}" : "{'phase':'Running'}");
    } else {
        buf_auto struct buf v = BUF_INIT, all = BUF_INIT;
        bool adopted = pick(c, 2);
        stage_json(adopted ? "[{'uid':'3','controller':true}]" : "[{'operator':'Exists'}]", &v);
        edit_put(&all, doc_root(o->body), adopted ? "metadata.ownerReferences" : "spec.tolerations",
                 (struct str){v.data, v.len});
        command->body = doc_from_buf(&all);
    }
    wish(c, command);
}

static void goes(struct chaos *c, const struct kind *kind, const char *letter, unsigned of)
{
    char name[16];
    snprintf(name, sizeof name, "%s%u", letter, pick(c, of));
    struct command *command = stage_about(COMMAND_DELETE, kind, name);
    command->grace_s = pick(c, 3) ? 0 : -1;
    wish(c, command);
}

static void node_comes_or_alters(struct chaos *c)
{
    static const char *const specs[] = {"",
                                        "",
                                        "",
                                        "'unschedulable':true",
                                        "'taints':[{'key':'k','value':'v','effect':'NoSchedule'}]",
                                        "'taints':[{'key':'p','effect':'PreferNoSchedule'}]"};
    static const char *const labels[] = {"'disk':'ssd'", "'topology.kubernetes.io/zone':'a'",
                                         "'topology.kubernetes.io/zone':'b'",
                                         "'disk':'hdd','topology.kubernetes.io/zone':'b'"};
    char name[16];
    snprintf(name, sizeof name, "n%u", pick(c, NODES));
    bool there = stage_get(c->play.stage, kind_node, name) != NULL;
    mem_auto char *text = mem_printf(
        "{'metadata':{'name':'%s','labels':{%s}},'spec':{%s},'status':{'conditions':[{'type':"
        "'Ready','status':'%s'}],'allocatable':{'cpu':'%u','memory':'8Gi','pods':'%u',"
        "'example.com/x1':'4'}}}",
        name, labels[pick(c, 4)], specs[pick(c, 6)], pick(c, 8) ? "True" : "False", 2 + pick(c, 5),
        3 + pick(c, 10));
    enum command_op op = !there ? COMMAND_CREATE : pick(c, 2) ? COMMAND_UPDATE : COMMAND_STATUS;
    struct command *command = stage_command(op, kind_node, text);
    if (op == COMMAND_UPDATE) {
        doc_unref(command->status);
        command->status = NULL;
    } else if (op == COMMAND_STATUS) {
        doc_unref(command->body);
        command->body = NULL;
    }
    wish(c, command);
}

static void leadership_is_lost(struct chaos *c)
{
    struct stage *s = c->play.stage;
    bool written = s->flying && pick(c, 2);
    int status = written || pick(c, 2) ? E_UNKNOWN : E_NOTLEADER;
    bool before = pick(c, 2);
    bool flying = s->flying;
    s->flying = false;
    if (before) system_lead(s->system, false);
    if (flying) system_proposed(s->system, status);
    if (!before) system_lead(s->system, false);
    if (written) {
        uint64_t n = s->proposed.len;
        buf_append(&s->log, &n, sizeof n);
        buf_append(&s->log, s->proposed.data, n);
        mem_auto char *entry = mem_copy(s->proposed.data, n);
        system_committed(s->system, ++s->index, (struct str){entry, n});
    }
    audit(c->play.scheduler, s->world);
    system_lead(s->system, true);
    c->lost++;
}

static void step(struct chaos *c)
{
    struct stage *s = c->play.stage;
    s->slow = true;
    for (unsigned n = 1 + pick(c, 4); n; n--) {
        unsigned what = pick(c, 20);
        if (what < 8)
            pod_comes(c);
        else if (what < 11)
            pod_alters(c);
        else if (what < 14)
            goes(c, kind_pod, "p", PODS);
        else if (what < 19)
            node_comes_or_alters(c);
        else
            goes(c, kind_node, "n", NODES);
    }
    stage_pass(s, 10);
    audit(c->play.scheduler, s->world);
    if (pick(c, 25) == 0) leadership_is_lost(c);
    stage_commit(s);
    audit(c->play.scheduler, s->world);
    s->slow = pick(c, 2);
    play_pass(&c->play, pick(c, 4) ? 20 : 1500);
    if (s->slow) stage_commit(s);
    follower_feed(&c->follower, s);
    if (pick(c, 20) == 0) {
        follower_restore(&c->follower);
        c->restored++;
    }
    c->placed += world_count(s->world, kind_pod) - scheduler_pending(c->play.scheduler);
    follower_compare(&c->follower, c->play.scheduler);
}

static void chaos(uint64_t seed)
{
    print_message("seed %llu\n", (unsigned long long)seed);
    struct chaos *c = mem_new(struct chaos);
    c->play = play_open();
    stage_make(c->play.stage, kind_priorityclass, "{'metadata':{'name':'seven'},'value':7}");
    c->play.stage->seed = seed;
    follower_open(&c->follower, c->play.stage);
    for (unsigned i = 0; i < STEPS; i++) {
        step(c);
        if (i % 10 == 0) audit(c->follower.scheduler, c->follower.world);
    }
    c->play.stage->slow = false;
    play_pass(&c->play, 3000);
    follower_feed(&c->follower, c->play.stage);
    follower_compare(&c->follower, c->play.scheduler);
    assert_true(c->restored > 0 && c->lost > 0 && c->placed > STEPS);
    follower_close(&c->follower);
    play_close(&c->play);
    mem_free(c);
}

static void the_books_agree_whatever_happens(void **state)
{
    (void)state;
    chaos(1);
}

static void the_books_agree_whatever_else_happens(void **state)
{
    (void)state;
    const char *given = getenv("SEED");
    chaos(given ? strtoull(given, NULL, 10) : 20231114);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_books_agree_whatever_happens),
        cmocka_unit_test(the_books_agree_whatever_else_happens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
