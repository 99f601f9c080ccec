#include "api/encode.h"

#include "api/edit.h"
#include "api/inner.h"
#include "api/render.h"
#include "api/seal.h"
#include "api/versions.h"
#include "proto/custom.h"
#include "proto/json.h"
#include "proto/table.h"

#include <inttypes.h>
#include <time.h>

struct encoder encoder_of(const struct api *a, const struct kind_version *version, struct form form)
{
    return (struct encoder){
        .version = version,
        .form = form,
        .seal_key = a->options.seal_key,
    };
}

static const char *encode_meta_version(const struct encoder *e)
{
    return e->form.beta ? "meta.k8s.io/v1beta1" : "meta.k8s.io/v1";
}

/* As its schema says today: what is stored may be older. */
static void encode_custom(const struct encoder *e, const struct object *o, struct buf *json)
{
    buf_auto struct buf doc = BUF_INIT;
    object_put_doc(o, e->version, &doc);
    json_write(mp_read(doc.data, doc.len), json);
}

/* In a version that looks different from what is stored. */
static void encode_converted(const struct encoder *e, const struct object *o, bool bare,
                             struct buf *json)
{
    static const struct edit untyped[] = {{"apiVersion", {0}}, {"kind", {0}}};
    buf_auto struct buf stored = BUF_INIT, shown = BUF_INIT, whole = BUF_INIT;
    object_put_doc(o, e->version, &stored);
    convert_from_stored(e->version, mp_read(stored.data, stored.len), &shown);
    edit_map(mp_read(shown.data, shown.len), untyped, bare ? 2 : 0, &whole);
    json_write(mp_read(whole.data, whole.len), json);
}

static void encode_whole(const struct encoder *e, const struct object *o, struct buf *json)
{
    if (e->version->kind->custom)
        encode_custom(e, o, json);
    else if (convert_needed(e->version))
        encode_converted(e, o, false, json);
    else
        render_object(o, e->version, false, json);
}

static void encode_partial(const struct encoder *e, const struct object *o, struct buf *json)
{
    buf_puts(json, "{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":\"");
    buf_puts(json, encode_meta_version(e));
    buf_puts(json, "\",\"metadata\":");
    render_metadata(o, json);
    buf_putc(json, '}');
}

static void encode_row(const struct encoder *e, struct table *t, const struct object *o,
                       struct buf *json)
{
    buf_puts(json, "{\"cells\":");
    const struct kind *kind = e->version->kind;
    if (kind->custom)
        custom_put_cells(definition_of(kind), o, t->now_s, json);
    else
        table_put_cells(t, o, json);
    buf_puts(json, ",\"object\":");
    if (e->form.include == INCLUDE_NONE)
        buf_puts(json, "null");
    else if (e->form.include == INCLUDE_OBJECT)
        encode_whole(e, o, json);
    else
        encode_partial(e, o, json);
    buf_putc(json, '}');
}

static void encode_table_head(const struct encoder *e, const struct list_head *head, bool columns,
                              struct buf *json);

void encode_object(const struct encoder *e, struct object *o, bool columns, struct buf *json)
{
    struct object *open = seal_open(e->seal_key, o);
    if (e->form.kind == FORM_OBJECT) {
        encode_whole(e, open, json);
    } else if (e->form.kind == FORM_PARTIAL) {
        encode_partial(e, open, json);
    } else {
        encode_table_head(e, &(struct list_head){o->revision, NULL, -1}, columns, json);
        encode_row(e, &(struct table){.now_s = time(NULL)}, open, json);
        encode_list_tail(json);
    }
    object_unref(open);
}

void encode_bookmark(const struct encoder *e, uint64_t revision, bool all_told, struct buf *json)
{
    if (e->form.kind == FORM_TABLE) {
        encode_table_head(e, &(struct list_head){revision, NULL, -1}, false, json);
        encode_list_tail(json);
        return;
    }
    bool whole = e->form.kind == FORM_OBJECT;
    buf_printf(json,
               "{\"kind\":\"%s\",\"apiVersion\":\"%s\",\"metadata\":{\"resourceVersion\":\"%" PRIu64
               "\",\"creationTimestamp\":null%s}}",
               whole ? e->version->kind->kind : "PartialObjectMetadata",
               whole ? e->version->api_version : encode_meta_version(e), revision,
               all_told ? ",\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}" : "");
}

static void encode_list_meta(const struct list_head *head, struct buf *json)
{
    buf_printf(json, "\"metadata\":{\"resourceVersion\":\"%" PRIu64 "\"", head->revision);
    if (head->next) buf_printf(json, ",\"continue\":\"%s\"", head->next);
    if (head->remaining >= 0) buf_printf(json, ",\"remainingItemCount\":%" PRId64, head->remaining);
    buf_puts(json, "}");
}

static void encode_table_head(const struct encoder *e, const struct list_head *head, bool columns,
                              struct buf *json)
{
    buf_printf(json, "{\"kind\":\"Table\",\"apiVersion\":\"%s\",", encode_meta_version(e));
    encode_list_meta(head, json);
    buf_puts(json, ",\"columnDefinitions\":");
    if (columns)
        table_put_columns(e->version->kind, json);
    else
        buf_puts(json, "null");
    buf_puts(json, ",\"rows\":[");
}

void encode_list_head(const struct encoder *e, const struct list_head *head, struct buf *json)
{
    if (e->form.kind == FORM_TABLE) {
        encode_table_head(e, head, true, json);
        return;
    }
    if (e->form.kind == FORM_PARTIAL)
        buf_printf(json, "{\"kind\":\"PartialObjectMetadataList\",\"apiVersion\":\"%s\",",
                   encode_meta_version(e));
    else if (e->version->kind->custom)
        buf_printf(json, "{\"kind\":\"%s\",\"apiVersion\":\"%s\",",
                   definition_of(e->version->kind)->list_kind, e->version->api_version);
    else
        buf_printf(json, "{\"kind\":\"%sList\",\"apiVersion\":\"%s\",", e->version->kind->kind,
                   e->version->api_version);
    encode_list_meta(head, json);
    buf_puts(json, ",\"items\":[");
}

/* The items of a plain list do not repeat what the list says of them: apiVersion and kind. Custom
 * ones do, as in Kubernetes. */
static void encode_bare(const struct encoder *e, const struct object *o, struct buf *json)
{
    if (e->version->kind->custom)
        encode_custom(e, o, json);
    else if (convert_needed(e->version))
        encode_converted(e, o, true, json);
    else
        render_object(o, e->version, true, json);
}

static void encode_item(const struct encoder *e, struct table *t, struct object *o,
                        struct buf *json)
{
    struct object *open = seal_open(e->seal_key, o);
    if (e->form.kind == FORM_OBJECT)
        encode_bare(e, open, json);
    else if (e->form.kind == FORM_PARTIAL)
        encode_partial(e, open, json);
    else
        encode_row(e, t, open, json);
    object_unref(open);
}

/* Objects lie scattered in memory: what later ones need is fetched while this one is written. A
 * macro of sorts: the compiler takes a function that only fetches for one that does nothing. */
static inline __attribute__((always_inline)) void encode_look_ahead(struct object *const *objects,
                                                                    size_t left)
{
    enum { OBJECT = 16, PARTS = 8 };
    if (left <= OBJECT) return;
    const struct object *far = objects[OBJECT], *near = objects[PARTS];
    __builtin_prefetch(far);
    __builtin_prefetch(&far->digest);
    __builtin_prefetch(near->id);
    __builtin_prefetch(near->id->name);
    __builtin_prefetch(near->node);
    __builtin_prefetch(near->status);
    if (near->status) __builtin_prefetch((const char *)near->status + 64);
}

size_t encode_items(const struct encoder *e, struct object *const *objects, size_t at, size_t count,
                    size_t enough, struct buf *json)
{
    struct table table = {.now_s = time(NULL)}; /* ages are told as of now */
    for (; at < count && json->len < enough; at++) {
        encode_look_ahead(objects + at, count - at);
        if (at) buf_putc(json, ',');
        encode_item(e, &table, objects[at], json);
    }
    return at;
}

void encode_list_tail(struct buf *json)
{
    buf_puts(json, "]}");
}
