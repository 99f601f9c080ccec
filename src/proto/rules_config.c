/* Secrets and configmaps. */
#include "proto/checker.h"

#include "base/mem.h"
#include "proto/base64.h"
#include "proto/json.h"

enum { CONFIG_BYTES_MAX = 1024 * 1024 };

static size_t config_bytes(struct mp map, bool base64)
{
    size_t total = 0;
    for (struct mp_iter it = mp_items(map); mp_iter_next(&it);) {
        struct str text = mp_str(it.value);
        size_t padding = 0;
        while (base64 && padding < 2 && padding < text.n && text.p[text.n - 1 - padding] == '=')
            padding++;
        total += base64 ? text.n / 4 * 3 - padding : text.n;
    }
    return total;
}

static void config_keys(struct checker *c, const char *field, struct mp map, struct mp other)
{
    for (struct mp_iter it = mp_items(map); mp_iter_next(&it);) {
        mem_auto char *at = mem_printf("%s[%.*s]", field, (int)it.key.n, it.key.n ? it.key.p : "");
        const char *wrong = name_check_config_key(it.key);
        if (wrong) check_invalid_str(c, at, it.key, wrong);
        if (mp_get_str(other, it.key).type != MP_END)
            check_add(c, "FieldValueInvalid", at,
                      "Invalid value: %s: duplicate of key present in %s", check_quote(c, it.key),
                      "binaryData");
    }
}

/* Once `immutable` is true, neither it nor the data can change. */
static void config_frozen(struct checker *c, const struct check_scope *at)
{
    static const char *const frozen[] = {"data", "binaryData"};
#define FROZEN_RULE "field is immutable when `immutable` is set"
    if (!check_is_update(c) || !mp_bool(mp_get(at->old, "immutable"), false)) return;
    if (!mp_bool(check_get(at, "immutable"), false)) check_forbidden(c, "immutable", FROZEN_RULE);
    for (size_t i = 0; i < sizeof frozen / sizeof *frozen; i++) {
        struct mp now = mp_get(at->object, frozen[i]), old = mp_get(at->old, frozen[i]);
        if (check_empty(now) && check_empty(old)) continue;
        if (!mp_same(now, old)) check_forbidden(c, frozen[i], FROZEN_RULE);
    }
}

check_fn check_configmap;
void check_configmap(struct checker *c, const struct check_scope *at)
{
    struct mp data = check_get(at, "data"), binary = check_get(at, "binaryData");
    config_keys(c, "data", data, binary);
    config_keys(c, "binaryData", binary, (struct mp){0});
    if (config_bytes(data, false) + config_bytes(binary, true) > CONFIG_BYTES_MAX)
        check_add(c, "FieldValueTooLong", "[]", "Too long: must have at most %d bytes",
                  CONFIG_BYTES_MAX);
    config_frozen(c, at);
}

/* Keys that a type of secret must have; `any`: one of the two is enough. */
static const struct secret_type {
    const char *type, *keys[2];
    bool any, json;
} secret_types[] = {
    {"kubernetes.io/dockercfg", {".dockercfg"}, false, true},
    {"kubernetes.io/dockerconfigjson", {".dockerconfigjson"}, false, true},
    {"kubernetes.io/basic-auth", {"username", "password"}, true, false},
    {"kubernetes.io/ssh-auth", {"ssh-privatekey"}, false, false},
    {"kubernetes.io/tls", {"tls.crt", "tls.key"}, false, false},
};

static void secret_json(struct checker *c, const char *at, struct mp value)
{
    struct buf text buf_auto = BUF_INIT, doc buf_auto = BUF_INIT;
    struct error err;
    if (!base64_decode(mp_str(value), &text)) return; /* admit_structure has told */
    if (json_parse(text.data, text.len, &doc, &err))
        check_add(c, "FieldValueInvalid", at, "Invalid value: \"<secret contents redacted>\": %s",
                  err.text);
}

static void secret_keys(struct checker *c, const struct secret_type *t, struct mp data)
{
    bool has[2];
    for (int i = 0; i < 2; i++) has[i] = t->keys[i] && mp_get(data, t->keys[i]).type != MP_END;
    for (int i = 0; i < 2 && t->keys[i]; i++) {
        mem_auto char *at = mem_printf("data[%s]", t->keys[i]);
        if (!has[i] && !(t->any && has[!i])) check_required(c, at, NULL);
        if (has[i] && t->json) secret_json(c, at, mp_get(data, t->keys[i]));
    }
}

check_fn check_secret;
void check_secret(struct checker *c, const struct check_scope *at)
{
    struct mp data = check_get(at, "data"), type = check_get(at, "type");
    config_keys(c, "data", data, (struct mp){0});
    if (config_bytes(data, true) > CONFIG_BYTES_MAX)
        check_add(c, "FieldValueTooLong", "data", "Too long: must have at most %d bytes",
                  CONFIG_BYTES_MAX);
    for (size_t i = 0; i < sizeof secret_types / sizeof *secret_types; i++)
        if (mp_is(type, secret_types[i].type)) secret_keys(c, &secret_types[i], data);
    struct mp annotations = mp_path(at->object, "metadata.annotations");
    if (mp_is(type, "kubernetes.io/service-account-token") &&
        check_empty(mp_get(annotations, "kubernetes.io/service-account.name")))
        check_required(c, "metadata.annotations[kubernetes.io/service-account.name]", NULL);
    config_frozen(c, at);
}
