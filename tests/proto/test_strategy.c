/* What a write of a Service means, given the Service there is. */
#include "proto/admit_helper.h"
#include "proto/strategy.h"

/* Specs; "" for `old`: a new object; `want` NULL: stays as it is. */
static void assert_means(const char *now, const char *old, const char *want)
{
    buf_auto struct buf out = BUF_INIT;
    mem_auto char *now_text = mem_printf("{'metadata':{},'spec':{%s}}", now);
    mem_auto char *old_text = mem_printf("{'metadata':{},'spec':{%s}}", old);
    mem_auto char *want_text = mem_printf("{'metadata':{},'spec':{%s}}", want ? want : "");
    struct buf docs[2] = {doc_of(now_text), doc_of(*old ? old_text : "{}")};
    struct mp before = *old ? doc_mp(&docs[1]) : (struct mp){0};
    bool changed = strategy_apply(kind_service, doc_mp(&docs[0]), before, &out);
    if (changed && want)
        assert_doc(doc_mp(&out), want_text);
    else if (changed || want)
        fail_msg("%s\nhaving %s\n%s", now, old, changed ? "changed" : "did not change");
    buf_free(&docs[0]);
    buf_free(&docs[1]);
}

#define IP      "'clusterIP':'10.96.0.9'"
#define IPS     IP ",'clusterIPs':['10.96.0.9']"
#define INSIDE  "'type':'ClusterIP',"
#define PORT    "'type':'NodePort',"
#define BALANCE "'type':'LoadBalancer','externalTrafficPolicy':'Local',"
#define NAME    "'type':'ExternalName','externalName':'a.b'"

static void a_new_service_tells_its_address_twice(void **state)
{
    (void)state;
    assert_means(INSIDE "'ports':[]", "", NULL);
    assert_means(INSIDE IP, "", INSIDE IPS);
    assert_means(INSIDE IPS, "", NULL);
    assert_means(INSIDE "'clusterIP':'None'", "",
                 INSIDE "'clusterIP':'None','clusterIPs':['None']");
    assert_means(INSIDE "'ipFamilies':['IPv4'],'ipFamilyPolicy':'SingleStack','topologyKeys':['*']",
                 "", "'type':'ClusterIP'");
}

static void an_address_that_is_left_out_is_kept(void **state)
{
    (void)state;
    assert_means(INSIDE "'ports':[]", INSIDE IPS, INSIDE "'ports':[]," IPS);
    assert_means(INSIDE IP, INSIDE IPS, INSIDE IPS);
    assert_means(INSIDE "'clusterIPs':['10.96.0.9']", INSIDE IPS, INSIDE IPS);
    assert_means(INSIDE IPS, INSIDE IPS, NULL);
    /* An older object, which has no list. */
    assert_means(INSIDE "'ports':[]", INSIDE IP, INSIDE "'ports':[]," IPS);
    /* Another one is refused later, for what it is. */
    assert_means(INSIDE "'clusterIP':'10.96.0.8','clusterIPs':['10.96.0.9']", INSIDE IPS,
                 INSIDE "'clusterIP':'10.96.0.8','clusterIPs':['10.96.0.8']");
}

static void a_name_needs_no_address_and_no_ports(void **state)
{
    (void)state;
    assert_means(NAME "," IPS ",'ports':[{'port':80,'nodePort':30001}]",
                 PORT IPS ",'ports':[{'port':80,'nodePort':30001}]", NAME ",'ports':[{'port':80}]");
    assert_means(NAME, INSIDE IPS, NULL);
    assert_means(NAME ",'clusterIP':'10.96.0.8'", INSIDE IPS, NULL);
    assert_means(INSIDE IP, NAME, INSIDE IPS);
}

static void node_ports_that_are_left_out_are_kept_by_name(void **state)
{
    (void)state;
    assert_means(PORT IPS ",'ports':[{'name':'b','port':81},{'name':'c','port':82}]",
                 PORT IPS ",'ports':[{'name':'a','port':80,'nodePort':30001},"
                          "{'name':'b','port':80,'nodePort':30002}]",
                 PORT IPS ",'ports':[{'name':'b','port':81,'nodePort':30002},"
                          "{'name':'c','port':82}]");
    /* The number was given to another port. */
    assert_means(PORT IPS
                 ",'ports':[{'name':'b','port':81},{'name':'c','port':82,'nodePort':30002}]",
                 PORT IPS ",'ports':[{'name':'b','port':80,'nodePort':30002}]", NULL);
    assert_means(PORT IPS ",'ports':[{'port':80}]",
                 BALANCE IPS ",'healthCheckNodePort':30009,'ports':[{'port':80,'nodePort':30001}]",
                 PORT IPS ",'ports':[{'port':80,'nodePort':30001}]");
}

static void node_ports_go_with_their_type(void **state)
{
    (void)state;
    assert_means(INSIDE IPS ",'externalTrafficPolicy':'Cluster','ports':[{'port':80,"
                            "'nodePort':30001}]",
                 PORT IPS ",'externalTrafficPolicy':'Cluster','ports':[{'port':80,"
                          "'nodePort':30001}]",
                 INSIDE IPS ",'ports':[{'port':80}]");
    /* One that was not there before is no remainder. */
    assert_means(INSIDE IPS ",'ports':[{'port':80,'nodePort':30002}]",
                 PORT IPS ",'ports':[{'port':80,'nodePort':30001}]", NULL);
}

static void the_port_for_health_is_kept_and_goes(void **state)
{
    (void)state;
    assert_means(BALANCE IPS, BALANCE IPS ",'healthCheckNodePort':30009",
                 BALANCE IPS ",'healthCheckNodePort':30009");
    assert_means("'type':'LoadBalancer','externalTrafficPolicy':'Cluster'," IPS
                 ",'healthCheckNodePort':30009",
                 BALANCE IPS ",'healthCheckNodePort':30009",
                 "'type':'LoadBalancer','externalTrafficPolicy':'Cluster'," IPS);
    assert_means(INSIDE IPS ",'allocateLoadBalancerNodePorts':false",
                 BALANCE IPS ",'allocateLoadBalancerNodePorts':false", INSIDE IPS);
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
        cmocka_unit_test(a_new_service_tells_its_address_twice),
        cmocka_unit_test(an_address_that_is_left_out_is_kept),
        cmocka_unit_test(a_name_needs_no_address_and_no_ports),
        cmocka_unit_test(node_ports_that_are_left_out_are_kept_by_name),
        cmocka_unit_test(node_ports_go_with_their_type),
        cmocka_unit_test(the_port_for_health_is_kept_and_goes),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
