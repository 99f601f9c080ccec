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
