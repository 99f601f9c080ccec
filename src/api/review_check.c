/* What a question must say to be answered. */
#include "api/review.h"

struct complaint {
    const char *field, *message;
};

static struct complaint access_complaint(struct mp spec, bool of_somebody)
{
    bool resource = mp_get(spec, "resourceAttributes").type == MP_MAP;
    bool path = mp_get(spec, "nonResourceAttributes").type == MP_MAP;
    struct mp groups = mp_get(spec, "groups");
    if (groups.type == MP_END) groups = mp_get(spec, "group"); /* of the beta version */
    if (resource && path)
        return (struct complaint){"spec.nonResourceAttributes",
                                  "cannot be specified in combination with resourceAttributes"};
    if (!resource && !path)
        return (struct complaint){
            "spec.resourceAttributes",
            "exactly one of nonResourceAttributes or resourceAttributes must be specified"};
    if (of_somebody && !mp_str(mp_get(spec, "user")).n && !groups.count)
        return (struct complaint){"spec.user", "at least one of user or group must be specified"};
    return (struct complaint){NULL, NULL};
}

static struct complaint local_complaint(const struct request *r, struct mp spec)
{
    struct str ns = mp_str(mp_path(spec, "resourceAttributes.namespace"));
    if (mp_get(spec, "nonResourceAttributes").type == MP_MAP)
        return (struct complaint){"spec.nonResourceAttributes",
                                  "disallowed on this kind of request"};
    if (!str_eq(ns, r->route.ns))
        return (struct complaint){"spec.resourceAttributes.namespace",
                                  "must match metadata.namespace"};
    return access_complaint(spec, true);
}

static bool review_invalid(struct request *r, struct complaint c)
{
    buf_auto struct buf message = BUF_INIT;
    if (!c.field) return true;
    buf_printf(&message, "Invalid value: %s", c.message);
    struct cause cause = {"FieldValueInvalid", (char *)c.field, message.data};
    reply_invalid(r, (struct str){0}, &(struct causes){&cause, 1, 1});
    return false;
}

static bool review_lacks(struct request *r, struct str given, const char *message)
{
    if (!given.n) reply_error(r, 400, NULL, "%s", message);
    return !given.n;
}

bool review_check(struct request *r, struct mp doc)
{
    const char *kind = r->route.kind->kind;
    struct mp spec = mp_get(doc, "spec");
    if (!strcmp(kind, "TokenReview"))
        return !review_lacks(r, mp_str(mp_get(spec, "token")),
                             "token is required for TokenReview in authentication");
    if (!strcmp(kind, "SelfSubjectRulesReview"))
        return !review_lacks(r, mp_str(mp_get(spec, "namespace")), "no namespace on request");
    if (!strcmp(kind, "SelfSubjectAccessReview"))
        return review_invalid(r, access_complaint(spec, false));
    if (!strcmp(kind, "SubjectAccessReview"))
        return review_invalid(r, access_complaint(spec, true));
    if (!strcmp(kind, "LocalSubjectAccessReview"))
        return review_invalid(r, local_complaint(r, spec));
    return true;
}
