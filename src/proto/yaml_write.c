/* Documents as YAML that every reader, of 1.1 and 1.2, takes for the same. */
#include "proto/yaml_write.h"

#include "proto/json.h"
#include "proto/yaml_scalar.h"

#include <assert.h>
#include <yaml.h>

enum { INDENT = 2, NEVER_WRAP = -1 };

/* What libyaml refuses (it must be given UTF-8) is remembered, the rest is left out. */
struct writing {
    yaml_emitter_t emitter;
    bool failed;
};

static void writing_put(struct writing *w, yaml_event_t *event, int made)
{
    if (made && w->failed) yaml_event_delete(event);
    if (!made) w->failed = true;
    if (!w->failed) w->failed = !yaml_emitter_emit(&w->emitter, event);
}

/* Numbers, times and the words of some readers are text only in quotes. */
static bool text_is_plain(struct str text)
{
    buf_auto struct buf value = BUF_INIT;
    if (!text.n || strchr("0123456789+-.=<", text.p[0])) return false;
    return yaml_put_plain(text, &value) && mp_read(value.data, value.len).type == MP_STR;
}

static void write_scalar(struct writing *w, struct str text, yaml_scalar_style_t style)
{
    yaml_event_t event;
    yaml_char_t none[] = "", *bytes = text.n ? (yaml_char_t *)text.p : none;
    int made = yaml_scalar_event_initialize(&event, NULL, NULL, bytes, (int)text.n, 1, 1, style);
    writing_put(w, &event, made);
}

static void write_text(struct writing *w, struct str text, bool key)
{
    bool lines = !key && text.n && memchr(text.p, '\n', text.n);
    write_scalar(w, text,
                 lines                 ? YAML_LITERAL_SCALAR_STYLE
                 : text_is_plain(text) ? YAML_ANY_SCALAR_STYLE
                                       : YAML_DOUBLE_QUOTED_SCALAR_STYLE);
}

static void write_value(struct writing *w, struct mp v);

static void write_map(struct writing *w, struct mp map)
{
    yaml_event_t event;
    yaml_mapping_style_t style = map.count ? YAML_BLOCK_MAPPING_STYLE : YAML_FLOW_MAPPING_STYLE;
    writing_put(w, &event, yaml_mapping_start_event_initialize(&event, NULL, NULL, 1, style));
    for (struct mp_iter it = mp_items(map); mp_iter_next(&it);) {
        write_text(w, it.key, true);
        write_value(w, it.value);
    }
    writing_put(w, &event, yaml_mapping_end_event_initialize(&event));
}

static void write_list(struct writing *w, struct mp list)
{
    yaml_event_t event;
    yaml_sequence_style_t style = list.count ? YAML_BLOCK_SEQUENCE_STYLE : YAML_FLOW_SEQUENCE_STYLE;
    writing_put(w, &event, yaml_sequence_start_event_initialize(&event, NULL, NULL, 1, style));
    for (struct mp_iter it = mp_items(list); mp_iter_next(&it);) write_value(w, it.value);
    writing_put(w, &event, yaml_sequence_end_event_initialize(&event));
}

static void write_value(struct writing *w, struct mp v)
{
    buf_auto struct buf json = BUF_INIT;
    if (w->failed) return;
    if (v.type == MP_MAP) {
        write_map(w, v);
    } else if (v.type == MP_ARRAY) {
        write_list(w, v);
    } else if (v.type == MP_STR) {
        write_text(w, v.s, false);
    } else { /* null, booleans and numbers look as in JSON */
        json_write(v, &json);
        write_scalar(w, (struct str){json.data, json.len}, YAML_PLAIN_SCALAR_STYLE);
    }
}

static int writing_append(void *to, unsigned char *bytes, size_t n)
{
    buf_append(to, bytes, n);
    return 1;
}

int yaml_write(struct mp v, struct buf *out)
{
    struct writing w = {.failed = false};
    yaml_event_t event;
    size_t begin = out->len;
    int made = yaml_emitter_initialize(&w.emitter);
    assert(made); /* else there is no memory */
    (void)made;
    yaml_emitter_set_output(&w.emitter, writing_append, out);
    yaml_emitter_set_unicode(&w.emitter, 1);
    yaml_emitter_set_indent(&w.emitter, INDENT);
    yaml_emitter_set_width(&w.emitter, NEVER_WRAP);
    writing_put(&w, &event, yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING));
    writing_put(&w, &event, yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1));
    write_value(&w, v);
    writing_put(&w, &event, yaml_document_end_event_initialize(&event, 1));
    writing_put(&w, &event, yaml_stream_end_event_initialize(&event));
    yaml_emitter_delete(&w.emitter);
    if (!w.failed) return 0;
    out->len = begin;
    return E_INVALID;
}
