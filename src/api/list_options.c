/* The query of a list: selectors, page and moment. */
#include "api/list.h"

/* The rules for ?resourceVersion= and ?resourceVersionMatch=; a sentence when they are broken. */
static const char *list_parse_moment(struct request *r, struct listing *l)
{
    struct str text = http_param(r->x, "resourceVersion");
    struct str match = http_param(r->x, "resourceVersionMatch");
    if (text.n && !str_to_u64(text, &l->revision))
        return "resourceVersion: Invalid value: must be a number";
    if (match.n && !text.n)
        return "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless "
               "resourceVersion is provided";
    if (match.n && l->token.revision)
        return "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden when continue "
               "is provided";
    bool exact = str_is(match, "Exact");
    if (match.n && !exact && !str_is(match, "NotOlderThan"))
        return "resourceVersionMatch: Unsupported value: supported values: Exact, NotOlderThan, ";
    if (exact && !l->revision)
        return "resourceVersionMatch: Forbidden: resourceVersionMatch \"Exact\" is forbidden for "
               "resourceVersion \"0\"";
    l->moment = !text.n                ? LIST_NEWEST
                : exact                ? LIST_EXACT
                : l->revision == 0     ? LIST_ANY
                : !match.n && l->limit ? LIST_EXACT /* as it was before there was a match */
                                       : LIST_NOT_OLDER;
    return NULL;
}

bool list_parse(struct request *r, struct listing *l)
{
    struct str limit = http_param(r->x, "limit"), token = http_param(r->x, "continue");
    if (!filter_parse(r, &l->filter)) return false;
    if (limit.n && !str_to_u64(limit, &l->limit)) {
        reply_error(r, 400, NULL, "limit: Invalid value: must be a number that is not negative");
        return false;
    }
    if (token.n && !token_decode(token, &l->token_memory, &l->token)) {
        reply_error(r, 400, NULL, "continue key is not valid");
        return false;
    }
    const char *broken = list_parse_moment(r, l);
    if (broken) {
        reply_error(r, 422, "Invalid", "ListOptions.meta.k8s.io \"\" is invalid: %s", broken);
        return false;
    }
    return true;
}
