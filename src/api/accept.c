#include "api/accept.h"

#include <strings.h>

static struct str accept_trim(struct str s)
{
    while (s.n && (s.p[0] == ' ' || s.p[0] == '\t')) s.p++, s.n--;
    while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t')) s.n--;
    return s;
}

static bool accept_same(struct str a, const char *z)
{
    return a.n == strlen(z) && strncasecmp(a.p, z, a.n) == 0;
}

bool media_next(struct str *rest, struct media *out)
{
    struct str range;
    while (str_split(rest, ',', &range)) {
        range = accept_trim(range);
        if (range.n == 0) continue;
        const char *cut = memchr(range.p, ';', range.n);
        size_t n = cut ? (size_t)(cut - range.p) : range.n;
        out->type = accept_trim((struct str){range.p, n});
        out->params = (struct str){range.p + n, range.n - n};
        return true;
    }
    return false;
}

struct str media_param(const struct media *m, const char *name)
{
    struct str rest = m->params, pair, key;
    while (str_split(&rest, ';', &pair)) {
        if (!str_split(&pair, '=', &key) || !accept_same(accept_trim(key), name)) continue;
        struct str value = accept_trim(pair);
        if (value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"')
            value = (struct str){value.p + 1, value.n - 2};
        return value;
    }
    return (struct str){0};
}

static bool accept_is_json(const struct media *m)
{
    return accept_same(m->type, "application/json") || accept_same(m->type, "application/*") ||
           accept_same(m->type, "*/*");
}

static bool accept_refused(const struct media *m)
{
    struct str q = media_param(m, "q");
    return q.n && (str_is(q, "0") || str_starts(q, "0.000") || str_is(q, "0.0"));
}

static bool accept_transform(const struct media *m, struct form *out)
{
    struct str as = media_param(m, "as");
    if (!as.p) {
        *out = (struct form){.kind = FORM_OBJECT};
        return true;
    }
    struct str version = media_param(m, "v");
    bool beta = str_is(version, "v1beta1");
    if (!str_is(media_param(m, "g"), "meta.k8s.io") || (!beta && !str_is(version, "v1")))
        return false;
    if (str_is(as, "Table"))
        *out = (struct form){.kind = FORM_TABLE, .beta = beta};
    else if (str_starts(as, "PartialObjectMetadata"))
        *out = (struct form){.kind = FORM_PARTIAL, .beta = beta};
    else
        return false;
    return true;
}

static bool accept_choose(struct str accept, struct str include_object, bool takes_yaml,
                          struct form *out)
{
    struct form form = {.kind = FORM_OBJECT};
    struct media m;
    bool found = accept_trim(accept).n == 0, yaml = false;
    while (!found && media_next(&accept, &m)) {
        yaml = takes_yaml && accept_same(m.type, "application/yaml");
        found = (yaml || accept_is_json(&m)) && !accept_refused(&m) && accept_transform(&m, &form);
    }
    if (!found) return false;
    form.yaml = yaml;
    if (form.kind == FORM_TABLE && str_is(include_object, "None")) form.include = INCLUDE_NONE;
    if (form.kind == FORM_TABLE && str_is(include_object, "Object")) form.include = INCLUDE_OBJECT;
    *out = form;
    return true;
}

bool accept_form(struct str accept, struct str include_object, struct form *out)
{
    return accept_choose(accept, include_object, true, out);
}

bool accept_stream(struct str accept, struct str include_object, struct form *out)
{
    return accept_choose(accept, include_object, false, out);
}

bool accept_plain(struct str accept)
{
    struct media m;
    if (accept_trim(accept).n == 0) return true;
    while (media_next(&accept, &m))
        if ((accept_is_json(&m) || accept_same(m.type, "application/yaml")) &&
            !accept_refused(&m) && !media_param(&m, "as").p)
            return true;
    return false;
}

unsigned form_id(struct form f)
{
    return (f.kind * 3u + f.include) * 2u + f.beta;
}

const char *form_content_type(struct form f)
{
    static const char *const types[][2] = {
        [FORM_OBJECT] = {"application/json", "application/json"},
        [FORM_TABLE] = {"application/json;as=Table;v=v1;g=meta.k8s.io",
                        "application/json;as=Table;v=v1beta1;g=meta.k8s.io"},
        [FORM_PARTIAL] = {"application/json", "application/json"},
    };
    return types[f.kind][f.beta];
}

const char *accept_aggregated(struct str accept)
{
    struct media m;
    while (media_next(&accept, &m)) {
        if (!accept_is_json(&m)) continue;
        struct str as = media_param(&m, "as");
        if (!as.p) return NULL; /* plain JSON is preferred to what follows */
        if (!str_is(as, "APIGroupDiscoveryList")) continue;
        if (!str_is(media_param(&m, "g"), "apidiscovery.k8s.io")) continue;
        if (str_is(media_param(&m, "v"), "v2")) return "v2";
        if (str_is(media_param(&m, "v"), "v2beta1")) return "v2beta1";
    }
    return NULL;
}
