/* The cells of every kind, against what Kubernetes prints. */
#include "proto/admit_helper.h"
#include "proto/table.h"

enum { NOW = 1000000 };

/* The parts of an object as the core keeps them; NULL: none. */
struct given {
    const char *kind, *body, *status, *node;
    int64_t deleted_s;
};

static void assert_cells(struct given g, const char *want)
{
    const struct kind *kind = kind_by_key(str_of(g.kind));
    assert_non_null(kind);
    struct buf body buf_auto = doc_of(g.body), status buf_auto = BUF_INIT, row buf_auto = BUF_INIT;
    if (g.status) {
        buf_free(&status);
        status = doc_of(g.status);
    }
    struct ident *id = ident_new(kind, kind->namespaced ? istr_of("default") : NULL, STR("obj"));
    id->created_s = NOW - 90;
    struct object *o = object_new(id, doc_from_buf(&body), g.status ? doc_from_buf(&status) : NULL);
    o->node = g.node ? istr_of(g.node) : NULL;
    o->deleted_s = g.deleted_s;
    table_put_cells(&(struct table){.now_s = NOW}, o, &row);
    object_unref(o);
    struct buf cells buf_auto = BUF_INIT;
    assert_int_equal(json_parse(row.data, row.len, &cells, NULL), 0);
    assert_doc(doc_mp(&cells), want);
}

#define TWO "{'metadata':{},'spec':{'containers':[{'name':'a'},{'name':'b'}]}}"
#define INIT                                                                                       \
    "{'metadata':{},'spec':{'containers':[{'name':'a'}],'initContainers':[{'name':'i'},"           \
    "{'name':'j'}]}}"
#define AGE  "'90s'"
#define WIDE AGE ",'<none>','<none>','<none>','<none>']"

static void assert_pod(const char *body, const char *status, int64_t deleted, const char *want)
{
    assert_cells((struct given){"pods", body, status, NULL, deleted}, want);
}

static void pods_say_in_one_word_how_they_are(void **state)
{
    (void)state;
    assert_pod(TWO, NULL, 0, "['obj','0/2','Pending',0," WIDE);
    assert_pod(TWO,
               "{'phase':'Pending','containerStatuses':[{'state':{'waiting':{'reason':"
               "'ContainerCreating'}}}]}",
               0, "['obj','0/2','ContainerCreating',0," WIDE);
    assert_pod(TWO,
               "{'phase':'Running','containerStatuses':[{'ready':true,'restartCount':2,"
               "'state':{'running':{}}},{'ready':true,'restartCount':1,'state':{'running':"
               "{}}}]}",
               0, "['obj','2/2','Running',3," WIDE);
    assert_pod(TWO,
               "{'phase':'Running','containerStatuses':[{'ready':true,'state':{'running':{}}},"
               "{'restartCount':7,'state':{'waiting':{'reason':'CrashLoopBackOff'}}}]}",
               0, "['obj','1/2','CrashLoopBackOff',7," WIDE);
    assert_pod(TWO,
               "{'phase':'Succeeded','containerStatuses':[{'state':{'terminated':{'reason':"
               "'Completed','exitCode':0}}}]}",
               0, "['obj','0/2','Completed',0," WIDE);
    assert_pod(TWO,
               "{'phase':'Failed','containerStatuses':[{'state':{'terminated':{'exitCode':3}}},"
               "{'state':{'terminated':{'reason':'Error'}}}]}",
               0, "['obj','0/2','ExitCode:3',0," WIDE);
    assert_pod(TWO,
               "{'phase':'Failed','containerStatuses':[{'state':{'terminated':{'signal':9,"
               "'exitCode':137}}}]}",
               0, "['obj','0/2','Signal:9',0," WIDE);
    assert_pod(TWO, "{'phase':'Failed','reason':'Evicted'}", 0, "['obj','0/2','Evicted',0," WIDE);
}

static void a_pod_with_one_job_done_still_runs(void **state)
{
    (void)state;
    static const char half[] =
        "{'phase':'Running','conditions':[{'type':'Ready','status':'%s'}],'containerStatuses':["
        "{'state':{'terminated':{'reason':'Completed'}}},{'ready':true,'state':{'running':{}}}]}";
    mem_auto char *ready = mem_printf(half, "True"), *unready = mem_printf(half, "False");
    assert_pod(TWO, ready, 0, "['obj','1/2','Running',0," WIDE);
    assert_pod(TWO, unready, 0, "['obj','1/2','NotReady',0," WIDE);
}

static void init_containers_come_first(void **state)
{
    (void)state;
    assert_pod(INIT,
               "{'phase':'Pending','initContainerStatuses':[{'state':{'terminated':"
               "{'exitCode':0}}},{'restartCount':1,'state':{'running':{}}}],"
               "'containerStatuses':[{'state':{'waiting':{'reason':'PodInitializing'}}}]}",
               0, "['obj','0/1','Init:1/2',1," WIDE);
    assert_pod(INIT,
               "{'phase':'Pending','initContainerStatuses':[{'state':{'waiting':{'reason':"
               "'ImagePullBackOff'}}}]}",
               0, "['obj','0/1','Init:ImagePullBackOff',0," WIDE);
    assert_pod(INIT,
               "{'phase':'Pending','initContainerStatuses':[{'state':{'terminated':"
               "{'exitCode':1,'reason':'Error'}}}]}",
               0, "['obj','0/1','Init:Error',0," WIDE);
    assert_pod(INIT,
               "{'phase':'Failed','initContainerStatuses':[{'state':{'terminated':"
               "{'exitCode':4}}}]}",
               0, "['obj','0/1','Init:ExitCode:4',0," WIDE);
}

static void a_pod_that_goes_says_so(void **state)
{
    (void)state;
    assert_pod(TWO, "{'phase':'Running'}", NOW, "['obj','0/2','Terminating',0," WIDE);
    assert_pod(TWO, "{'phase':'Running','reason':'NodeLost'}", NOW,
               "['obj','0/2','Unknown',0," WIDE);
}

static void a_bound_pod_shows_node_address_and_gates(void **state)
{
    (void)state;
    assert_cells((struct given){"pods",
                                "{'metadata':{},'spec':{'containers':[{}],'readinessGates':"
                                "[{'conditionType':'g'},{'conditionType':'h'}]}}",
                                "{'phase':'Running','podIP':'10.0.0.9','nominatedNodeName':'n3',"
                                "'conditions':[{'type':'g','status':'True'}]}",
                                "n1", 0},
                 "['obj','0/1','Running',0," AGE ",'10.0.0.9','n1','n3','1/2']");
}

static void nodes_show_readiness_roles_and_what_they_run(void **state)
{
    (void)state;
    assert_cells((struct given){"nodes", "{'metadata':{}}", NULL, NULL, 0},
                 "['obj','Unknown','<none>'," AGE
                 ",'','<none>','<none>','<unknown>','<unknown>','<unknown>']");
    assert_cells(
        (struct given){"nodes",
                       "{'metadata':{'labels':{'node-role.kubernetes.io/worker':'',"
                       "'kubernetes.io/role':'boss'}},'spec':{'unschedulable':true}}",
                       "{'conditions':[{'type':'DiskPressure','status':'False'},{'type':'Ready',"
                       "'status':'True'}],'addresses':[{'type':'InternalIP','address':'1.2.3.4'}],"
                       "'nodeInfo':{'kubeletVersion':'v1','osImage':'Debian','kernelVersion':'6',"
                       "'containerRuntimeVersion':'r://1'}}",
                       NULL, 0},
        "['obj','Ready,SchedulingDisabled','boss,worker'," AGE
        ",'v1','1.2.3.4','<none>','Debian','6','r://1']");
    assert_cells((struct given){"nodes", "{'metadata':{}}",
                                "{'conditions':[{'type':'Ready','status':'Unknown'}]}", NULL, 0},
                 "['obj','NotReady','<none>'," AGE
                 ",'','<none>','<none>','<unknown>','<unknown>','<unknown>']");
}

static void what_keeps_replicas_counts_them(void **state)
{
    (void)state;
    const char *template = "'template':{'spec':{'containers':[{'name':'a','image':'x:1'},"
                           "{'name':'b','image':'y'}]}}";
    mem_auto char *set = mem_printf("{'metadata':{},'spec':{'replicas':5,'selector':{'matchLabels':"
                                    "{'b':'2','a':'1'}},%s}}",
                                    template);
    assert_cells(
        (struct given){"replicasets.apps", set, "{'replicas':4,'readyReplicas':3}", NULL, 0},
        "['obj',5,4,3," AGE ",'a,b','x:1,y','a=1,b=2']");
    mem_auto char *rc =
        mem_printf("{'metadata':{},'spec':{'replicas':1,'selector':{'a':'1'},%s}}", template);
    assert_cells((struct given){"replicationcontrollers", rc, NULL, NULL, 0},
                 "['obj',1,0,0," AGE ",'a,b','x:1,y','a=1']");
}

static void services_and_endpoints_show_where_they_are(void **state)
{
    (void)state;
    assert_cells((struct given){"services",
                                "{'metadata':{},'spec':{'type':'NodePort','clusterIP':'10.0.0.1',"
                                "'selector':{'a':'b'},'ports':[{'port':80,'nodePort':30000,"
                                "'protocol':'TCP'},{'port':53,'protocol':'UDP'}]}}",
                                NULL, NULL, 0},
                 "['obj','NodePort','10.0.0.1','<none>','80:30000/TCP,53/UDP'," AGE ",'a=b']");
    assert_cells(
        (struct given){"services", "{'metadata':{},'spec':{'type':'LoadBalancer'}}", NULL, NULL, 0},
        "['obj','LoadBalancer','<none>','<pending>','<none>'," AGE ",'<none>']");
    assert_cells(
        (struct given){"services",
                       "{'metadata':{},'spec':{'type':'ExternalName','externalName':'x.y'}}", NULL,
                       NULL, 0},
        "['obj','ExternalName','<none>','x.y','<none>'," AGE ",'<none>']");
    assert_cells((struct given){"endpoints",
                                "{'metadata':{},'subsets':[{'addresses':[{'ip':'1.1.1.1'},{'ip':"
                                "'1.1.1.2'}],'ports':[{'port':80},{'port':81}]}]}",
                                NULL, NULL, 0},
                 "['obj','1.1.1.1:80,1.1.1.2:80,1.1.1.1:81 + 1 more...'," AGE "]");
    assert_cells((struct given){"endpoints", "{'metadata':{}}", NULL, NULL, 0},
                 "['obj','<none>'," AGE "]");
}

static void events_tell_what_happened_to_whom(void **state)
{
    (void)state;
    assert_cells(
        (struct given){"events",
                       "{'metadata':{},'type':'Warning','reason':'Failed','message':"
                       "' no image\\n','count':4,'firstTimestamp':'1970-01-12T13:40:00Z',"
                       "'lastTimestamp':'1970-01-12T13:46:35Z','source':{'component':'n',"
                       "'host':'h'},'involvedObject':{'kind':'Pod','name':'p','fieldPath':"
                       "'spec.containers{c}'}}",
                       NULL, NULL, 0},
        "['5s','Warning','Failed','pod/p','spec.containers{c}','n, h','no image','6m40s',4,"
        "'obj']");
    assert_cells((struct given){"events", "{'metadata':{}}", NULL, NULL, 0},
                 "['<unknown>','','','','','','','<unknown>',1,'obj']");
}

static void the_small_kinds_have_their_one_cell(void **state)
{
    (void)state;
    assert_cells((struct given){"namespaces", "{'metadata':{}}", "{'phase':'Active'}", NULL, 0},
                 "['obj','Active'," AGE "]");
    assert_cells((struct given){"secrets", "{'metadata':{},'type':'Opaque','data':{'a':'','b':''}}",
                                NULL, NULL, 0},
                 "['obj','Opaque',2," AGE "]");
    assert_cells((struct given){"configmaps",
                                "{'metadata':{},'data':{'a':''},'binaryData':{'b':''}}", NULL, NULL,
                                0},
                 "['obj',2," AGE "]");
    assert_cells((struct given){"serviceaccounts", "{'metadata':{},'secrets':[{}]}", NULL, NULL, 0},
                 "['obj',1," AGE "]");
    assert_cells((struct given){"leases.coordination.k8s.io",
                                "{'metadata':{},'spec':{'holderIdentity':'me'}}", NULL, NULL, 0},
                 "['obj','me'," AGE "]");
}

static void every_row_has_as_many_cells_as_there_are_columns(void **state)
{
    (void)state;
    for (unsigned i = 0; i < kind_count(); i++) {
        const struct kind *k = kind_at(i);
        struct buf columns buf_auto = BUF_INIT, row buf_auto = BUF_INIT, a buf_auto = BUF_INIT;
        struct buf b buf_auto = BUF_INIT, body buf_auto = doc_of("{'metadata':{}}");
        struct object *o =
            object_new(ident_new(k, k->namespaced ? istr_of("default") : NULL, STR("o")),
                       doc_from_buf(&body), NULL);
        table_put_columns(k, &columns);
        table_put_cells(&(struct table){.now_s = NOW}, o, &row);
        object_unref(o);
        assert_int_equal(json_parse(columns.data, columns.len, &a, NULL), 0);
        assert_int_equal(json_parse(row.data, row.len, &b, NULL), 0);
        assert_int_equal(doc_mp(&a).count, doc_mp(&b).count);
        assert_true(mp_str(mp_get(mp_at(doc_mp(&a), 0), "description")).n > 0);
    }
}

static void ages_are_short(void **state)
{
    (void)state;
    static const struct {
        int64_t s;
        const char *text;
    } cases[] = {
        {-5, "<invalid>"}, {-1, "0s"},         {0, "0s"},         {119, "119s"},
        {120, "2m"},       {121, "2m1s"},      {599, "9m59s"},    {600, "10m"},
        {10799, "179m"},   {10800, "3h"},      {10860, "3h1m"},   {28800, "8h"},
        {172799, "47h"},   {172800, "2d"},     {176400, "2d1h"},  {691200, "8d"},
        {63072000, "2y"},  {63158400, "2y1d"}, {252288000, "8y"}, {62985600, "729d"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf out buf_auto = BUF_INIT;
        table_put_age(cases[i].s, &out);
        assert_string_equal(out.data, cases[i].text);
    }
}

static const char template[] = "'template':{'spec':{'containers':[{'name':'a','image':'x:1'}]}}";

static void workloads_say_how_far_they_are(void **state)
{
    (void)state;
    mem_auto char *set = mem_printf(
        "{'metadata':{},'spec':{'replicas':3,'selector':{'matchLabels':{'a':'1'}},%s}}", template);
    assert_cells((struct given){"deployments.apps", set,
                                "{'readyReplicas':2,'updatedReplicas':1,'availableReplicas':2}",
                                NULL, 0},
                 "['obj','2/3',1,2," AGE ",'a','x:1','a=1']");
    assert_cells((struct given){"statefulsets.apps", set, NULL, NULL, 0},
                 "['obj','0/3'," AGE ",'a','x:1']");
    assert_cells((struct given){"daemonsets.apps", set, "{'desiredNumberScheduled':4}", NULL, 0},
                 "['obj',4,0,0,0,0,'<none>'," AGE ",'a','x:1','a=1']");
    mem_auto char *job = mem_printf("{'metadata':{},'spec':{'completions':2,%s}}", template);
    assert_cells((struct given){"jobs.batch", job,
                                "{'succeeded':1,'startTime':'1970-01-12T13:46:30Z'}", NULL, 0},
                 "['obj','1/2','10s'," AGE ",'a','x:1','<none>']");
    mem_auto char *crowd = mem_printf("{'metadata':{},'spec':{'parallelism':3,%s}}", template);
    assert_cells((struct given){"jobs.batch", crowd, NULL, NULL, 0},
                 "['obj','0/1 of 3',''," AGE ",'a','x:1','<none>']");
    mem_auto char *cron = mem_printf("{'metadata':{},'spec':{'schedule':'@daily','suspend':false,"
                                     "'jobTemplate':{'spec':{%s}}}}",
                                     template);
    assert_cells((struct given){"cronjobs.batch", cron, NULL, NULL, 0},
                 "['obj','@daily','False',0,'<none>'," AGE ",'a','x:1','<none>']");
}

static void ingresses_show_hosts_and_volumes_their_claims(void **state)
{
    (void)state;
    assert_cells((struct given){"ingresses.networking.k8s.io",
                                "{'metadata':{},'spec':{'tls':[{}],'rules':[{'host':'a'},{'host':"
                                "'b'},{'host':'c'},{'host':'d'}]}}",
                                "{'loadBalancer':{'ingress':[{'ip':'1.2.3.4'}]}}", NULL, 0},
                 "['obj','<none>','a,b,c + 1 more...','1.2.3.4','80, 443'," AGE "]");
    assert_cells((struct given){"persistentvolumes",
                                "{'metadata':{},'spec':{'capacity':{'storage':'1Gi'},'accessModes':"
                                "['ReadWriteMany','ReadWriteOnce'],'claimRef':{'namespace':'n',"
                                "'name':'c'}}}",
                                "{'phase':'Bound'}", NULL, 0},
                 "['obj','1Gi','RWO,RWX','','Bound','n/c','',''," AGE ",'<unset>']");
    assert_cells((struct given){"persistentvolumeclaims",
                                "{'metadata':{},'spec':{'volumeName':'v','storageClassName':'s'}}",
                                "{'phase':'Bound','capacity':{'storage':'2Gi'}}", NULL, 0},
                 "['obj','Bound','v','2Gi','','s'," AGE ",'<unset>']");
    assert_cells((struct given){"resourcequotas", "{'metadata':{}}",
                                "{'hard':{'pods':'10','limits.cpu':'2','cpu':'1'},'used':"
                                "{'pods':'3'}}",
                                NULL, 0},
                 "['obj'," AGE ",'cpu: 0/1, pods: 3/10','limits.cpu: 0/2']");
}

static void bindings_and_autoscalers_name_what_they_are_about(void **state)
{
    (void)state;
    assert_cells((struct given){"rolebindings.rbac.authorization.k8s.io",
                                "{'metadata':{},'roleRef':{'kind':'Role','name':'r'},'subjects':["
                                "{'kind':'User','name':'u'},{'kind':'ServiceAccount','namespace':"
                                "'n','name':'s'},{'kind':'User','name':'v'}]}",
                                NULL, NULL, 0},
                 "['obj','Role/r'," AGE ",'u, v','','n/s']");
    assert_cells((struct given){"horizontalpodautoscalers.autoscaling",
                                "{'metadata':{},'spec':{'scaleTargetRef':{'kind':'Deployment',"
                                "'name':'d'},'minReplicas':1,'maxReplicas':9,"
                                "'metrics':[{'type':'Resource','resource':{'name':'cpu','target':"
                                "{'type':'Utilization','averageUtilization':80}}},{'type':'Pods',"
                                "'pods':{'target':{'type':'AverageValue','averageValue':'5'}}}]}}",
                                "{'currentMetrics':[{'type':'Resource','resource':{'current':"
                                "{'averageUtilization':7}}}]}",
                                NULL, 0},
                 "['obj','Deployment/d','7%/80%, <unknown>/5','1',9,0," AGE "]");
    assert_cells((struct given){"controllerrevisions.apps",
                                "{'metadata':{'ownerReferences':[{'apiVersion':'apps/v1','kind':"
                                "'StatefulSet','name':'w','controller':true}]},'revision':3}",
                                NULL, NULL, 0},
                 "['obj','statefulset.apps/w',3," AGE "]");
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
        cmocka_unit_test(pods_say_in_one_word_how_they_are),
        cmocka_unit_test(a_pod_with_one_job_done_still_runs),
        cmocka_unit_test(init_containers_come_first),
        cmocka_unit_test(a_pod_that_goes_says_so),
        cmocka_unit_test(a_bound_pod_shows_node_address_and_gates),
        cmocka_unit_test(nodes_show_readiness_roles_and_what_they_run),
        cmocka_unit_test(what_keeps_replicas_counts_them),
        cmocka_unit_test(services_and_endpoints_show_where_they_are),
        cmocka_unit_test(events_tell_what_happened_to_whom),
        cmocka_unit_test(the_small_kinds_have_their_one_cell),
        cmocka_unit_test(every_row_has_as_many_cells_as_there_are_columns),
        cmocka_unit_test(workloads_say_how_far_they_are),
        cmocka_unit_test(ingresses_show_hosts_and_volumes_their_claims),
        cmocka_unit_test(bindings_and_autoscalers_name_what_they_are_about),
        cmocka_unit_test(ages_are_short),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
