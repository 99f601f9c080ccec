#include "proto/openapi_spec.h"

#include <assert.h>

static void spec_count(struct spec *s)
{
    if (s->depth)
        s->open[s->depth - 1].count++;
    else
        s->entries++;
}

/* Elements of a list are counted where they are put, pairs of a map at their key. */
static void spec_element(struct spec *s)
{
    if (s->depth && !s->open[s->depth - 1].map) spec_count(s);
}

void spec_key_str(struct spec *s, struct str key)
{
    assert(s->depth == 0 || s->open[s->depth - 1].map);
    spec_count(s);
    mp_put_str(s->out, key);
}

void spec_key(struct spec *s, const char *key)
{
    spec_key_str(s, str_of(key));
}

static void spec_begin(struct spec *s, bool map)
{
    assert(s->depth < SPEC_DEPTH_MAX);
    spec_element(s);
    s->open[s->depth++] = (struct spec_open){.mark = mp_begin(s->out), .map = map};
}

void spec_map(struct spec *s)
{
    spec_begin(s, true);
}

void spec_list(struct spec *s)
{
    spec_begin(s, false);
}

void spec_end(struct spec *s)
{
    assert(s->depth);
    const struct spec_open *o = &s->open[--s->depth];
    if (o->map)
        mp_end_map(s->out, o->mark, o->count);
    else
        mp_end_array(s->out, o->mark, o->count);
}

void spec_text(struct spec *s, const char *text)
{
    spec_element(s);
    mp_put_z(s->out, text);
}

void spec_bool(struct spec *s, bool value)
{
    spec_element(s);
    mp_put_bool(s->out, value);
}

void spec_value(struct spec *s, struct mp value)
{
    spec_element(s);
    mp_put(s->out, value);
}

void spec_put(struct spec *s, const char *key, const char *text)
{
    spec_key(s, key);
    spec_text(s, text);
}

void spec_put_bool(struct spec *s, const char *key, bool value)
{
    spec_key(s, key);
    spec_bool(s, value);
}

void spec_put_texts(struct spec *s, const char *key, const char *const *texts)
{
    spec_key(s, key);
    spec_list(s);
    for (; *texts; texts++) spec_text(s, *texts);
    spec_end(s);
}

void spec_put_ref(struct spec *s, const char *name)
{
    buf_auto struct buf ref = BUF_INIT;
    buf_puts(&ref, s->v3 ? "#/components/schemas/" : "#/definitions/");
    buf_puts(&ref, name);
    spec_put(s, "$ref", ref.data);
}

void openapi_type_name(const char *type, struct buf *out)
{
    static const struct {
        const char *begin, *package;
    } packages[] = {
        {"apis.", "io.k8s.apimachinery.pkg."},
        {"api.", "io.k8s.apimachinery.pkg."},
        {"util.", "io.k8s.apimachinery.pkg."},
        {"runtime.", "io.k8s.apimachinery.pkg."},
        {"version.", "io.k8s.apimachinery.pkg."},
        {"internal.", "io.k8s.api.apiserver"},
        {"apiextensions.", "io.k8s.apiextensions-apiserver.pkg.apis."},
        {"apiregistration.", "io.k8s.kube-aggregator.pkg.apis."},
        {"", "io.k8s.api."},
    };
    size_t i = 0;
    while (!str_starts(str_of(type), packages[i].begin)) i++;
    buf_puts(out, packages[i].package);
    buf_puts(out, type);
}

void openapi_custom_name(const char *group, const char *version, const char *kind, struct buf *out)
{
    for (const char *end = group + strlen(group); end > group;) {
        const char *begin = end;
        while (begin > group && begin[-1] != '.') begin--;
        buf_append(out, begin, (size_t)(end - begin));
        buf_putc(out, '.');
        end = begin > group ? begin - 1 : group;
    }
    buf_printf(out, "%s.%s", version, kind);
}
