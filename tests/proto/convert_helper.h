/* For tests of conversions: from a version's form to the stored one, and back. */
#ifndef TESTS_PROTO_CONVERT_HELPER_H
#define TESTS_PROTO_CONVERT_HELPER_H

#include "proto/admit_helper.h"
#include "proto/convert.h"

static inline const struct kind_version *version_of(const char *api_version, const char *kind)
{
    const struct kind_version *v = NULL;
    if (!kind_by_gvk(str_of(api_version), str_of(kind), &v))
        fail_msg("no %s %s", api_version, kind);
    return v;
}

static inline struct buf admitted(const struct kind_version *v, const char *in)
{
    struct buf doc buf_auto = doc_of(in), pruned = BUF_INIT;
    struct causes unknown = {0};
    struct error err;
    if (admit_structure(v->type, doc_mp(&doc), &pruned, &unknown, &err)) fail_msg("%s", err.text);
    if (unknown.count) fail_msg("%s: unknown field %s", in, unknown.items[0].field);
    causes_free(&unknown);
    return pruned;
}

static inline void assert_stored(const char *api_version, const char *kind, const char *in,
                                 const char *want)
{
    const struct kind_version *v = version_of(api_version, kind);
    struct buf doc buf_auto = admitted(v, in), stored buf_auto = BUF_INIT;
    convert_to_stored(v, doc_mp(&doc), &stored);
    assert_doc(doc_mp(&stored), want);
    /* And what came out is right in the stored form's structure. */
    struct buf again buf_auto = BUF_INIT;
    struct causes unknown = {0};
    assert_int_equal(
        admit_structure(v->kind->versions[0].type, doc_mp(&stored), &again, &unknown, NULL), 0);
    assert_int_equal(unknown.count, 0);
}

static inline void assert_shown(const char *api_version, const char *kind, const char *stored,
                                const char *want)
{
    const struct kind_version *v = version_of(api_version, kind);
    struct buf doc buf_auto = admitted(v->kind->versions, stored), shown buf_auto = BUF_INIT;
    convert_from_stored(v, doc_mp(&doc), &shown);
    assert_doc(doc_mp(&shown), want);
}

static inline void assert_both_ways(const char *api_version, const char *kind, const char *shown,
                                    const char *stored)
{
    assert_stored(api_version, kind, shown, stored);
    assert_shown(api_version, kind, stored, shown);
}

#endif
