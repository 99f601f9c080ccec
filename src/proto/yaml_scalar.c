#include "proto/yaml_scalar.h"

#include "proto/mp.h"

#include <math.h>
#include <stdlib.h>

enum { NUMBER_MAX = 64 }; /* longer ones are text */

static bool scalar_in(struct str text, const char *const *words)
{
    for (; *words; words++)
        if (str_is(text, *words)) return true;
    return false;
}

static bool scalar_word(struct str text, struct buf *out)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
    static const char *const trues[] = {"true", "True", "TRUE", "yes", "Yes", "YES",
                                        "on",   "On",   "ON",   "y",   "Y",   NULL};
    static const char *const falses[] = {"false", "False", "FALSE", "no", "No", "NO",
                                         "off",   "Off",   "OFF",   "n",  "N",  NULL};
    bool yes = scalar_in(text, trues);
    if (scalar_in(text, nulls))
        mp_put_nil(out);
    else if (yes || scalar_in(text, falses))
        mp_put_bool(out, yes);
    else
        return false;
    return true;
}

/* The digits after sign and prefix, which say the base: 0x1f, 0o17, 017, 0b11. */
static int scalar_base(const char **digits)
{
    const char *p = *digits;
    if (p[0] != '0' || !p[1]) return 10;
    *digits = p + 2;
    if (p[1] == 'x') return 16;
    if (p[1] == 'o') return 8;
    if (p[1] == 'b') return 2;
    *digits = p + 1;
    return 8;
}

static bool scalar_integer(const char *text, struct buf *out)
{
    bool negative = text[0] == '-';
    const char *digits = text + (text[0] == '-' || text[0] == '+');
    int base = scalar_base(&digits);
    uint64_t value = 0;
    if (!*digits) return false;
    for (; *digits; digits++) {
        char c = *digits;
        unsigned digit =
            c >= '0' && c <= '9' ? (unsigned)(c - '0') : (unsigned)((c | 32) - 'a') + 10;
        bool wrong = !((c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'f'));
        if (wrong || digit >= (unsigned)base) return false;
        if (value > (UINT64_MAX - digit) / (unsigned)base) return false;
        value = value * (unsigned)base + digit;
    }
    if (!negative)
        mp_put_uint(out, value);
    else if (value <= (uint64_t)INT64_MAX + 1)
        mp_put_int(out, (int64_t)(0 - value));
    else
        return false;
    return true;
}

static bool scalar_float(const char *text, struct buf *out)
{
    const char *p = text + (text[0] == '-' || text[0] == '+');
    size_t whole = strspn(p, "0123456789");
    p += whole;
    size_t rest = *p == '.' ? strspn(++p, "0123456789") : 0;
    p += rest;
    if (!whole && !rest) return false;
    if (*p == 'e' || *p == 'E') {
        p += 1 + (p[1] == '-' || p[1] == '+');
        size_t exponent = strspn(p, "0123456789");
        if (!exponent) return false;
        p += exponent;
    }
    double value = strtod(text, NULL);
    if (*p || !isfinite(value)) return false;
    mp_put_double(out, value);
    return true;
}

bool yaml_put_plain(struct str text, struct buf *out)
{
    static const char *const never[] = {".inf",  ".Inf",  ".INF",  "+.inf", "+.Inf",
                                        "+.INF", "-.inf", "-.Inf", "-.INF", ".nan",
                                        ".NaN",  ".NAN",  NULL};
    char number[NUMBER_MAX + 1];
    size_t n = 0;
    if (scalar_word(text, out)) return true;
    if (scalar_in(text, never)) return false;
    bool digit = strchr("+-.0123456789", text.p[0]) && text.n <= NUMBER_MAX;
    for (size_t i = 0; digit && i < text.n; i++)
        if (text.p[i] != '_') number[n++] = text.p[i];
    number[n] = '\0';
    if (!digit || strlen(number) != n ||
        (!scalar_integer(number, out) && !scalar_float(number, out)))
        mp_put_str(out, text);
    return true;
}
