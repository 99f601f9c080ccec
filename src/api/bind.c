/* POST pods/x/binding and POST bindings: an outside scheduler's placement. */
#include "api/write.h"

static void bind_answer(struct request *r, const struct result *result)
{
    if (result->http >= 400)
        reply_refusal(r, r->route.name, result);
    else
        reply_status(r, &(struct status){.code = 201});
}

static void bind_refuse(struct request *r, struct str name, const char *field, const char *reason,
                        const char *message)
{
    struct cause cause = {reason, (char *)field, (char *)message};
    reply_invalid_as(r, "", "Binding", name, &(struct causes){&cause, 1, 1});
}

void serve_bind(struct request *r)
{
    struct write_options options;
    buf_auto struct buf body = BUF_INIT;
    if (!write_options_parse(r, &options)) return;
    if (!write_body(r, type_by_name("core.v1.Binding"), false, &body)) return;
    struct mp doc = mp_read(body.data, body.len), target = mp_get(doc, "target");
    struct str name = r->route.name.p ? r->route.name : mp_str(mp_path(doc, "metadata.name"));
    struct str node = mp_str(mp_get(target, "name")), kind = mp_str(mp_get(target, "kind"));
    if (!write_check_place(r, doc)) return;
    if (!name.n) {
        bind_refuse(r, name, "metadata.name", "FieldValueRequired", "Required value");
    } else if (kind.n && !str_is(kind, "Node") && !str_is(kind, "Minion")) {
        bind_refuse(r, name, "target.kind", "FieldValueNotSupported",
                    "Unsupported value: supported values: \"Node\", \"<empty>\"");
    } else if (!node.n) {
        bind_refuse(r, name, "target.name", "FieldValueRequired", "Required value");
    } else {
        struct command *c = write_command(r, COMMAND_BIND, name, &options);
        struct str uid = mp_str(mp_path(doc, "metadata.uid"));
        c->node = istr_get(node);
        c->has_uid = uid.n && uid_parse(uid, &c->uid);
        request_command(r, c, bind_answer);
    }
}
