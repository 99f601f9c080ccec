#include "api/write.h"

#include "api/versions.h"
#include "proto/custom.h"
#include "proto/json.h"
#include "proto/protobuf.h"
#include "proto/strategy.h"
#include "proto/yaml.h"

static void write_refuse_param(struct request *r, const char *field, struct str value,
                               const char *supported)
{
    buf_auto struct buf message = BUF_INIT;
    buf_puts(&message, "Unsupported value: ");
    json_write_str(value, &message);
    buf_printf(&message, ": supported values: %s", supported);
    struct cause cause = {"FieldValueNotSupported", (char *)field, message.data};
    reply_invalid_options(r, &(struct causes){&cause, 1, 1});
}

bool write_options_parse(struct request *r, struct write_options *out)
{
    struct write_options o = {.dry_run = false};
    struct str dry_run, fields = http_param(r->x, "fieldValidation");
    for (unsigned i = 0; (dry_run = http_param_at(r->x, "dryRun", i)).p; i++) {
        if (dry_run.n && !str_is(dry_run, "All")) {
            write_refuse_param(r, "dryRun", dry_run, "\"All\"");
            return false;
        }
        if (dry_run.n) o.dry_run = true;
    }
    if (str_is(fields, "Ignore"))
        o.unknown_fields = FIELDS_IGNORE;
    else if (str_is(fields, "Strict"))
        o.unknown_fields = FIELDS_STRICT;
    else if (fields.n && !str_is(fields, "Warn")) {
        write_refuse_param(r, "fieldValidation", fields, "\"Ignore\", \"Strict\", \"Warn\"");
        return false;
    }
    *out = o;
    return true;
}

static int write_decode(struct request *r, struct str body, const struct type *type,
                        struct buf *out, struct error *err)
{
    struct str header = http_header(r->x, "Content-Type");
    struct media media = {STR("application/json"), {0}}; /* some clients do not say */
    media_next(&header, &media);
    if (str_is(media.type, "application/json")) return json_parse(body.p, body.n, out, err);
    /* The fields of custom kinds have no numbers. */
    bool numbered = !r->route.kind->custom || type != r->route.served->type;
    if (numbered && str_is(media.type, "application/vnd.kubernetes.protobuf"))
        return protobuf_decode(body, type, out, err);
    if (str_is(media.type, "application/yaml")) return yaml_parse(body.p, body.n, out, err);
    return error_set(err, E_UNSUPPORTED,
                     "the body of the request was in an unknown format - accepted media types "
                     "include: application/json, application/yaml%s",
                     numbered ? ", application/vnd.kubernetes.protobuf" : "");
}

bool write_body(struct request *r, const struct type *type, bool may_be_empty, struct buf *out)
{
    struct error err = {0};
    struct str body = http_body(r->x);
    if (body.n == 0 && may_be_empty) return true;
    int rc = write_decode(r, body, type, out, &err);
    if (rc == 0 && mp_read(out->data, out->len).type == MP_MAP) return true;
    if (rc == E_UNSUPPORTED)
        reply_error(r, 415, NULL, "%s", err.text);
    else if (rc == E_TOOBIG)
        reply_error(r, 413, NULL, "%s", err.text);
    else if (rc)
        reply_error(r, 400, NULL,
                    "the object provided is unrecognized (must be of type %s): couldn't get "
                    "version/kind; json parse error: %s",
                    r->route.kind->kind, err.text);
    else
        reply_error(r, 400, NULL, "the object provided is unrecognized (must be of type %s)",
                    r->route.kind->kind);
    return false;
}

bool write_check_kind(struct request *r, struct mp doc)
{
    struct str version = mp_str(mp_get(doc, "apiVersion")), kind = mp_str(mp_get(doc, "kind"));
    const struct kind_version *served = r->route.served;
    if (kind.n && !str_is(kind, served->kind->kind)) {
        reply_error(r, 400, NULL, "%.*s in version \"%.*s\" cannot be handled as a %s", (int)kind.n,
                    kind.p, (int)version.n, version.p ? version.p : "", served->kind->kind);
        return false;
    }
    if (version.n && !str_is(version, served->api_version)) {
        reply_error(r, 400, NULL,
                    "the API version in the data (%.*s) does not match the expected API version "
                    "(%s)",
                    (int)version.n, version.p, served->api_version);
        return false;
    }
    return true;
}

bool write_check_place(struct request *r, struct mp doc)
{
    struct str name = mp_str(mp_path(doc, "metadata.name"));
    struct str ns = mp_str(mp_path(doc, "metadata.namespace"));
    if (r->route.name.p && !name.n && str_is(http_method(r->x), "PUT")) {
        reply_error(r, 400, NULL,
                    "the name of the object (%.*s based on URL) was undeterminable: name must be "
                    "provided",
                    (int)r->route.name.n, r->route.name.p);
        return false;
    }
    if (r->route.name.p && name.n && !str_eq(name, r->route.name)) {
        reply_error(r, 400, NULL,
                    "the name of the object (%.*s) does not match the name on the URL (%.*s)",
                    (int)name.n, name.p, (int)r->route.name.n, r->route.name.p);
        return false;
    }
    if (!ns.n || !r->route.kind->namespaced || str_eq(ns, r->route.ns)) return true;
    if (r->route.name.p)
        reply_error(
            r, 400, NULL,
            "the namespace of the object (%.*s) does not match the namespace on the request "
            "(%.*s)",
            (int)ns.n, ns.p, (int)r->route.ns.n, r->route.ns.p);
    else
        reply_error(r, 400, NULL,
                    "the namespace of the provided object does not match the namespace sent on "
                    "the request");
    return false;
}

/* What clients sent is shown up to a length: cut between characters. */
static struct str write_cut(struct str s, size_t most)
{
    if (s.n <= most) return s;
    while (most && (s.p[most] & 0xc0) == 0x80) most--;
    return (struct str){s.p, most};
}

static bool write_report_unknown(struct request *r, enum strictness how,
                                 const struct causes *unknown)
{
    if (how == FIELDS_STRICT && unknown->count) {
        buf_auto struct buf message = BUF_INIT;
        for (size_t i = 0; i < unknown->count; i++)
            buf_printf(&message, "%sunknown field \"%s\"", i ? ", " : "", unknown->items[i].field);
        reply_error(r, 400, NULL,
                    "%s in version \"%s\" cannot be handled as a %s: strict decoding error: %s",
                    r->route.kind->kind, r->route.served->version, r->route.kind->kind,
                    message.data);
        return false;
    }
    for (size_t i = 0; i < unknown->count && how == FIELDS_WARN && i < 16; i++) {
        buf_auto struct buf quoted = BUF_INIT;
        struct str field = write_cut(str_of(unknown->items[i].field), 200);
        buf_printf(&quoted, "unknown field \"%.*s\"", (int)field.n, field.p);
        buf_puts(&r->headers, "Warning: 299 - ");
        json_write_str((struct str){quoted.data, quoted.len}, &r->headers);
        buf_puts(&r->headers, "\r\n");
    }
    return true;
}

/* Kubernetes blames a patch for what it leaves, and the body for what it says. */
static void write_refuse_structure(struct request *r, bool patched, const char *why)
{
    enum { SHOWN_MAX = 1000 };
    const struct kind_version *served = r->route.served;
    if (!patched) {
        reply_error(r, 400, NULL, "%s in version \"%s\" cannot be handled as a %s: %s",
                    served->kind->kind, served->version, served->kind->kind, why);
        return;
    }
    buf_auto struct buf message = BUF_INIT;
    struct str body = http_body(r->x);
    buf_puts(&message, "Invalid value: ");
    json_write_str(write_cut(body, SHOWN_MAX), &message);
    buf_printf(&message, ": %s", why);
    struct cause cause = {"FieldValueInvalid", (char *)"patch", message.data};
    reply_invalid_as(r, "", "", (struct str){0}, &(struct causes){&cause, 1, 1});
}

bool write_structure(struct request *r, const struct write_options *o, struct mp doc,
                     struct buf *out)
{
    struct causes unknown = {0};
    struct error err = {0};
    const struct kind *kind = r->route.kind;
    int rc = kind->custom ? custom_structure(definition_of(kind), doc, out, &unknown, &err)
                          : admit_structure(r->route.served->type, doc, out, &unknown, &err);
    bool good = rc == 0;
    if (rc)
        write_refuse_structure(r, o->patched, err.text);
    else
        good = write_report_unknown(r, o->unknown_fields, &unknown);
    causes_free(&unknown);
    return good;
}

bool write_validate(struct request *r, struct mp doc, struct mp old)
{
    struct causes causes = {0};
    const char *sub = r->route.sub ? r->route.sub->name : NULL;
    /* Scale and finalize change the object itself. */
    if (sub && strcmp(sub, "approval") == 0) sub = "status";
    if (sub && strcmp(sub, "status") != 0) sub = NULL;
    admit_validate(r->route.kind, doc, old, sub, &causes);
    bool good = causes.count == 0;
    version_rename(r->route.served, &causes);
    if (!good) reply_invalid(r, mp_str(mp_path(doc, "metadata.name")), &causes);
    causes_free(&causes);
    return good;
}

bool write_admit(struct request *r, struct mp doc, struct mp old, struct buf *out)
{
    buf_auto struct buf other = BUF_INIT;
    admit_defaults(r->route.kind, doc, out);
    if (strategy_apply(r->route.kind, mp_whole(out->data, out->len), old, &other)) {
        struct buf defaulted = *out;
        *out = other;
        other = defaulted;
    }
    return write_validate(r, mp_whole(out->data, out->len), old);
}

struct command *write_command(struct request *r, enum command_op op, struct str name,
                              const struct write_options *o)
{
    istr ns = r->route.ns.p ? istr_get(r->route.ns) : NULL;
    struct command *c = command_new(op, kind_identity(r->route.kind), ns, name, r->user);
    c->grace_s = -1;
    c->dry_run = o->dry_run;
    return c;
}
