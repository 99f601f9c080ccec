/* Which nodes a pod may go to, and what it is told when there is none: Kubernetes 1.20's filters
 * and words. */
#include "play.h"

#include "actors/scheduler/affinity.h"
#include "actors/scheduler/explain.h"
#include "actors/scheduler/taints.h"

#define ROOM                                                                                       \
    "'cpu':'4','memory':'8Gi','ephemeral-storage':'10Gi','pods':'110','example.com/gpu':'2'"

static struct object *node_of(const char *name, const char *labels, const char *spec,
                              const char *allocatable, bool ready)
{
    mem_auto char *body = mem_printf("{'metadata':{'labels':{%s}},'spec':{%s}}", labels, spec);
    mem_auto char *status =
        mem_printf("{'conditions':[{'type':'Ready','status':'%s'}],'allocatable':{%s}}",
                   ready ? "True" : "Unknown", allocatable);
    return object_new(ident_new(kind_node, NULL, str_of(name)), stage_doc(body), stage_doc(status));
}

static void yard_node(struct placer *p, const char *name, const char *labels, const char *spec,
                      const char *allocatable)
{
    struct object *node = node_of(name, labels, spec, allocatable, true);
    placer_put_node(p, node);
    object_unref(node);
}

static struct placer *yard_open(void)
{
    schema_init();
    struct placer *p = mem_new(struct placer);
    placer_init(p);
    return p;
}

static void yard_close(struct placer *p)
{
    placer_free(p);
    mem_free(p);
}

static struct doc *pod_of(const char *spec, const char *container)
{
    mem_auto char *text = mem_printf("{'metadata':{},'spec':{%s'containers':[{'name':'c'%s%s}]}}",
                                     spec, *container ? "," : "", container);
    return stage_doc(text);
}

/* The name of the node that this pod would get, or what it would be told. */
static void goes_to(struct placer *p, const char *spec, const char *container, const char *where)
{
    struct doc *body = pod_of(spec, container);
    const struct pod_view *pod = placer_view(p, body);
    int64_t place = placer_best(p, pod);
    buf_auto struct buf why = BUF_INIT;
    if (place < 0) explain(&p->nodes, pod, &why);
    assert_string_equal(place < 0 ? why.data : p->nodes.rows[place].name, where);
    doc_unref(body);
}

static void put_on(struct placer *p, const char *node, const char *spec, const char *container)
{
    struct doc *body = pod_of(spec, container);
    placer_use(p, istr_of(node), placer_view(p, body), 1);
    doc_unref(body);
}

static void every_resource_is_counted(void **state)
{
    (void)state;
    struct placer *p = yard_open();
    yard_node(p, "n1", "", "", ROOM ",'hugepages-2Mi':'4Mi'");
    static const struct {
        const char *ask, *answer;
    } asks[] = {
        {"'cpu':'4'", "n1"},
        {"'cpu':'4001m'", "0/1 nodes are available: 1 Insufficient cpu."},
        {"'cpu':5", "0/1 nodes are available: 1 Insufficient cpu."},
        {"'memory':'9Gi'", "0/1 nodes are available: 1 Insufficient memory."},
        {"'ephemeral-storage':'11Gi'",
         "0/1 nodes are available: 1 Insufficient ephemeral-storage."},
        {"'example.com/gpu':'2'", "n1"},
        {"'example.com/gpu':'3'", "0/1 nodes are available: 1 Insufficient example.com/gpu."},
        {"'example.com/none':'0'", "n1"},
        {"'example.com/none':'1'", "0/1 nodes are available: 1 Insufficient example.com/none."},
        {"'hugepages-2Mi':'6Mi'", "0/1 nodes are available: 1 Insufficient hugepages-2Mi."},
        {"'cpu':'5','memory':'9Gi'",
         "0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory."},
        {"'memory':'8Ei'", "0/1 nodes are available: 1 Insufficient memory."},
    };
    for (unsigned i = 0; i < sizeof asks / sizeof asks[0]; i++) {
        mem_auto char *container = mem_printf("'resources':{'requests':{%s}}", asks[i].ask);
        goes_to(p, "", container, asks[i].answer);
    }
    goes_to(p, "'overhead':{'cpu':'3'},'initContainers':[{'resources':{'requests':{'cpu':'2'}}}],",
            "'resources':{'requests':{'cpu':'1'}}", "0/1 nodes are available: 1 Insufficient cpu.");
    yard_close(p);
}

static void absurd_requests_do_not_upset_the_books(void **state)
{
    (void)state;
    struct placer *p = yard_open();
    yard_node(p, "n1", "", "", ROOM);
    struct doc *huge = pod_of("", "'resources':{'requests':{'memory':'8Ei','cpu':'9E'}}");
    for (int i = 0; i < 5; i++) placer_use(p, istr_of("n1"), placer_view(p, huge), 1);
    goes_to(p, "", "'resources':{'requests':{'memory':'1'}}",
            "0/1 nodes are available: 1 Insufficient memory.");
    for (int i = 0; i < 5; i++) placer_use(p, istr_of("n1"), placer_view(p, huge), -1);
    goes_to(p, "", "'resources':{'requests':{'memory':'8Gi'}}", "n1");
    doc_unref(huge);
    yard_close(p);
}

static void resources_beyond_the_last_place_are_not_given_away(void **state)
{
    (void)state;
    struct placer *p = yard_open();
    yard_node(p, "n1", "", "", ROOM);
    for (int i = 0; i < 40; i++) {
        mem_auto char *container =
            mem_printf("'resources':{'requests':{'example.com/r%d':'1'}}", i);
        mem_auto char *answer =
            mem_printf("0/1 nodes are available: 1 Insufficient example.com/r%d.", i);
        goes_to(p, "", container, answer);
    }
    yard_close(p);
}

static void host_ports_collide_by_address_protocol_and_port(void **state)
{
    (void)state;
    static const char none[] =
        "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.";
    struct placer *p = yard_open();
    yard_node(p, "n1", "", "", ROOM);
    put_on(p, "n1", "", "'ports':[{'hostPort':80,'hostIP':'10.0.0.1'},{'hostPort':90}]");
    goes_to(p, "", "'ports':[{'hostPort':80,'hostIP':'10.0.0.1'}]", none);
    goes_to(p, "", "'ports':[{'hostPort':80,'hostIP':'10.0.0.2'}]", "n1");
    goes_to(p, "", "'ports':[{'hostPort':80,'hostIP':'0.0.0.0'}]", none);
    goes_to(p, "", "'ports':[{'hostPort':80}]", none);
    goes_to(p, "", "'ports':[{'hostPort':90,'hostIP':'10.0.0.2'}]", none);
    goes_to(p, "", "'ports':[{'hostPort':90,'protocol':'UDP'}]", "n1");
    goes_to(p, "", "'ports':[{'containerPort':90}]", "n1");
    goes_to(p, "'hostNetwork':true,", "'ports':[{'containerPort':90}]", none);
    yard_close(p);
}

static void selectors_and_affinity_choose_by_labels_and_names(void **state)
{
    (void)state;
    struct placer *p = yard_open();
    yard_node(p, "n1", "'disk':'ssd','cores':'8'", "", ROOM);
    static const struct {
        const char *term;
        bool fits;
    } terms[] = {
        {"'matchExpressions':[{'key':'disk','operator':'In','values':['hdd','ssd']}]", true},
        {"'matchExpressions':[{'key':'disk','operator':'In','values':['hdd']}]", false},
        {"'matchExpressions':[{'key':'gone','operator':'In','values':['']}]", false},
        {"'matchExpressions':[{'key':'disk','operator':'NotIn','values':['ssd']}]", false},
        {"'matchExpressions':[{'key':'gone','operator':'NotIn','values':['x']}]", true},
        {"'matchExpressions':[{'key':'disk','operator':'Exists'}]", true},
        {"'matchExpressions':[{'key':'gone','operator':'Exists'}]", false},
        {"'matchExpressions':[{'key':'gone','operator':'DoesNotExist'}]", true},
        {"'matchExpressions':[{'key':'disk','operator':'DoesNotExist'}]", false},
        {"'matchExpressions':[{'key':'cores','operator':'Gt','values':['7']}]", true},
        {"'matchExpressions':[{'key':'cores','operator':'Gt','values':['8']}]", false},
        {"'matchExpressions':[{'key':'cores','operator':'Lt','values':['9']}]", true},
        {"'matchExpressions':[{'key':'disk','operator':'Lt','values':['9']}]", false},
        {"'matchExpressions':[{'key':'disk','operator':'Like','values':['ssd']}]", false},
        {"'matchExpressions':[{'key':'disk','operator':'Exists'},"
         "{'key':'cores','operator':'In','values':['9']}]",
         false},
        {"'matchFields':[{'key':'metadata.name','operator':'In','values':['n1']}]", true},
        {"'matchFields':[{'key':'metadata.name','operator':'NotIn','values':['n1']}]", false},
        {"'matchFields':[{'key':'metadata.namespace','operator':'In','values':['n1']}]", false},
        {"", false},
    };
    static const char none[] =
        "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity.";
    for (unsigned i = 0; i < sizeof terms / sizeof terms[0]; i++) {
        mem_auto char *spec = mem_printf(
            "'affinity':{'nodeAffinity':{'requiredDuringSchedulingIgnoredDuringExecution'"
            ":{'nodeSelectorTerms':[{'matchExpressions':[{'key':'no','operator':"
            "'Exists'}]},{%s}]}}},",
            terms[i].term);
        goes_to(p, spec, "", terms[i].fits ? "n1" : none);
    }
    goes_to(p, "'nodeSelector':{'disk':'ssd','cores':'8'},", "", "n1");
    goes_to(p, "'nodeSelector':{'disk':'hdd'},", "", none);
    goes_to(p, "'nodeSelector':{'gone':''},", "", none);
    yard_close(p);
}

static void preferences_decide_between_nodes_that_fit(void **state)
{
    (void)state;
    struct placer *p = yard_open();
    yard_node(p, "fast", "'disk':'ssd'", "", ROOM);
    yard_node(p, "slow", "'disk':'hdd'", "", ROOM);
    yard_node(p, "shy", "'disk':'ssd'", "'taints':[{'key':'k','effect':'PreferNoSchedule'}]", ROOM);
#define LIKES(value)                                                                               \
    "'affinity':{'nodeAffinity':{'preferredDuringSchedulingIgnoredDuringExecution':[{'weight':1,"  \
    "'preference':{'matchExpressions':[{'key':'disk','operator':'In','values':['" value            \
    "']}]}}]}},"
    goes_to(p, LIKES("ssd"), "", "fast");
    goes_to(p, LIKES("hdd"), "", "slow");
    put_on(p, "slow", "", "'resources':{'requests':{'cpu':'4'}}");
    put_on(p, "fast", "", "'resources':{'requests':{'cpu':'4'}}");
    goes_to(p, LIKES("hdd"), "'resources':{'requests':{'cpu':'1'}}", "shy");
    yard_close(p);
}

static void taints_keep_away_what_does_not_bear_them(void **state)
{
    (void)state;
    struct placer *p = yard_open();
    yard_node(p, "n1", "",
              "'taints':[{'key':'soft','effect':'PreferNoSchedule'},"
              "{'key':'k','value':'v','effect':'NoExecute'}]",
              ROOM);
    static const char none[] =
        "0/1 nodes are available: 1 node(s) had taint {k: v}, that the pod didn't tolerate.";
    static const struct {
        const char *toleration;
        bool fits;
    } cases[] = {
        {"{'key':'k','operator':'Equal','value':'v'}", true},
        {"{'key':'k','value':'v','effect':'NoExecute'}", true},
        {"{'key':'k','value':'v','effect':'NoSchedule'}", false},
        {"{'key':'k','value':'w'}", false},
        {"{'key':'k','operator':'Exists'}", true},
        {"{'key':'other','operator':'Exists'}", false},
        {"{'operator':'Exists'}", true},
        {"{'operator':'Exists','effect':'NoSchedule'}", false},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        mem_auto char *spec = mem_printf("'tolerations':[%s],", cases[i].toleration);
        goes_to(p, spec, "", cases[i].fits ? "n1" : none);
    }
    yard_close(p);
}

static void a_cordon_holds_all_but_those_that_bear_it(void **state)
{
    (void)state;
    struct placer *p = yard_open();
    yard_node(p, "n1", "", "'unschedulable':true", ROOM);
    goes_to(p, "", "", "0/1 nodes are available: 1 node(s) were unschedulable.");
    goes_to(p, "'tolerations':[{'key':'node.kubernetes.io/unschedulable','operator':'Exists'}],",
            "", "n1");
    yard_close(p);
}

static void each_node_gives_its_first_reason_and_equal_ones_are_counted(void **state)
{
    (void)state;
    struct placer *p = yard_open();
    goes_to(p, "", "", "no nodes available to schedule pods");
    yard_node(p, "n1", "", "'unschedulable':true,'taints':[{'key':'k','effect':'NoSchedule'}]",
              "'cpu':'1','pods':'0'");
    yard_node(p, "n2", "", "'taints':[{'key':'k','effect':'NoSchedule'}]", "'cpu':'1','pods':'0'");
    yard_node(p, "n3", "", "'taints':[{'key':'k','effect':'NoSchedule'}]", ROOM);
    yard_node(p, "n4", "'a':'b'", "'taints':[{'key':'k','effect':'NoSchedule'}]", ROOM);
    for (unsigned i = 10; i < 13; i++) {
        mem_auto char *name = mem_printf("n%u", i);
        yard_node(p, name, "", "", "'cpu':'1','pods':'9'");
    }
    struct object *silent = node_of("n5", "'a':'b'", "", ROOM, false);
    placer_put_node(p, silent);
    object_unref(silent);
    put_on(p, "unheard-of", "", "");
    goes_to(p, "'nodeSelector':{'a':'b'},", "'resources':{'requests':{'cpu':'2'}}",
            "0/8 nodes are available: 1 Too many pods, 1 node(s) didn't match Pod's node affinity, "
            "1 node(s) had taint {k: }, that the pod didn't tolerate, 1 node(s) had taint "
            "{node.kubernetes.io/not-ready: }, that the pod didn't tolerate, 1 node(s) were "
            "unschedulable, 4 Insufficient cpu.");
    yard_close(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_resource_is_counted),
        cmocka_unit_test(absurd_requests_do_not_upset_the_books),
        cmocka_unit_test(resources_beyond_the_last_place_are_not_given_away),
        cmocka_unit_test(host_ports_collide_by_address_protocol_and_port),
        cmocka_unit_test(selectors_and_affinity_choose_by_labels_and_names),
        cmocka_unit_test(preferences_decide_between_nodes_that_fit),
        cmocka_unit_test(taints_keep_away_what_does_not_bear_them),
        cmocka_unit_test(a_cordon_holds_all_but_those_that_bear_it),
        cmocka_unit_test(each_node_gives_its_first_reason_and_equal_ones_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
