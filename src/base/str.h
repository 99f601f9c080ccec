/* Strings: slices that own nothing, and interned strings that are shared.
 *
 * A slice points into memory that somebody else keeps (a document, a request). An interned string
 * (`istr`) exists once per process and text, so equality is pointer equality; namespaces, node
 * names and label texts are interned. Interning takes a lock and may be called from any thread; an
 * interned string is never freed (the set of distinct names in a cluster is small against its
 * objects; object names themselves are not interned). */
#ifndef LOGSHIP_BASE_STR_H
#define LOGSHIP_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
    const char *p;
    size_t n;
};

#define STR(literal) ((struct str){(literal), sizeof(literal) - 1})
static inline struct str str_of(const char *z)
{
    return (struct str){z, z ? strlen(z) : 0};
}
static inline bool str_eq(struct str a, struct str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}
static inline bool str_is(struct str a, const char *z)
{
    return a.n == strlen(z) && (a.n == 0 || memcmp(a.p, z, a.n) == 0);
}
int str_cmp(struct str a, struct str b); /* bytewise, as etcd orders keys */
bool str_starts(struct str a, const char *prefix);
bool str_ends(struct str a, const char *suffix);
/* Cuts the head up to `separator` off *rest; false when *rest is exhausted (p == NULL). */
bool str_split(struct str *rest, char separator, struct str *head);
bool str_to_u64(struct str text, uint64_t *out); /* decimal digits only, no overflow */
bool str_to_i64(struct str text, int64_t *out);
bool str_is_utf8(struct str s);

typedef const char *istr; /* NUL-terminated; compare with == */
istr istr_get(struct str text);
istr istr_of(const char *z);
istr istr_find(
    struct str text); /* NULL when nobody ever interned it: names from clients that only read */
static inline struct str istr_str(istr s)
{
    return str_of(s);
}

#endif
