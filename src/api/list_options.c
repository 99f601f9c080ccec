/* The query of a list or a watch: selectors, page and moment. */
#include "api/list.h"
#include "proto/json.h"

static bool list_invalid(struct request *r, const char *field, const char *reason,
                         const char *message)
{
    struct cause cause = {reason, (char *)field, (char *)message};
    reply_invalid_as(r, "meta.k8s.io", "ListOptions", (struct str){0},
                     &(struct causes){&cause, 1, 1});
    return false;
}

static bool list_forbids(struct request *r, const char *message)
{
    return list_invalid(r, "resourceVersionMatch", "FieldValueForbidden", message);
}

static bool list_refuse_match(struct request *r, struct str match, const char *supported)
{
    buf_auto struct buf message = BUF_INIT;
    buf_puts(&message, "Unsupported value: ");
    json_write_str(match, &message);
    buf_printf(&message, ": supported values: %s", supported);
    return list_invalid(r, "resourceVersionMatch", "FieldValueNotSupported", message.data);
}

/* The rules for ?resourceVersionMatch=. */
static bool list_check_match(struct request *r, const struct listing *l)
{
    struct str text = http_param(r->x, "resourceVersion");
    struct str match = http_param(r->x, "resourceVersionMatch");
    bool exact = str_is(match, "Exact");
    if (http_param(r->x, "sendInitialEvents").n)
        return list_invalid(r, "sendInitialEvents", "FieldValueForbidden",
                            "Forbidden: sendInitialEvents is forbidden for list");
    if (!match.n) return true;
    if (!text.n)
        return list_forbids(r, "Forbidden: resourceVersionMatch is forbidden unless "
                               "resourceVersion is provided");
    if (l->token.revision)
        return list_forbids(r, "Forbidden: resourceVersionMatch is forbidden when continue is "
                               "provided");
    if (!exact && !str_is(match, "NotOlderThan"))
        return list_refuse_match(r, match, "\"Exact\", \"NotOlderThan\", \"\"");
    if (exact && !l->revision)
        return list_forbids(r, "Forbidden: resourceVersionMatch \"exact\" is forbidden for "
                               "resourceVersion \"0\"");
    return true;
}

static enum list_moment list_moment(struct request *r, const struct listing *l)
{
    struct str match = http_param(r->x, "resourceVersionMatch");
    if (!http_param(r->x, "resourceVersion").n) return LIST_NEWEST;
    if (str_is(match, "Exact")) return LIST_EXACT;
    if (l->revision == 0) return LIST_ANY;
    /* Before there was a match, pages were of the very revision. */
    return !match.n && l->limit ? LIST_EXACT : LIST_NOT_OLDER;
}

static bool list_parse_page(struct request *r, struct listing *l)
{
    struct str limit = http_param(r->x, "limit"), token = http_param(r->x, "continue");
    int64_t wanted = 0;
    if (limit.n && !str_to_i64(limit, &wanted)) {
        reply_error(r, 400, NULL, "limit: Invalid value: must be a number");
        return false;
    }
    l->limit = wanted > 0 ? (uint64_t)wanted : 0; /* none is unlimited, as in Kubernetes */
    if (token.n && !token_decode(token, &l->token_memory, &l->token)) {
        reply_error(r, 400, NULL, "continue key is not valid");
        return false;
    }
    return true;
}

bool list_parse(struct request *r, struct listing *l)
{
    struct str text = http_param(r->x, "resourceVersion");
    if (!filter_parse(r, &l->filter) || !list_parse_page(r, l)) return false;
    if (text.n && !str_to_u64(text, &l->revision)) {
        reply_error(r, 400, NULL, "resourceVersion: Invalid value: \"%.*s\": must be a number",
                    (int)text.n, text.p);
        return false;
    }
    if (!list_check_match(r, l)) return false;
    if (l->token.revision && l->revision) {
        reply_error(r, 400, NULL, "specifying resource version is not allowed when using continue");
        return false;
    }
    l->moment = list_moment(r, l);
    return true;
}

bool list_check_watch(struct request *r)
{
    struct str match = http_param(r->x, "resourceVersionMatch");
    bool all = http_param(r->x, "sendInitialEvents").n > 0;
    if (all && !match.n)
        return list_forbids(r, "Forbidden: sendInitialEvents requires setting "
                               "resourceVersionMatch to NotOlderThan");
    if (all && !str_is(match, "NotOlderThan"))
        return list_refuse_match(r, match, "\"NotOlderThan\"");
    if (!all && match.n)
        return list_forbids(r, "Forbidden: resourceVersionMatch is forbidden for watch unless "
                               "sendInitialEvents is provided");
    return true;
}
