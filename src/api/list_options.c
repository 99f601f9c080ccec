/* The query of a list or a watch: selectors, page and moment. */
#include "api/list.h"

#define FORBIDDEN "resourceVersionMatch: Forbidden: "
#define SUPPORTED "resourceVersionMatch: Unsupported value: supported values: "

static bool list_invalid(struct request *r, const char *broken)
{
    reply_error(r, 422, "Invalid", "ListOptions.meta.k8s.io \"\" is invalid: %s", broken);
    return false;
}

/* The rules for ?resourceVersionMatch=; a sentence when they are broken. */
static const char *list_broken_match(struct request *r, const struct listing *l)
{
    struct str text = http_param(r->x, "resourceVersion");
    struct str match = http_param(r->x, "resourceVersionMatch");
    bool exact = str_is(match, "Exact");
    if (http_param(r->x, "sendInitialEvents").n)
        return "sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list";
    if (!match.n) return NULL;
    if (!text.n)
        return FORBIDDEN "resourceVersionMatch is forbidden unless resourceVersion is provided";
    if (l->token.revision)
        return FORBIDDEN "resourceVersionMatch is forbidden when continue is provided";
    if (!exact && !str_is(match, "NotOlderThan")) return SUPPORTED "Exact, NotOlderThan, ";
    if (exact && !l->revision)
        return FORBIDDEN "resourceVersionMatch \"Exact\" is forbidden for resourceVersion \"0\"";
    return NULL;
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
    const char *broken = list_broken_match(r, l);
    if (broken) return list_invalid(r, broken);
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
        return list_invalid(r, FORBIDDEN "sendInitialEvents requires setting resourceVersionMatch "
                                         "to NotOlderThan");
    if (all && !str_is(match, "NotOlderThan")) return list_invalid(r, SUPPORTED "NotOlderThan");
    if (!all && match.n)
        return list_invalid(r, FORBIDDEN "resourceVersionMatch is forbidden for watch unless "
                                         "sendInitialEvents is provided");
    return true;
}
