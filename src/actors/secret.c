/* Secrets and config maps: what was declared immutable stays as it is. */
#include "actors/deciding.h"

static const char *const frozen[] = {"data", "stringData", "binaryData"};

static bool secret_may_change(const struct actor *a, const struct command *c, struct decision *out)
{
    struct mp old = doc_root(a->object->body), new = doc_root(c->body);
    bool immutable = mp_bool(mp_get(old, "immutable"), false);
    if (immutable && !mp_bool(mp_get(new, "immutable"), false)) {
        deciding_invalid(out, a,
                         "immutable: Forbidden: field is immutable when `immutable` is set");
        return false;
    }
    for (unsigned i = 0; immutable && i < sizeof frozen / sizeof *frozen; i++) {
        struct mp before = mp_get(old, frozen[i]), after = mp_get(new, frozen[i]);
        if ((before.type == MP_END && after.type == MP_END) || mp_same(before, after)) continue;
        deciding_invalid(out, a, "%s: Forbidden: field is immutable when `immutable` is set",
                         frozen[i]);
        return false;
    }
    return true;
}

static void secret_decide(struct world *w, const struct actor *a, const struct command *c,
                          int64_t now_ms, struct decision *out)
{
    if (c->op == COMMAND_UPDATE && c->body) {
        if (!deciding_exists(a, c, out) || !secret_may_change(a, c, out)) return;
    }
    object_decide(w, a, c, now_ms, out);
}

const struct behavior behavior_secret = {secret_decide, object_fold};
