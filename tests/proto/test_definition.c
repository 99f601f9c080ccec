/* Definitions of custom kinds, and their objects on the way in and out. */
#include "base/arena.h"
#include "proto/admit_helper.h"
#include "proto/custom.h"
#include "proto/jsonpath.h"
#include "proto/typed.h"

/* The CRD crontabs.stable.example.com with these versions. */
static struct object *crd_of(const char *versions, const char *scope, bool established)
{
    struct buf text buf_auto = BUF_INIT;
    buf_printf(&text,
               "{'metadata':{},'spec':{'group':'stable.example.com','scope':'%s','names':{'plural':"
               "'crontabs','kind':'CronTab','singular':'crontab','shortNames':['ct'],'listKind':"
               "'CronTabList'},'versions':[%s]}}",
               scope, versions);
    struct buf body buf_auto = doc_of(text.data);
    struct buf status buf_auto =
        doc_of(established ? "{'conditions':[{'type':'Established','status':'True'}]}" : "{}");
    struct ident *id = ident_new(kind_crd, NULL, STR("crontabs.stable.example.com"));
    struct object *o =
        object_new(id, doc_new(body.data, body.len), doc_new(status.data, status.len));
    o->revision = 7;
    object_seal(o);
    return o;
}

static struct definition *definition_of_versions(const char *versions)
{
    struct definition *d;
    struct error err = {0};
    struct object *crd = crd_of(versions, "Namespaced", true);
    if (definition_compile(crd, &d, &err)) fail_msg("%s", err.text);
    object_unref(crd);
    return d;
}

#define VERSION(name, more)                                                                        \
    "{'name':'" name "','served':true,'storage':true," more                                        \
    "'schema':{'openAPIV3Schema':{'type':'object','properties':{'spec':{'type':'object',"          \
    "'properties':{'n':{'type':'integer','default':5},'l':{'type':'array',"                        \
    "'x-kubernetes-list-type':'map','x-kubernetes-list-map-keys':['a','b'],'items':{'type':"       \
    "'object','properties':{'a':{'type':'string'},'b':{'type':'integer'}}}},'m':{'type':'object'," \
    "'additionalProperties':{'type':'string'}},'p':{'x-kubernetes-int-or-string':true},'o':{"      \
    "'type':'object','x-kubernetes-preserve-unknown-fields':true,'x-kubernetes-map-type':"         \
    "'atomic'}}},'status':{'type':'object','x-kubernetes-preserve-unknown-fields':true}}}}}"

static void identities_are_made_once_and_stay(void **state)
{
    (void)state;
    const struct kind *one = kind_by_key(STR("crontabs.stable.example.com"));
    assert_ptr_equal(one, kind_by_key(STR("crontabs.stable.example.com")));
    assert_ptr_equal(kind_at(one->index), one);
    assert_true(one->custom && one->index >= kind_builtin_count() && one->index < kind_count());
    assert_string_equal(one->resource, "crontabs");
    assert_string_equal(one->group, "stable.example.com");
    static const char *const none[] = {"crontabs",     "crontabs.example", "Cron.example.com",
                                       ".example.com", "crontabs..com",    "crontabs.example.com."};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_null(kind_by_key(str_of(none[i])));
}

static void a_definition_knows_its_names_and_subresources(void **state)
{
    (void)state;
    struct definition *d = definition_of_versions(
        VERSION("v1", "'subresources':{'status':{},'scale':{'specReplicasPath':'.spec.n',"
                      "'statusReplicasPath':'.status.n','labelSelectorPath':'.status.s'}},"));
    const struct definition_version *v = definition_version(d, STR("v1"));
    assert_true(v->is_storage && v->is_served);
    assert_true(d->established && !d->terminating);
    assert_ptr_equal(kind_identity(&v->kind), d->identity);
    assert_ptr_equal(definition_of(v->served.kind), v);
    assert_string_equal(v->kind.kind, "CronTab");
    assert_string_equal(v->list_kind, "CronTabList");
    assert_string_equal(v->kind.short_names[0], "ct");
    assert_null(v->kind.short_names[1]);
    assert_string_equal(v->served.api_version, "stable.example.com/v1");
    assert_true(v->kind.namespaced && v->kind.has_status && v->has_scale);
    assert_int_equal(v->kind.subresource_count, 2);
    assert_string_equal(v->scale.selector, "status.s");
    assert_null(definition_version(d, STR("v2")));
    definition_unref(d);
}

static void versions_are_preferred_as_in_kubernetes(void **state)
{
    (void)state;
    struct definition *d = definition_of_versions(
        VERSION("v1beta1", "") "," VERSION("foo1", "") "," VERSION("v2alpha1", "") "," VERSION(
            "v10", "") "," VERSION("v2", "") "," VERSION("v1beta12", ""));
    static const char *const want[] = {"v10", "v2", "v1beta12", "v1beta1", "v2alpha1", "foo1"};
    assert_int_equal(d->version_count, 6);
    for (unsigned i = 0; i < 6; i++) assert_string_equal(d->versions[i].served.version, want[i]);
    definition_unref(d);
}

static void the_type_tree_says_how_to_merge(void **state)
{
    (void)state;
    struct definition *d = definition_of_versions(VERSION("v1", ""));
    const struct type *whole = d->versions[0].served.type;
    assert_string_equal(type_field(whole, STR("metadata"))->type->name, "apis.meta.v1.ObjectMeta");
    assert_int_equal(type_field(whole, STR("kind"))->scalar, SCALAR_STRING);
    const struct field *spec = type_field(whole, STR("spec"));
    assert_int_equal(spec->shape, SHAPE_OBJECT);
    const struct field *l = type_field(spec->type, STR("l"));
    assert_int_equal(l->shape, SHAPE_LIST);
    assert_string_equal(l->list_type, "map");
    assert_string_equal(l->list_keys, "a,b");
    assert_int_equal(type_field(l->type, STR("b"))->scalar, SCALAR_INT64);
    assert_int_equal(type_field(spec->type, STR("m"))->shape, SHAPE_MAP);
    assert_int_equal(type_field(spec->type, STR("p"))->scalar, SCALAR_INT_OR_STRING);
    assert_string_equal(type_field(spec->type, STR("o"))->list_type, "atomic");
    assert_int_equal(type_field(whole, STR("status"))->shape, SHAPE_OBJECT);
    definition_unref(d);
}

static void elements_are_told_apart_by_keys_that_have_defaults(void **state)
{
    (void)state;
    struct definition *d = definition_of_versions(
        "{'name':'v1','served':true,'storage':true,'schema':{'openAPIV3Schema':{'type':'object',"
        "'properties':{'l':{'type':'array','x-kubernetes-list-type':'map',"
        "'x-kubernetes-list-map-keys':['port','protocol'],'items':{'type':'object','properties':"
        "{'port':{'type':'integer'},'protocol':{'type':'string','default':'TCP'}}}}}}}}");
    struct buf live buf_auto = doc_of("{'l':[{'port':80,'protocol':'TCP'}]}");
    struct buf config buf_auto = doc_of("{'l':[{'port':80},{'port':80,'protocol':'UDP'}]}");
    struct buf merged buf_auto = BUF_INIT;
    typed_merge(d->versions[0].served.type, doc_mp(&live), doc_mp(&config), &merged);
    assert_doc(doc_mp(&merged),
               "{'l':[{'port':80,'protocol':'TCP'},{'port':80,'protocol':'UDP'}]}");
    definition_unref(d);
}

static void what_cannot_be_served_is_no_definition(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "{'name':'v1','schema':{'openAPIV3Schema':{'type':'string'}}}",
        "{'name':'v1','schema':{'openAPIV3Schema':{'type':'object','properties':{'a':3}}}}",
        ("{'name':'v1','schema':{'openAPIV3Schema':{'type':'object','properties':{'a':{'pattern':"
         "'('}}}}}"),
        "{'served':true}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct definition *d;
        struct error err = {0};
        struct object *crd = crd_of(bad[i], "Cluster", true);
        assert_int_equal(definition_compile(crd, &d, &err), E_INVALID);
        assert_true(err.text[0]);
        object_unref(crd);
    }
}

static struct object *crontab(const struct definition *d, const char *body, const char *status)
{
    struct buf b buf_auto = doc_of(body), s buf_auto = BUF_INIT;
    if (status) s = doc_of(status);
    struct ident *id = ident_new(d->identity, istr_of("shop"), STR("one"));
    id->created_s = 1000;
    struct object *o =
        object_new(id, doc_new(b.data, b.len), s.len ? doc_new(s.data, s.len) : NULL);
    o->revision = 9;
    object_seal(o);
    return o;
}

static void a_stored_object_is_shown_as_the_schema_says_today(void **state)
{
    (void)state;
    struct definition *d = definition_of_versions(VERSION("v1", ""));
    struct object *o = crontab(d, "{'metadata':{'labels':{'a':'b'}},'spec':{'old':1}}", NULL);
    struct buf out buf_auto = BUF_INIT;
    object_put_doc(o, &d->versions[0].served, &out);
    struct mp doc = doc_mp(&out);
    assert_doc(mp_get(doc, "spec"), "{'n':5}");
    assert_doc(mp_path(doc, "metadata.labels"), "{'a':'b'}");
    assert_true(mp_is(mp_get(doc, "kind"), "CronTab"));
    object_unref(o);
    definition_unref(d);
}

/* The body's status counts: it is the one that is written now. */
static void a_status_of_before_does_not_show_twice(void **state)
{
    (void)state;
    struct definition *d = definition_of_versions(VERSION("v1", ""));
    struct object *o = crontab(d, "{'metadata':{},'status':{'new':1}}", "{'old':1}");
    struct buf out buf_auto = BUF_INIT;
    object_put_doc(o, &d->versions[0].served, &out);
    assert_true(mp_valid(out.data, out.len));
    assert_doc(mp_get(doc_mp(&out), "status"), "{'new':1}");
    object_unref(o);
    definition_unref(d);
}

static void a_status_is_apart_only_where_it_is_written_apart(void **state)
{
    (void)state;
    struct buf doc buf_auto = doc_of("{'metadata':{'name':'x'},'spec':{},'status':{'a':1}}");
    struct definition *plain = definition_of_versions(VERSION("v1", ""));
    struct definition *apart =
        definition_of_versions(VERSION("v1", "'subresources':{'status':{}},"));
    struct object_parts parts;
    assert_int_equal(object_split(&plain->versions[0].kind, doc_mp(&doc), &parts, NULL), 0);
    assert_null(parts.status);
    assert_doc(doc_path(parts.body, "status"), "{'a':1}");
    doc_unref(parts.body);
    assert_int_equal(object_split(&apart->versions[0].kind, doc_mp(&doc), &parts, NULL), 0);
    assert_doc(doc_root(parts.status), "{'a':1}");
    doc_unref(parts.body);
    doc_unref(parts.status);
    definition_unref(plain);
    definition_unref(apart);
}

static void structure_takes_metadata_like_anybodys(void **state)
{
    (void)state;
    struct definition *d = definition_of_versions(VERSION("v1", ""));
    struct buf in buf_auto = doc_of("{'metadata':{'name':'x','more':1},'spec':{'n':1,'x':2}}");
    struct buf bad buf_auto = doc_of("{'metadata':{'labels':{'a':1}}}");
    struct buf out buf_auto = BUF_INIT;
    struct causes unknown = {0};
    struct error err = {0};
    assert_int_equal(custom_structure(d->versions, doc_mp(&in), &out, &unknown, &err), 0);
    assert_doc(doc_mp(&out), "{'metadata':{'name':'x'},'spec':{'n':1}}");
    assert_int_equal(unknown.count, 2);
    assert_string_equal(unknown.items[0].field, "metadata.more");
    assert_string_equal(unknown.items[1].field, "spec.x");
    causes_free(&unknown);
    assert_int_equal(custom_structure(d->versions, doc_mp(&bad), &out, NULL, &err), E_INVALID);
    assert_non_null(strstr(err.text, "metadata.labels"));
    definition_unref(d);
}

static void cells_are_found_by_their_paths(void **state)
{
    (void)state;
    struct definition *d = definition_of_versions(VERSION(
        "v1",
        "'additionalPrinterColumns':[{'name':'N','type':'integer','jsonPath':'.spec.n'},{'name':'R'"
        ","
        "'type':'string','jsonPath':'.status.c[?(@.type==\\\"Ready\\\")].status'},{'name':'None',"
        "'type':'string','jsonPath':'.spec.none'},{'name':'Age','type':'date','jsonPath':"
        "'.metadata.creationTimestamp','priority':1},{'name':'Map','type':'string','jsonPath':"
        "'.spec.m'},{'name':'Bad','type':'string','jsonPath':'.spec.['}],"));
    struct object *o = crontab(
        d,
        "{'metadata':{},'spec':{'m':{'k':'v'}},'status':{'c':[{'type':'X','status':'False'},"
        "{'type':'Ready','status':'True'}]}}",
        NULL);
    struct buf json buf_auto = BUF_INIT;
    custom_put_cells(d->versions, o, 1060, &json);
    assert_string_equal(json.data,
                        "[\"one\",5,\"True\",null,\"60s\",\"{\\\"k\\\":\\\"v\\\"}\",null]");
    object_unref(o);
    definition_unref(d);
    d = definition_of_versions(VERSION("v1", ""));
    assert_int_equal(d->versions[0].kind.column_count, 2);
    assert_string_equal(d->versions[0].kind.columns[1].name, "Age");
    definition_unref(d);
}

static void json_paths(void **state)
{
    (void)state;
    static const struct {
        const char *path, *want; /* NULL: it is no path */
    } all[] = {
        {".a.b", "1"},
        {"a.b", "1"},
        {".l[0]", "10"},
        {".l[-1]", "30"},
        {".l[7]", ""},
        {".l[*]", "10"},
        {"['x.y']", "2"},
        {".x\\.y", "2"},
        {".o[?(@.n==2)].v", "'two'"},
        {".o[?(@.v!='two')].n", "1"},
        {".o[?(@.z)].n", ""},
        {".a.*", "1"},
        {".", "..."},
        {".a.", NULL},
        {".a[", NULL},
        {".o[?(@.n=2)]", NULL},
        {"", NULL},
        {".a b", NULL},
        {".l[x]", NULL},
    };
    struct buf doc buf_auto = doc_of("{'a':{'b':1},'l':[10,20,30],'x.y':2,'o':[{'n':1,'v':'one'},{"
                                     "'n':2,'v':'two'}]}");
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        struct arena *memory = arena_new();
        const struct jsonpath *path;
        struct error err = {0};
        int rc = jsonpath_compile(memory, str_of(all[i].path), &path, &err);
        if ((rc == 0) != (all[i].want != NULL)) fail_msg("%s: %s", all[i].path, err.text);
        if (rc == 0 && strcmp(all[i].want, "...") != 0) {
            struct buf got buf_auto = BUF_INIT;
            struct mp first = jsonpath_first(path, doc_mp(&doc));
            if (first.type != MP_END) json_write(first, &got);
            for (char *p = got.data; p && *p; p++)
                if (*p == '"') *p = '\'';
            if (strcmp(got.data ? got.data : "", all[i].want) != 0)
                fail_msg("%s: got %s", all[i].path, got.data);
        }
        arena_free(memory);
    }
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
        cmocka_unit_test(identities_are_made_once_and_stay),
        cmocka_unit_test(a_definition_knows_its_names_and_subresources),
        cmocka_unit_test(versions_are_preferred_as_in_kubernetes),
        cmocka_unit_test(the_type_tree_says_how_to_merge),
        cmocka_unit_test(elements_are_told_apart_by_keys_that_have_defaults),
        cmocka_unit_test(what_cannot_be_served_is_no_definition),
        cmocka_unit_test(a_stored_object_is_shown_as_the_schema_says_today),
        cmocka_unit_test(a_status_of_before_does_not_show_twice),
        cmocka_unit_test(a_status_is_apart_only_where_it_is_written_apart),
        cmocka_unit_test(structure_takes_metadata_like_anybodys),
        cmocka_unit_test(cells_are_found_by_their_paths),
        cmocka_unit_test(json_paths),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
