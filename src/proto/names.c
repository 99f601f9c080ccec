/* The rules are small state machines over characters; the sentences are Kubernetes' own, because
 * clients and their tests read them. */
#include "proto/names.h"

enum {
    LABEL_MAX = 63,
    SUBDOMAIN_MAX = 253,
    CONFIG_KEY_MAX = 253,
};

#define TOO_LONG_63  "must be no more than 63 characters"
#define TOO_LONG_253 "must be no more than 253 characters"
#define LABEL_REGEX  "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
#define SUBDOMAIN_RULE                                                                             \
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "   \
    "'.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used "  \
    "for validation is '" LABEL_REGEX "(\\." LABEL_REGEX ")*')"
#define QUALIFIED_REGEX "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
#define QUALIFIED_RULE                                                                             \
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "    \
    "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for "         \
    "validation is '" QUALIFIED_REGEX "')"

static bool name_lower(char c)
{
    return c >= 'a' && c <= 'z';
}
static bool name_digit(char c)
{
    return c >= '0' && c <= '9';
}
static bool name_lower_alnum(char c)
{
    return name_lower(c) || name_digit(c);
}
static bool name_alnum(char c)
{
    return name_lower_alnum(c) || (c >= 'A' && c <= 'Z');
}

/* Alphanumeric at both ends, these characters too in between. */
static bool name_framed(struct str s, bool (*alnum)(char), const char *inner)
{
    if (!s.n || !alnum(s.p[0]) || !alnum(s.p[s.n - 1])) return false;
    for (size_t i = 0; i < s.n; i++)
        if (!alnum(s.p[i]) && (!s.p[i] || !strchr(inner, s.p[i]))) return false;
    return true;
}

const char *name_check_dns_label(struct str s)
{
    if (s.n > LABEL_MAX) return TOO_LONG_63;
    if (name_framed(s, name_lower_alnum, "-")) return NULL;
    return "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', "
           "and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', "
           "regex used for validation is '" LABEL_REGEX "')";
}

static bool name_is_subdomain(struct str s)
{
    struct str part;
    if (!s.n) return false;
    while (str_split(&s, '.', &part))
        if (!name_framed(part, name_lower_alnum, "-")) return false;
    return true;
}

const char *name_check_dns_subdomain(struct str s)
{
    if (s.n > SUBDOMAIN_MAX) return TOO_LONG_253;
    return name_is_subdomain(s) ? NULL : SUBDOMAIN_RULE;
}

const char *name_check_dns_1035(struct str s)
{
    if (s.n > LABEL_MAX) return TOO_LONG_63;
    if (name_framed(s, name_lower_alnum, "-") && name_lower(s.p[0])) return NULL;
    return "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with "
           "an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or "
           "'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
}

const char *name_check_path_segment(struct str s)
{
    if (str_is(s, ".")) return "may not be '.'";
    if (str_is(s, "..")) return "may not be '..'";
    if (s.n && memchr(s.p, '/', s.n)) return "may not contain '/'";
    if (s.n && memchr(s.p, '%', s.n)) return "may not contain '%'";
    return NULL;
}

static bool name_is_config_key(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!name_alnum(s.p[i]) && (!s.p[i] || !strchr("-._", s.p[i]))) return false;
    return s.n > 0;
}

const char *name_check_config_key(struct str s)
{
    if (s.n > CONFIG_KEY_MAX) return TOO_LONG_253;
    if (!name_is_config_key(s))
        return "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. "
               "'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is "
               "'[-._a-zA-Z0-9]+')";
    if (str_is(s, ".")) return "must not be '.'";
    if (str_is(s, "..")) return "must not be '..'";
    if (str_starts(s, "..")) return "must not start with '..'";
    return NULL;
}

static const char *name_check_prefix(struct str s)
{
    if (!s.n) return "prefix part must be non-empty";
    if (s.n > SUBDOMAIN_MAX) return "prefix part " TOO_LONG_253;
    return name_is_subdomain(s) ? NULL : "prefix part " SUBDOMAIN_RULE;
}

const char *name_check_qualified(struct str s)
{
    const char *slash = s.n ? memchr(s.p, '/', s.n) : NULL;
    if (slash) {
        struct str prefix = {s.p, (size_t)(slash - s.p)};
        s = (struct str){slash + 1, s.n - prefix.n - 1};
        if (s.n && memchr(s.p, '/', s.n))
            return "a qualified name " QUALIFIED_RULE
                   " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')";
        const char *wrong = name_check_prefix(prefix);
        if (wrong) return wrong;
    }
    if (!s.n) return "name part must be non-empty";
    if (s.n > LABEL_MAX) return "name part " TOO_LONG_63;
    return name_framed(s, name_alnum, "-_.") ? NULL : "name part " QUALIFIED_RULE;
}

const char *name_check_label_value(struct str s)
{
    if (s.n > LABEL_MAX) return TOO_LONG_63;
    if (!s.n || name_framed(s, name_alnum, "-_.")) return NULL;
    return "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' "
           "or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or "
           "'my_value',  or '12345', regex used for validation is '(" QUALIFIED_REGEX ")?')";
}

void name_suffix(const unsigned char random[8], char out[6])
{
    /* No vowels and none of 0, 1, 3: no words, and nothing that is read wrongly aloud. */
    static const char alphabet[] = "bcdfghjklmnpqrstvwxz2456789";
    uint64_t n = 0;
    for (int i = 0; i < 8; i++) n = n << 8 | random[i];
    for (int i = 0; i < 5; i++, n /= sizeof alphabet - 1)
        out[i] = alphabet[n % (sizeof alphabet - 1)];
    out[5] = '\0';
}
