/* The addresses and ports that Services get, keep and give back. */
#include "stage.h"

#include "actors/admission/service_range.h"

#define PORTS               "'ports':[{'port':80,'protocol':'TCP'}]"
#define SERVICE(name, spec) "{'metadata':{'name':'" name "'},'spec':{" spec "}}"

static struct mp spec_of(struct stage *s, const char *name, const char *field)
{
    struct object *o = stage_get(s, kind_service, name);
    assert_non_null(o);
    return mp_get(doc_path(o->body, "spec"), field);
}

static void address_of(struct stage *s, const char *name, char out[64])
{
    struct str text = mp_str(spec_of(s, name, "clusterIP"));
    snprintf(out, 64, "%.*s", (int)text.n, text.p ? text.p : "");
}

static int64_t port_of(struct stage *s, const char *name, unsigned i)
{
    return mp_i64(mp_get(mp_at(spec_of(s, name, "ports"), i), "nodePort"), 0);
}

static void assert_refused(struct stage *s, const char *text, int http, const char *message)
{
    struct outcome o = stage_create(s, kind_service, text);
    assert_int_equal(o.http, http);
    assert_string_equal(o.message, message);
}

static void send_create(struct stage *s, const char *text, struct outcome *out)
{
    struct command *c = stage_command(COMMAND_CREATE, kind_service, text);
    c->done = stage_note;
    c->data = out;
    system_send(s->system, c);
    system_turn(s->system, s->now_ms);
}

static int keep_record(void *ctx, struct str record, struct error *err)
{
    (void)err;
    uint64_t n = record.n;
    buf_append(ctx, &n, sizeof n);
    buf_append(ctx, record.p, n);
    return 0;
}

static int next_record(void *ctx, struct str *record, struct error *err)
{
    struct str *rest = ctx;
    uint64_t n;
    if (!rest->n) return error_set(err, E_NOTFOUND, "the end");
    memcpy(&n, rest->p, sizeof n);
    *record = (struct str){rest->p + sizeof n, n};
    *rest = (struct str){rest->p + sizeof n + n, rest->n - sizeof n - n};
    return 0;
}

/* The state is replaced by its own keyframe. */
static void reload(struct stage *s)
{
    buf_auto struct buf records = BUF_INIT;
    struct error err = {0};
    struct world_image *image = world_image_take(s->world);
    assert_int_equal(world_image_write(image, keep_record, &records, &err), 0);
    struct str rest = {records.data, records.len};
    assert_int_equal(world_restore(s->world, image->revision, image->index, image->time_ms,
                                   next_record, &rest, &image->digest, &err),
                     0);
    world_image_free(image);
}

static void every_service_gets_an_address_of_its_own(void **state)
{
    (void)state;
    struct stage *s = stage_open(NULL);
    char a[64], b[64];
    stage_make(s, kind_service, SERVICE("a", PORTS));
    stage_make(s, kind_service, SERVICE("b", PORTS));
    address_of(s, "a", a);
    address_of(s, "b", b);
    assert_true(service_address_index(str_of(a)) != SLOTS_NONE);
    assert_true(service_address_index(str_of(b)) != SLOTS_NONE);
    assert_string_not_equal(a, b);
    assert_true(mp_is(mp_at(spec_of(s, "a", "clusterIPs"), 0), a));
    assert_int_equal(port_of(s, "a", 0), 0);
    stage_close(s);
}

static void some_services_have_none(void **state)
{
    (void)state;
    struct stage *s = stage_open(NULL);
    stage_make(s, kind_service, SERVICE("head", "'clusterIP':'None'," PORTS));
    stage_make(s, kind_service, SERVICE("name", "'type':'ExternalName','externalName':'a.b'"));
    assert_true(mp_is(spec_of(s, "head", "clusterIP"), "None"));
    assert_int_equal(spec_of(s, "name", "clusterIP").type, MP_END);
    stage_close(s);
}

static void an_address_that_is_asked_for_must_be_to_be_had(void **state)
{
    (void)state;
    struct stage *s = stage_open(NULL);
    stage_make(s, kind_service, SERVICE("a", "'clusterIP':'10.96.0.10'," PORTS));
    assert_refused(s, SERVICE("b", "'clusterIP':'10.96.0.10'," PORTS), 422,
                   "Service \"b\" is invalid: spec.clusterIPs: Invalid value: "
                   "[]string{\"10.96.0.10\"}: failed to allocated ip:10.96.0.10 with "
                   "error:provided IP is already allocated");
    assert_refused(s, SERVICE("b", "'clusterIP':'10.1.2.3'," PORTS), 422,
                   "Service \"b\" is invalid: spec.clusterIPs: Invalid value: "
                   "[]string{\"10.1.2.3\"}: failed to allocated ip:10.1.2.3 with error:provided "
                   "IP is not in the valid range. The range of valid IPs is 10.96.0.0/12");
    assert_int_equal(stage_delete(s, kind_service, "a").http, 200);
    stage_make(s, kind_service, SERVICE("b", "'clusterIP':'10.96.0.10'," PORTS));
    stage_close(s);
}

static void the_first_address_is_the_masters(void **state)
{
    (void)state;
    struct stage *s = stage_open(NULL);
    struct outcome o =
        stage_create(s, kind_service, SERVICE("a", "'clusterIP':'10.96.0.1'," PORTS));
    assert_int_equal(o.http, 422);
    stage_make(s, kind_service, SERVICE("kubernetes", "'clusterIP':'10.96.0.1'," PORTS));
    o = stage_create(s, kind_service, SERVICE("a", "'clusterIP':'10.96.0.1'," PORTS));
    assert_int_equal(o.http, 422);
    stage_close(s);
}

static void node_ports_are_given_and_shared_by_protocols(void **state)
{
    (void)state;
    struct stage *s = stage_open(NULL);
    stage_make(s, kind_service,
               SERVICE("a", "'type':'NodePort','ports':[{'port':53,'protocol':'TCP'},"
                            "{'port':53,'protocol':'UDP'},{'port':80,'protocol':'TCP'}]"));
    int64_t dns = port_of(s, "a", 0), web = port_of(s, "a", 2);
    assert_in_range(dns, 30000, 32767);
    assert_in_range(web, 30000, 32767);
    assert_int_equal(port_of(s, "a", 1), dns);
    assert_int_not_equal(web, dns);
    stage_make(s, kind_service,
               SERVICE("b", "'type':'NodePort','ports':[{'port':53,'protocol':'TCP'},"
                            "{'port':53,'protocol':'UDP','nodePort':31053}]"));
    assert_int_equal(port_of(s, "b", 0), 31053);
    assert_refused(s, SERVICE("c", "'type':'NodePort','ports':[{'port':1,'nodePort':31053}]"), 422,
                   "Service \"c\" is invalid: spec.ports[0].nodePort: Invalid value: 31053: "
                   "provided port is already allocated");
    assert_refused(s, SERVICE("c", "'type':'NodePort','ports':[{'port':1,'nodePort':80}]"), 422,
                   "Service \"c\" is invalid: spec.ports[0].nodePort: Invalid value: 80: provided "
                   "port is not in the valid range. The range of valid ports is 30000-32767");
    stage_close(s);
}

static void a_local_load_balancer_gets_a_port_for_health(void **state)
{
    (void)state;
    struct stage *s = stage_open(NULL);
    stage_make(s, kind_service,
               SERVICE("a", "'type':'LoadBalancer','externalTrafficPolicy':'Local'," PORTS));
    int64_t health = mp_i64(spec_of(s, "a", "healthCheckNodePort"), 0);
    assert_in_range(health, 30000, 32767);
    assert_int_not_equal(health, port_of(s, "a", 0));
    char text[200], message[200];
    snprintf(text, sizeof text,
             "{'metadata':{'name':'b'},'spec':{'type':'LoadBalancer','healthCheckNodePort':%d,"
             "'externalTrafficPolicy':'Local'," PORTS "}}",
             (int)health);
    snprintf(message, sizeof message,
             "Internal error occurred: failed to allocate requested HealthCheck NodePort %d: "
             "provided port is already allocated",
             (int)health);
    assert_refused(s, text, 500, message);
    stage_close(s);
}

/* Both are decided before either is folded. */
static void two_at_once_do_not_get_the_same(void **state)
{
    (void)state;
    struct stage *s = stage_open(NULL);
    s->slow = true;
    struct outcome first = {0}, second = {0};
    send_create(s, SERVICE("a", "'clusterIP':'10.96.7.7'," PORTS), &first);
    send_create(s, SERVICE("b", "'clusterIP':'10.96.7.7'," PORTS), &second);
    assert_true(second.done);
    assert_int_equal(second.http, 422);
    assert_false(first.done);
    s->slow = false;
    stage_pass(s, 20);
    assert_int_equal(first.http, 201);
    stage_close(s);
}

static void a_full_range_says_so(void **state)
{
    (void)state;
    struct stage *s = stage_open(NULL);
    char text[200], name[16];
    for (int i = 0; i < SERVICE_PORT_COUNT; i++) {
        snprintf(text, sizeof text,
                 "{'metadata':{'name':'s%d'},'spec':{'type':'NodePort'," PORTS "}}", i);
        stage_make(s, kind_service, text);
        snprintf(name, sizeof name, "s%d", i);
        bool last =
            i >= SERVICE_PORT_COUNT - SERVICE_PORT_BAND; /* for who asks for a certain one */
        assert_int_equal(port_of(s, name, 0) < SERVICE_PORT_FIRST + SERVICE_PORT_BAND, last);
    }
    assert_refused(s, SERVICE("x", "'type':'NodePort'," PORTS), 500,
                   "Internal error occurred: failed to allocate a nodePort: range is full");
    assert_int_equal(stage_delete(s, kind_service, "s77").http, 200);
    stage_make(s, kind_service, SERVICE("x", "'type':'NodePort'," PORTS));
    stage_close(s);
}

static void an_update_changes_no_number(void **state)
{
    (void)state;
    struct stage *s = stage_open(NULL);
    char before[64], after[64];
    stage_make(s, kind_service, SERVICE("a", "'type':'NodePort'," PORTS));
    address_of(s, "a", before);
    int64_t port = port_of(s, "a", 0);
    assert_int_equal(stage_edit(s, kind_service, "a", "spec.sessionAffinity", "'ClientIP'").http,
                     200);
    address_of(s, "a", after);
    assert_string_equal(before, after);
    assert_int_equal(port_of(s, "a", 0), port);
    assert_int_equal(
        stage_edit(s, kind_service, "a", "spec.ports", "[{'port':80,'nodePort':32000},{'port':81}]")
            .http,
        200);
    assert_int_equal(port_of(s, "a", 0), 32000);
    assert_in_range(port_of(s, "a", 1), 30000, 32767);
    char again[160];
    snprintf(again, sizeof again,
             "{'metadata':{'name':'b'},'spec':{'type':'NodePort','ports':[{'port':1,"
             "'nodePort':%d}]}}",
             (int)port);
    stage_make(s, kind_service, again);
    stage_close(s);
}

static void one_that_balances_no_more_forgets_its_addresses_outside(void **state)
{
    (void)state;
    struct stage *s = stage_open(NULL);
    stage_make(s, kind_service, SERVICE("a", "'type':'LoadBalancer'," PORTS));
    struct command *c = stage_about(COMMAND_STATUS, kind_service, "a");
    c->status = stage_doc("{'loadBalancer':{'ingress':[{'ip':'1.2.3.4'}]}}");
    assert_int_equal(stage_do(s, c).http, 200);
    const char *ingress = "loadBalancer.ingress";
    assert_int_equal(stage_edit(s, kind_service, "a", "spec.type", "'LoadBalancer'").http, 200);
    assert_int_equal(doc_path(stage_get(s, kind_service, "a")->status, ingress).count, 1);
    assert_int_equal(stage_edit(s, kind_service, "a", "spec.type", "'ClusterIP'").http, 200);
    assert_int_equal(doc_path(stage_get(s, kind_service, "a")->status, ingress).type, MP_END);
    stage_close(s);
}

/* What the API never lets through is no reason to fall. */
static void a_service_of_nonsense_is_no_harm(void **state)
{
    static const char *const specs[] = {
        "'ports':7", "'type':'NodePort','ports':[1,[],{},{'port':'x'},{'port':'x'}]",
        "'clusterIP':['a']", "'type':'NodePort','ports':[{'nodePort':-1}]",
        "'type':'LoadBalancer','externalTrafficPolicy':'Local','healthCheckNodePort':1e9"};
    (void)state;
    struct stage *s = stage_open(NULL);
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
        mem_auto char *text = mem_printf("{'metadata':{'name':'s%zu'},'spec':{%s}}", i, specs[i]);
        assert_true(stage_create(s, kind_service, text).http >= 201);
    }
    stage_make(s, kind_service, "{'metadata':{'name':'none'}}");
    stage_close(s);
}

/* As services of older logs. */
static void one_without_an_address_gets_it_with_its_next_change(void **state)
{
    (void)state;
    struct stage *s = stage_open(NULL);
    stage_make(s, kind_service, SERVICE("a", "'type':'ExternalName','externalName':'a.b'," PORTS));
    assert_int_equal(stage_edit(s, kind_service, "a", "spec.type", "'ClusterIP'").http, 200);
    assert_int_equal(spec_of(s, "a", "clusterIP").type, MP_STR);
    stage_close(s);
}

/* What is kept beside the world is the same after a keyframe. */
static void a_keyframe_takes_the_numbers_along(void **state)
{
    (void)state;
    struct stage *s = stage_open(NULL);
    stage_make(s, kind_service, SERVICE("a", "'clusterIP':'10.96.0.10'," PORTS));
    reload(s);
    assert_int_equal(
        stage_create(s, kind_service, SERVICE("b", "'clusterIP':'10.96.0.10'," PORTS)).http, 422);
    assert_int_equal(stage_delete(s, kind_service, "a").http, 200);
    stage_make(s, kind_service, SERVICE("b", "'clusterIP':'10.96.0.10'," PORTS));
    stage_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_service_gets_an_address_of_its_own),
        cmocka_unit_test(some_services_have_none),
        cmocka_unit_test(an_address_that_is_asked_for_must_be_to_be_had),
        cmocka_unit_test(the_first_address_is_the_masters),
        cmocka_unit_test(node_ports_are_given_and_shared_by_protocols),
        cmocka_unit_test(a_local_load_balancer_gets_a_port_for_health),
        cmocka_unit_test(two_at_once_do_not_get_the_same),
        cmocka_unit_test(a_full_range_says_so),
        cmocka_unit_test(an_update_changes_no_number),
        cmocka_unit_test(one_that_balances_no_more_forgets_its_addresses_outside),
        cmocka_unit_test(a_service_of_nonsense_is_no_harm),
        cmocka_unit_test(one_without_an_address_gets_it_with_its_next_change),
        cmocka_unit_test(a_keyframe_takes_the_numbers_along),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
