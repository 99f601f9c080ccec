/* What admission says of a document, line by line. */
#ifndef LOGSHIP_TESTS_PROTO_ADMIT_CAUSES_H
#define LOGSHIP_TESTS_PROTO_ADMIT_CAUSES_H

#include "proto/admit_helper.h"

/* Structure, defaults, validation: as a request goes. */
static inline struct causes validated(const char *kind, const char *in, const char *old_in)
{
    const struct kind *k = kind_by_key(str_of(kind));
    assert_non_null(k);
    struct buf docs[2] = {0};
    const char *texts[2] = {in, old_in};
    for (int i = 0; i < 2 && texts[i]; i++) {
        struct buf doc buf_auto = doc_of(texts[i]), pruned buf_auto = BUF_INIT;
        struct error err;
        if (admit_structure(k->versions[0].type, doc_mp(&doc), &pruned, NULL, &err))
            fail_msg("%s", err.text);
        admit_defaults(k, doc_mp(&pruned), &docs[i]);
    }
    struct causes causes = {0};
    admit_validate(k, doc_mp(&docs[0]), doc_mp(&docs[1]), NULL, &causes);
    buf_free(&docs[0]);
    buf_free(&docs[1]);
    return causes;
}

static inline void assert_causes(const char *kind, const char *in, const char *old,
                                 const char *want)
{
    struct causes causes = validated(kind, in, old);
    struct buf text buf_auto = BUF_INIT;
    causes_print(&causes, &text);
    causes_free(&causes);
    if (strcmp(text.data, want) != 0) fail_msg("\n%s\ngot:\n%s\nwant:\n%s", in, text.data, want);
}

/* Some cause of the new object begins like this: "field|reason|message...". */
static inline void assert_cause(const char *kind, const char *in, const char *old, const char *want)
{
    struct causes causes = validated(kind, in, old);
    struct buf text buf_auto = BUF_INIT;
    causes_print(&causes, &text);
    causes_free(&causes);
    if (!strstr(text.data, want)) fail_msg("\n%s\ngot:\n%s\nwant:\n%s", in, text.data, want);
}

#define GOOD "'containers':[{'name':'c','image':'i'}]"

static inline int setup(void **state)
{
    (void)state;
    schema_init();
    return 0;
}

#endif
