#include "api/delete_options.h"

#include "proto/json.h"

static bool options_refuse(struct request *r, const char *field, const char *why)
{
    bool unsupported = str_starts(str_of(why), "Unsupported value");
    struct cause cause = {unsupported ? "FieldValueNotSupported" : "FieldValueInvalid",
                          (char *)field, (char *)why};
    reply_invalid_as(r, "meta.k8s.io", "DeleteOptions", (struct str){0},
                     &(struct causes){&cause, 1, 1});
    return false;
}

static bool options_refuse_value(struct request *r, const char *field, const char *what,
                                 struct str value, const char *why)
{
    buf_auto struct buf message = BUF_INIT;
    buf_printf(&message, "%s: ", what);
    json_write_str(value, &message);
    buf_printf(&message, ": %s", why);
    return options_refuse(r, field, message.data);
}

static bool options_grace(struct request *r, struct mp body, struct delete_options *o)
{
    struct str param = http_param(r->x, "gracePeriodSeconds");
    struct mp given = mp_get(body, "gracePeriodSeconds");
    int64_t grace = -1;
    bool present = param.n || (given.type != MP_END && given.type != MP_NIL);
    if (param.n && !str_to_i64(param, &grace)) grace = -1;
    if (!param.n && present) grace = mp_i64(given, -1);
    if (present && (grace < 0 || grace > INT32_MAX))
        return options_refuse(r, "gracePeriodSeconds", "Invalid value: must be 0 or greater");
    o->grace_s = (int32_t)grace;
    return true;
}

static bool options_propagation(struct request *r, struct mp body, struct delete_options *o)
{
    static const struct {
        const char *name;
        enum propagation propagation;
    } names[] = {{"Background", PROPAGATION_BACKGROUND},
                 {"Foreground", PROPAGATION_FOREGROUND},
                 {"Orphan", PROPAGATION_ORPHAN}};
    struct str text = http_param(r->x, "propagationPolicy");
    if (!text.n) text = mp_str(mp_get(body, "propagationPolicy"));
    struct mp orphan = mp_get(body, "orphanDependents"); /* the old way to say it */
    if (orphan.type == MP_BOOL) {
        o->propagation = orphan.b ? PROPAGATION_ORPHAN : PROPAGATION_BACKGROUND;
        if (text.n)
            return options_refuse_value(r, "propagationPolicy", "Invalid value", text,
                                        "orphanDependents and deletionPropagation cannot be both "
                                        "set");
    }
    if (!text.n) return true;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_is(text, names[i].name)) {
            o->propagation = names[i].propagation;
            return true;
        }
    return options_refuse_value(r, "propagationPolicy", "Unsupported value", text,
                                "supported values: \"Foreground\", \"Background\", \"Orphan\", "
                                "\"nil\"");
}

static bool options_preconditions(struct request *r, struct mp body, struct delete_options *o)
{
    struct str uid = mp_str(mp_path(body, "preconditions.uid"));
    struct str version = mp_str(mp_path(body, "preconditions.resourceVersion"));
    if (version.n && !str_to_u64(version, &o->revision))
        return options_refuse(r, "preconditions.resourceVersion",
                              "Invalid value: must be a number");
    o->has_uid = uid.n > 0;
    /* A text that is no uid is the uid of nothing: all ones is never given out. */
    if (uid.n && !uid_parse(uid, &o->uid)) memset(&o->uid, 0xff, sizeof o->uid);
    return true;
}

bool delete_options_read(struct request *r, struct mp doc, struct delete_options *out)
{
    struct delete_options o = {.grace_s = -1};
    if (!write_options_parse(r, &o.write)) return false;
    for (struct mp_iter it = mp_items(mp_get(doc, "dryRun")); mp_iter_next(&it);) {
        if (!mp_is(it.value, "All"))
            return options_refuse_value(r, "dryRun", "Unsupported value", mp_str(it.value),
                                        "supported values: \"All\"");
        o.write.dry_run = true;
    }
    if (!options_grace(r, doc, &o) || !options_propagation(r, doc, &o) ||
        !options_preconditions(r, doc, &o))
        return false;
    *out = o;
    return true;
}

bool delete_options_parse(struct request *r, struct delete_options *out)
{
    buf_auto struct buf body = BUF_INIT;
    if (!write_body(r, type_by_name("apis.meta.v1.DeleteOptions"), true, &body)) return false;
    struct mp doc = mp_read(body.data, body.len);
    struct str kind = mp_str(mp_get(doc, "kind"));
    if (!kind.n || str_is(kind, "DeleteOptions")) return delete_options_read(r, doc, out);
    reply_error(r, 400, NULL, "the body of a deletion must be DeleteOptions, not %.*s", (int)kind.n,
                kind.p);
    return false;
}

struct command *delete_command(struct request *r, const struct delete_options *o, istr ns,
                               struct str name)
{
    struct command *c =
        command_new(COMMAND_DELETE, kind_identity(r->route.kind), ns, name, r->user);
    c->grace_s = o->grace_s;
    c->propagation = o->propagation;
    c->has_uid = o->has_uid;
    c->uid = o->uid;
    c->revision = o->revision;
    c->dry_run = o->write.dry_run;
    return c;
}
