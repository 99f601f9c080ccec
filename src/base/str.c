#include "base/str.h"

#include "base/map.h"
#include "base/mem.h"

#include <pthread.h>

int str_cmp(struct str a, struct str b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int order = n ? memcmp(a.p, b.p, n) : 0;
    if (order) return order;
    return a.n < b.n ? -1 : a.n > b.n;
}

bool str_starts(struct str a, const char *prefix)
{
    size_t n = strlen(prefix);
    return a.n >= n && memcmp(a.p, prefix, n) == 0;
}

bool str_ends(struct str a, const char *suffix)
{
    size_t n = strlen(suffix);
    return a.n >= n && memcmp(a.p + a.n - n, suffix, n) == 0;
}

bool str_split(struct str *rest, char separator, struct str *head)
{
    if (!rest->p) return false;
    const char *cut = rest->n ? memchr(rest->p, separator, rest->n) : NULL;
    if (!cut) {
        *head = *rest;
        *rest = (struct str){0};
        return true;
    }
    *head = (struct str){rest->p, (size_t)(cut - rest->p)};
    *rest = (struct str){cut + 1, rest->n - head->n - 1};
    return true;
}

bool str_to_u64(struct str text, uint64_t *out)
{
    if (text.n == 0 || text.n > 20) return false;
    uint64_t value = 0;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9') return false;
        if (__builtin_mul_overflow(value, 10, &value)) return false;
        if (__builtin_add_overflow(value, (uint64_t)(text.p[i] - '0'), &value)) return false;
    }
    *out = value;
    return true;
}

bool str_to_i64(struct str text, int64_t *out)
{
    bool negative = text.n && text.p[0] == '-';
    uint64_t magnitude;
    if (negative) text = (struct str){text.p + 1, text.n - 1};
    if (!str_to_u64(text, &magnitude) || magnitude > (uint64_t)INT64_MAX) return false;
    *out = negative ? -(int64_t)magnitude : (int64_t)magnitude;
    return true;
}

/* Two looks that may overlap cover any short text. */
static bool str_is_short_ascii(struct str s)
{
    uint32_t a = 0, b = 0;
    size_t half = s.n >= 4 ? 4 : s.n >= 2 ? 2 : s.n;
    memcpy(&a, s.p, half);
    memcpy(&b, s.p + s.n - half, half);
    return s.n <= 8 && !((a | b) & 0x80808080);
}

bool str_is_utf8(struct str s)
{
    const unsigned char *p = (const unsigned char *)s.p, *end = p + s.n;
    if (s.n == 0 || str_is_short_ascii(s)) return true;
    while (p < end) {
        uint64_t eight;
        while (end - p >= 8 && (memcpy(&eight, p, 8), !(eight & 0x8080808080808080))) p += 8;
        if (p == end) return true;
        if (*p < 0x80) {
            p++;
            continue;
        }
        int more = *p >= 0xf0 ? 3 : *p >= 0xe0 ? 2 : 1;
        uint32_t code = *p & (0x3fU >> more);
        if (*p < 0xc2 || *p > 0xf4 || end - p <= more) return false;
        for (int i = 1; i <= more; i++) {
            if ((p[i] & 0xc0) != 0x80) return false;
            code = code << 6 | (p[i] & 0x3f);
        }
        static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
        if (code < least[more] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
            return false;
        p += more + 1;
    }
    return true;
}

static pthread_mutex_t intern_lock = PTHREAD_MUTEX_INITIALIZER;
static struct map intern_table;

istr istr_get(struct str text)
{
    pthread_mutex_lock(&intern_lock);
    char *found = map_get(&intern_table, text.p, text.n);
    if (!found) {
        found = mem_strndup(text.p, text.n);
        map_put(&intern_table, found, text.n, found);
    }
    pthread_mutex_unlock(&intern_lock);
    return found;
}

istr istr_of(const char *z)
{
    return istr_get(str_of(z));
}

istr istr_find(struct str text)
{
    pthread_mutex_lock(&intern_lock);
    istr found = map_get(&intern_table, text.p, text.n);
    pthread_mutex_unlock(&intern_lock);
    return found;
}
