/* Documents that no admission would let in, in logs of older builds or from a master gone mad:
 * nobody falls over them, and every master still folds them to the same state. */
#include "stage.h"

static const struct controller_times quick = {
    .node_grace_ms = 200,
    .gone_node_ms = 200,
    .eviction_burst = 1000,
    .evictions_per_s = 1000,
    .status_every_ms = 20,
    .endpoints_every_ms = 20,
    .event_ttl_ms = 500,
};

static const char *const words[] = {
    "metadata",
    "labels",
    "annotations",
    "spec",
    "selector",
    "matchLabels",
    "app",
    "web",
    "template",
    "replicas",
    "ownerReferences",
    "uid",
    "controller",
    "finalizers",
    "orphan",
    "taints",
    "tolerations",
    "conditions",
    "type",
    "Ready",
    "status",
    "True",
    "Unknown",
    "phase",
    "Running",
    "Failed",
    "ports",
    "port",
    "targetPort",
    "containers",
    "key",
    "effect",
    "NoExecute",
    "operator",
    "Exists",
    "tolerationSeconds",
    "nodeName",
    "podIP",
    "10.0.0.1",
    "kind",
    "ReplicaSet",
    "minReadySeconds",
    "immutable",
    "unschedulable",
    "matchExpressions",
    "In",
    "values",
    "resources",
    "limits",
    "cpu",
    "1e999",
    "-5",
    "",
    "foregroundDeletion",
    "lastTransitionTime",
    "serviceAccountName",
    "priority",
    "n1",
};
enum { WORDS = sizeof words / sizeof *words };

static const char *word(struct stage *s)
{
    return words[stage_random64(s) % WORDS];
}

static void put_any(struct stage *s, struct buf *b, unsigned depth);

static void put_map_of_words(struct stage *s, struct buf *b, unsigned depth)
{
    uint32_t first = (uint32_t)(stage_random64(s) % WORDS),
             count = (uint32_t)(stage_random64(s) % 6);
    mp_put_map(b, count);
    for (uint32_t i = 0; i < count; i++) {
        mp_put_z(b, words[(first + i * 7) % WORDS]);
        put_any(s, b, depth + 1);
    }
}

static void put_uid(struct stage *s, struct buf *b)
{
    struct actor *a =
        world_first(s->world, kind_at((unsigned)(stage_random64(s) % kind_count())), NULL);
    char text[UID_TEXT] = "11111111-2222-4333-8444-555555555555";
    if (a) uid_text(&a->object->id->uid, text);
    mp_put_z(b, text);
}

static void put_any(struct stage *s, struct buf *b, unsigned depth)
{
    uint64_t shape = stage_random64(s) % (depth > 5 ? 6 : 9);
    if (shape == 0) mp_put_nil(b);
    if (shape == 1) mp_put_bool(b, stage_random64(s) & 1);
    if (shape == 2) mp_put_int(b, (int64_t)stage_random64(s) >> (stage_random64(s) % 64));
    if (shape == 3) mp_put_double(b, (double)(int64_t)stage_random64(s) * 1e10);
    if (shape == 4) mp_put_z(b, word(s));
    if (shape == 5) put_uid(s, b);
    if (shape == 6 || shape == 7) put_map_of_words(s, b, depth);
    if (shape == 8) {
        uint32_t count = (uint32_t)(stage_random64(s) % 4);
        mp_put_array(b, count);
        for (uint32_t i = 0; i < count; i++) put_any(s, b, depth + 1);
    }
}

/* Looks like a body from afar. */
static struct doc *any_body(struct stage *s)
{
    static const char *const in_metadata[] = {"labels", "ownerReferences", "finalizers",
                                              "annotations"};
    static const char *const in_spec[] = {"selector", "template", "replicas",   "tolerations",
                                          "taints",   "ports",    "containers", "minReadySeconds"};
    buf_auto struct buf b = BUF_INIT;
    if (stage_random64(s) % 8 == 0) {
        put_map_of_words(s, &b, 0);
        return doc_from_buf(&b);
    }
    mp_put_map(&b, 2);
    mp_put_z(&b, "metadata");
    mp_put_map(&b, 4);
    for (int i = 0; i < 4; i++) {
        mp_put_z(&b, in_metadata[i]);
        put_any(s, &b, 2);
    }
    mp_put_z(&b, "spec");
    mp_put_map(&b, 8);
    for (int i = 0; i < 8; i++) {
        mp_put_z(&b, in_spec[i]);
        /* Not millions of pods: that would be slow, not wrong. */
        if (strcmp(in_spec[i], "replicas") == 0)
            mp_put_int(&b, (int64_t)(stage_random64(s) % 7) - 2);
        else
            put_any(s, &b, 2);
    }
    return doc_from_buf(&b);
}

static struct doc *any_status(struct stage *s)
{
    buf_auto struct buf b = BUF_INIT;
    mp_put_map(&b, 3);
    mp_put_z(&b, "phase");
    put_any(s, &b, 3);
    mp_put_z(&b, "podIP");
    mp_put_z(&b, "10.0.0.1");
    mp_put_z(&b, "conditions");
    put_any(s, &b, 2);
    return doc_from_buf(&b);
}

static void send_any(struct stage *s)
{
    const struct kind *kind = kind_at((unsigned)(stage_random64(s) % kind_count()));
    char name[8];
    snprintf(name, sizeof name, "n%u", (unsigned)(stage_random64(s) % 5));
    enum command_op op = (enum command_op)(1 + stage_random64(s) % COMMAND_CONFIRM_GONE);
    struct command *c = stage_about(op, kind, name);
    if (stage_random64(s) % 4) c->body = any_body(s);
    if (stage_random64(s) % 2) c->status = any_status(s);
    if (stage_random64(s) % 2) c->node = istr_of("n1");
    for (int i = 0; i < 4; i++)
        if (stage_random64(s) % 4) c->text[i] = mem_strdup(word(s));
    c->grace_s = (int32_t)(stage_random64(s) % 4) - 1;
    c->propagation = (enum propagation)(stage_random64(s) % 4);
    c->merges_finalizers = stage_random64(s) % 4 == 0;
    stage_do(s, c);
}

static void no_document_breaks_anybody(void **state)
{
    (void)state;
    const char *more = getenv("SEEDS");
    uint64_t seeds = more ? strtoull(more, NULL, 10) : 4;
    for (uint64_t seed = 1; seed <= seeds; seed++) {
        print_message("seed %llu\n", (unsigned long long)seed);
        struct stage *s = stage_open(&quick);
        s->seed = seed * 104729;
        for (int i = 0; i < 300; i++) {
            send_any(s);
            if (i % 4 == 0) stage_pass(s, 20);
            if (i % 50 == 49) {
                system_lead(s->system, false);
                stage_pass(s, 10);
                system_lead(s->system, true);
            }
        }
        stage_pass(s, 500);
        stage_close(s); /* folds all of it again */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(no_document_breaks_anybody)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
