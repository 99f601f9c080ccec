/* The protobuf form says what the JSON form says. A decoder of its own reads the messages back: it
 * knows them by number, as gnostic numbers them, and shares no table with the program. */
#include "proto/openapi_helper.h"
#include "proto/protobuf_wire.h"

#include <ctype.h>

/* A message's fields: number, what it is, its key and its message. What it is: t text, T texts,
 * b bool, i integer, d double, y YAML, Y YAMLs, m message, M messages, n named values, x extension.
 * A digit after it: inside that field of one more message. */
struct line {
    char message;
    unsigned number;
    const char *what, *key;
    char of;
};
static const struct line lines[] = {
    {'D', 1, "t", "swagger", 0},
    {'D', 2, "m", "info", 'I'},
    {'D', 8, "n2", "paths", 'P'},
    {'D', 9, "n1", "definitions", 'S'},
    {'D', 10, "n1", "parameters", 'A'},
    {'D', 13, "n1", "securityDefinitions", 'K'},
    {'I', 1, "t", "title", 0},
    {'I', 2, "t", "version", 0},
    {'K', 2, "u", NULL, 'k'},
    {'k', 1, "t", "type", 0},
    {'k', 2, "t", "name", 0},
    {'k', 3, "t", "in", 0},
    {'k', 4, "t", "description", 0},
    {'P', 2, "m", "get", 'O'},
    {'P', 3, "m", "put", 'O'},
    {'P', 4, "m", "post", 'O'},
    {'P', 5, "m", "delete", 'O'},
    {'P', 8, "m", "patch", 'O'},
    {'P', 9, "M", "parameters", 'J'},
    {'O', 1, "T", "tags", 0},
    {'O', 3, "t", "description", 0},
    {'O', 5, "t", "operationId", 0},
    {'O', 6, "T", "produces", 0},
    {'O', 7, "T", "consumes", 0},
    {'O', 8, "M", "parameters", 'J'},
    {'O', 9, "n1", "responses", 'R'},
    {'O', 10, "T", "schemes", 0},
    {'O', 13, "x", NULL, 0},
    {'J', 1, "u", NULL, 'A'},
    {'J', 2, "u", NULL, 'F'},
    {'F', 1, "t", "$ref", 0},
    {'A', 1, "u", NULL, 'B'},
    {'A', 2, "u", NULL, 'N'},
    {'N', 3, "u", NULL, 'Q'},
    {'N', 4, "u", NULL, 'H'},
    {'B', 2, "t", "name", 0},
    {'B', 3, "t", "in", 0},
    {'B', 4, "b", "required", 0},
    {'B', 5, "m", "schema", 'S'},
    {'Q', 2, "t", "in", 0},
    {'Q', 3, "t", "description", 0},
    {'Q', 4, "t", "name", 0},
    {'Q', 6, "t", "type", 0},
    {'Q', 20, "b", "uniqueItems", 0},
    {'H', 1, "b", "required", 0},
    {'H', 2, "t", "in", 0},
    {'H', 3, "t", "description", 0},
    {'H', 4, "t", "name", 0},
    {'H', 5, "t", "type", 0},
    {'H', 19, "b", "uniqueItems", 0},
    {'R', 1, "u", NULL, 'r'},
    {'r', 1, "t", "description", 0},
    {'r', 2, "m1", "schema", 'S'},
    {'S', 1, "t", "$ref", 0},
    {'S', 2, "t", "format", 0},
    {'S', 3, "t", "title", 0},
    {'S', 4, "t", "description", 0},
    {'S', 5, "y", "default", 0},
    {'S', 7, "d", "maximum", 0},
    {'S', 9, "d", "minimum", 0},
    {'S', 8, "b", "exclusiveMaximum", 0},
    {'S', 11, "i", "maxLength", 0},
    {'S', 13, "t", "pattern", 0},
    {'S', 15, "i", "minItems", 0},
    {'S', 19, "T", "required", 0},
    {'S', 20, "Y", "enum", 0},
    {'S', 21, "a", "additionalProperties", 'S'},
    {'S', 22, "t1", "type", 0},
    {'S', 23, "m1", "items", 'S'},
    {'S', 25, "n1", "properties", 'S'},
    {'S', 31, "x", NULL, 0},
};

/* Values by key, as they are met; lists are gathered. */
struct pairs {
    struct buf values[64];
    const char *keys[64];
    char names[64][64];
    bool list[64];
    uint32_t items[64];
    unsigned count;
};

static unsigned pair_of(struct pairs *p, const char *key, bool list)
{
    for (unsigned i = 0; i < p->count; i++)
        if (strcmp(p->keys[i], key) == 0) {
            assert_true(list && p->list[i]); /* nothing but lists comes twice */
            return i;
        }
    assert_true(p->count < 64);
    p->keys[p->count] = key;
    p->list[p->count] = list;
    return p->count++;
}

static void put_yaml(struct str any, struct buf *out)
{
    struct str yaml = wire_text(any, 2);
    assert_int_equal(json_parse(yaml.p, yaml.n, out, NULL), 0);
}

static void put_message(char message, struct str bytes, struct buf *out);

static void put_named(const struct line *l, struct str bytes, struct buf *out)
{
    struct wire w;
    uint32_t count = 0;
    size_t mark = mp_begin(out);
    while (wire_next(&bytes, &w)) {
        assert_int_equal(w.number, l->what[1] - '0');
        mp_put_str(out, wire_text(w.bytes, 1));
        put_message(l->of, wire_text(w.bytes, 2), out);
        count++;
    }
    mp_end_map(out, mark, count);
}

static void put_schema_or_bool(struct str bytes, struct buf *out)
{
    struct wire w;
    assert_true(wire_next(&bytes, &w));
    if (w.number == 1)
        put_message('S', w.bytes, out);
    else
        mp_put_bool(out, w.value);
}

static void put_field(const struct line *l, const struct wire *w, struct buf *out)
{
    struct str bytes = w->bytes;
    double d;
    if (isdigit((unsigned char)l->what[1]) && l->what[0] != 'n')
        bytes = wire_text(bytes, (unsigned)(l->what[1] - '0'));
    switch (tolower((unsigned char)l->what[0])) {
    case 't':
        mp_put_str(out, bytes);
        break;
    case 'b':
        mp_put_bool(out, w->value);
        break;
    case 'i':
        mp_put_int(out, (int64_t)w->value);
        break;
    case 'd':
        memcpy(&d, &w->value, sizeof d);
        mp_put_double(out, d);
        break;
    case 'y':
        put_yaml(bytes, out);
        break;
    case 'm':
        put_message(l->of, bytes, out);
        break;
    case 'n':
        put_named(l, bytes, out);
        break;
    case 'a':
        put_schema_or_bool(bytes, out);
        break;
    default:
        assert_true(false);
    }
}

static const struct line *line_of(char message, unsigned number)
{
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (lines[i].message == message && lines[i].number == number) return &lines[i];
    fprintf(stderr, "message %c has a field %u\n", message, number);
    assert_true(false);
    return NULL;
}

static void put_extension(struct pairs *p, struct str bytes)
{
    struct str name = wire_text(bytes, 1);
    assert_true(name.n < 64 && p->count < 64);
    memcpy(p->names[p->count], name.p, name.n);
    p->names[p->count][name.n] = '\0';
    unsigned at = pair_of(p, p->names[p->count], false);
    put_yaml(wire_text(bytes, 2), &p->values[at]);
}

static void put_message(char message, struct str bytes, struct buf *out)
{
    struct pairs *p = mem_new(struct pairs);
    struct wire w;
    assert_true(wire_valid(bytes));
    while (wire_next(&bytes, &w)) {
        const struct line *l = line_of(message, (unsigned)w.number);
        if (l->what[0] == 'u') { /* one of several: it is that */
            put_message(l->of, w.bytes, out);
            mem_free(p);
            return;
        }
        if (l->what[0] == 'x') {
            put_extension(p, w.bytes);
            continue;
        }
        unsigned at = pair_of(p, l->key, isupper((unsigned char)l->what[0]));
        put_field(l, &w, &p->values[at]);
        p->items[at]++;
    }
    mp_put_map(out, p->count);
    for (unsigned i = 0; i < p->count; i++) {
        mp_put_z(out, p->keys[i]);
        if (p->list[i]) mp_put_array(out, p->items[i]);
        buf_append(out, p->values[i].data, p->values[i].len);
        buf_free(&p->values[i]);
    }
    mem_free(p);
}

/* Empty lists and maps are not there in protobuf, numbers are doubles. */
static bool same(struct mp json, struct mp pb)
{
    if (pb.type == MP_DOUBLE && json.type == MP_INT) return (double)json.i == pb.d;
    if (json.type != pb.type || json.count != pb.count) return mp_same(json, pb);
    if (json.type != MP_MAP && json.type != MP_ARRAY) return mp_same(json, pb);
    struct mp_iter b = mp_items(pb);
    for (struct mp_iter it = mp_items(json); mp_iter_next(&it);) {
        if (!it.map) assert_true(mp_iter_next(&b));
        if (same(it.value, it.map ? mp_get_str(pb, it.key) : b.value)) continue;
        fprintf(stderr, "differs at %.*s\n", (int)it.key.n, it.map ? it.key.p : "");
        return false;
    }
    return true;
}

static void both_forms_say_the_same(const struct openapi_kind *more, size_t count)
{
    buf_auto struct buf pb = BUF_INIT, doc = BUF_INIT, back = BUF_INIT;
    openapi_v2_put(OPENAPI_PROTOBUF, more, count, &pb);
    put_message('D', (struct str){pb.data, pb.len}, &back);
    struct mp decoded = mp_read(back.data, back.len), root = v2(more, count, &doc);
    unsigned parts = 0;
    for (struct mp_iter it = mp_items(root); mp_iter_next(&it);) {
        if (str_is(it.key, "security")) continue; /* kubectl has no use for it */
        assert_true(same(it.value, mp_get_str(decoded, it.key)));
        parts++;
    }
    assert_int_equal(parts, decoded.count);
}

static void the_built_in_kinds_are_the_same_in_both_forms(void **state)
{
    (void)state;
    both_forms_say_the_same(NULL, 0);
}

static void a_custom_kind_is_the_same_in_both_forms(void **state)
{
    (void)state;
    static struct kind kind = {.kind = "Foo",
                               .group = "example.com",
                               .resource = "foos",
                               .custom = true,
                               .verbs = VERB_GET | VERB_PATCH};
    static const struct kind_version version = {
        .kind = &kind, .group = "example.com", .version = "v1", .api_version = "example.com/v1"};
    const char *text =
        "{\"type\":\"object\",\"title\":\"t\",\"required\":[\"a\"],\"properties\":{"
        "\"a\":{\"type\":\"string\",\"pattern\":\"^x\",\"maxLength\":300,\"default\":\"x y\"},"
        "\"b\":{\"type\":\"array\",\"minItems\":1,\"items\":{\"type\":\"integer\","
        "\"maximum\":7,\"exclusiveMaximum\":true,\"minimum\":-1,\"enum\":[1,\"two\",null]}},"
        "\"c\":{\"type\":\"object\",\"additionalProperties\":{\"type\":\"boolean\"}},"
        "\"d\":{\"type\":\"object\",\"additionalProperties\":true,"
        "\"default\":{\"deep\":[1,{\"x\":2.5}]}},"
        "\"e\":{\"x-kubernetes-int-or-string\":true,\"x-kubernetes-list-map-keys\":[\"k\"]}}}";
    buf_auto struct buf schema = BUF_INIT;
    assert_int_equal(json_parse(text, strlen(text), &schema, NULL), 0);
    struct openapi_kind k = {.version = &version, .schema = mp_read(schema.data, schema.len)};
    both_forms_say_the_same(&k, 1);
}

int main(void)
{
    schema_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_built_in_kinds_are_the_same_in_both_forms),
        cmocka_unit_test(a_custom_kind_is_the_same_in_both_forms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
