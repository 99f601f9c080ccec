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
    buf_printf(json, "{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":\"%s\",\"metadata\":",
               encode_meta_version(e));
    render_metadata(o, json);
    buf_putc(json, '}');
}

static void encode_row(const struct encoder *e, const struct object *o, struct buf *json)
{
    buf_puts(json, "{\"cells\":");
    const struct kind *kind = e->version->kind;
    int64_t now_s = time(NULL); /* ages are told as of now */
    if (kind->custom)
        custom_put_cells(definition_of(kind), o, now_s, json);
    else
        table_put_cells(o, now_s, json);
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
        encode_row(e, open, json);
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

void encode_item(const struct encoder *e, struct object *o, bool first, struct buf *json)
{
    static void (*const by_form[])(const struct encoder *, const struct object *, struct buf *) = {
        [FORM_OBJECT] = encode_bare,
        [FORM_TABLE] = encode_row,
        [FORM_PARTIAL] = encode_partial,
    };
    if (!first) buf_putc(json, ',');
    struct object *open = seal_open(e->seal_key, o);
    by_form[e->form.kind](e, open, json);
    object_unref(open);
}

void encode_list_tail(struct buf *json)
{
    buf_puts(json, "]}");
}
