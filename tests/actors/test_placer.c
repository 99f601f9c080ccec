/* The placement loop: spread over nodes and zones, the least busy first, at a price that does not
 * grow with the number of nodes. */
#include "play.h"

static struct placer *field_open(unsigned nodes, unsigned zones)
{
    schema_init();
    struct placer *p = mem_new(struct placer);
    placer_init(p);
    for (unsigned i = 0; i < nodes; i++) {
        mem_auto char *name = mem_printf("node-%u", i);
        mem_auto char *labels =
            zones ? mem_printf("'topology.kubernetes.io/zone':'z%u'", i % zones) : mem_strdup("");
        mem_auto char *body = mem_printf("{'metadata':{'labels':{%s}},'spec':{}}", labels);
        struct object *node =
            object_new(ident_new(kind_node, NULL, str_of(name)), stage_doc(body),
                       stage_doc("{'conditions':[{'type':'Ready','status':'True'}],"
                                 "'allocatable':{'cpu':'64','memory':'64Gi','pods':'200'}}"));
        placer_put_node(p, node);
        object_unref(node);
    }
    return p;
}

static void field_close(struct placer *p)
{
    placer_free(p);
    mem_free(p);
}

static struct doc *member(unsigned owner, const char *cpu)
{
    mem_auto char *text = mem_printf(
        "{'metadata':{'ownerReferences':[{'uid':'%u','controller':true}]},'spec':{'containers':"
        "[{'resources':{'requests':{'cpu':'%s'}}}]}}",
        owner, cpu);
    return stage_doc(text);
}

static int64_t place_one(struct placer *p, struct doc *pod)
{
    const struct pod_view *view = placer_view(p, pod);
    int64_t place = placer_best(p, view);
    if (place >= 0) placer_use(p, p->nodes.rows[place].name, view, 1);
    return place;
}

/* Small owners, large owners, and all between: never two on a node while another has none. */
static void pods_of_one_owner_are_spread_over_the_nodes(void **state)
{
    (void)state;
    struct placer *p = field_open(50, 0);
    struct doc *busy = member(9, "40");
    for (unsigned i = 0; i < 45; i++) placer_use(p, p->nodes.rows[i].name, placer_view(p, busy), 1);
    struct doc *pod = member(1, "100m");
    uint64_t group = placer_view(p, pod)->group;
    for (unsigned n = 0; n < 220; n++) {
        assert_true(place_one(p, pod) >= 0);
        for (uint32_t i = 0; i < 50; i++) {
            uint32_t here = spread_count(&p->spread, group, i);
            assert_in_range(here, n / 50, n / 50 + 1);
        }
    }
    doc_unref(busy);
    doc_unref(pod);
    field_close(p);
}

static void the_least_busy_node_is_taken_first(void **state)
{
    (void)state;
    struct placer *p = field_open(3, 0);
    struct doc *big = stage_doc("{'metadata':{},'spec':{'containers':[{'resources':{'requests':"
                                "{'cpu':'8'}}}]}}");
    struct doc *small = stage_doc("{'metadata':{},'spec':{'containers':[{'resources':{'requests':"
                                  "{'cpu':'1'}}}]}}");
    int64_t a = place_one(p, big), b = place_one(p, big), c = place_one(p, small);
    assert_true(a != b && b != c && a != c);
    for (int i = 0; i < 4; i++) assert_int_equal(place_one(p, small), c);
    doc_unref(big);
    doc_unref(small);
    field_close(p);
}

static void pods_of_one_owner_are_spread_over_the_zones(void **state)
{
    (void)state;
    for (unsigned size = 6; size <= 60; size += 54) {
        struct placer *p = field_open(90, 3);
        struct doc *pod = member(1, "100m");
        for (unsigned n = 0; n < size; n++) place_one(p, pod);
        for (uint32_t zone = 1; zone <= 3; zone++)
            assert_int_equal(spread_in_zone(&p->spread, placer_view(p, pod)->group, zone),
                             size / 3);
        doc_unref(pod);
        field_close(p);
    }
}

/* After the first look at all nodes, placing looks only at what altered. */
static void a_placement_costs_no_walk_over_the_nodes(void **state)
{
    (void)state;
    enum { NODES = 2000, PODS = 3000 };
    struct placer *p = field_open(NODES, 4);
    struct doc *pods[4];
    for (unsigned i = 0; i < 4; i++) pods[i] = member(i, "10m");
    for (unsigned i = 0; i < PODS; i++) assert_true(place_one(p, pods[i % 4]) >= 0);
    /* One class that all share, one more for each owner once it is large, and what the four see of
     * each other's pods. */
    assert_in_range(p->work, NODES, 5 * NODES + 4 * PODS);
    for (unsigned i = 0; i < 4; i++) doc_unref(pods[i]);
    field_close(p);
}

static void a_thousand_small_owners_share_one_class(void **state)
{
    (void)state;
    enum { NODES = 500, OWNERS = 300 };
    struct placer *p = field_open(NODES, 0);
    for (unsigned round = 0; round < 3; round++)
        for (unsigned i = 0; i < OWNERS; i++) {
            struct doc *pod = member(i, "10m");
            assert_true(place_one(p, pod) >= 0);
            doc_unref(pod);
        }
    assert_int_equal(p->class_count, 1);
    assert_in_range(p->work, NODES, NODES + 3 * OWNERS);
    field_close(p);
}

static void classes_are_bounded_and_forgotten_ones_come_again(void **state)
{
    (void)state;
    struct placer *p = field_open(20, 0);
    for (unsigned round = 0; round < 2; round++)
        for (unsigned i = 1; i <= 2 * CLASSES_MOST; i++) {
            mem_auto char *cpu = mem_printf("%um", i);
            struct doc *pod = member(1, cpu);
            const struct pod_view *view = placer_view(p, pod);
            int64_t place = placer_best(p, view);
            assert_true(place >= 0);
            assert_in_range(p->class_count, 1, CLASSES_MOST);
            doc_unref(pod);
        }
    field_close(p);
}

static void a_node_that_altered_is_known_to_help(void **state)
{
    (void)state;
    struct placer *p = field_open(10, 0);
    struct doc *huge = member(1, "60"), *tiny = member(2, "5");
    for (unsigned i = 0; i < 10; i++) place_one(p, huge);
    const struct pod_view *view = placer_view(p, huge);
    assert_int_equal(placer_best(p, view), -1);
    uint64_t since = p->nodes.sequence;
    assert_false(placer_helped(p, view, since));
    placer_use(p, p->nodes.rows[3].name, placer_view(p, tiny), 1);
    placer_use(p, p->nodes.rows[3].name, placer_view(p, tiny), -1);
    assert_false(placer_helped(p, view, since));
    placer_use(p, p->nodes.rows[7].name, view, -1);
    assert_true(placer_helped(p, view, since));
    assert_int_equal(placer_best(p, view), 7);
    doc_unref(huge);
    doc_unref(tiny);
    field_close(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pods_of_one_owner_are_spread_over_the_nodes),
        cmocka_unit_test(the_least_busy_node_is_taken_first),
        cmocka_unit_test(pods_of_one_owner_are_spread_over_the_zones),
        cmocka_unit_test(a_placement_costs_no_walk_over_the_nodes),
        cmocka_unit_test(a_thousand_small_owners_share_one_class),
        cmocka_unit_test(classes_are_bounded_and_forgotten_ones_come_again),
        cmocka_unit_test(a_node_that_altered_is_known_to_help),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
