/* Checks of single values beyond names.h, as name_fn for rules.tsv. */
#include "proto/checker.h"

#include <arpa/inet.h>

static bool checker_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool checker_digit(char c)
{
    return c >= '0' && c <= '9';
}

const char *name_check_port_name(struct str s)
{
    enum { PORT_NAME_MAX = 15 };
    bool letter = false;
    if (s.n > PORT_NAME_MAX) return "must be no more than 15 characters";
    for (size_t i = 0; i < s.n; i++) {
        bool lower = s.p[i] >= 'a' && s.p[i] <= 'z';
        if (!lower && !checker_digit(s.p[i]) && s.p[i] != '-')
            return "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)";
        letter |= lower;
    }
    if (!letter) return "must contain at least one letter (a-z)";
    for (size_t i = 0; i + 1 < s.n; i++)
        if (s.p[i] == '-' && s.p[i + 1] == '-') return "must not contain consecutive hyphens";
    if (s.p[0] == '-' || s.p[s.n - 1] == '-') return "must not begin or end with a hyphen";
    return NULL;
}

const char *name_check_env_name(struct str s)
{
    bool good = s.n && !checker_digit(s.p[0]);
    for (size_t i = 0; i < s.n; i++)
        good &= checker_letter(s.p[i]) || checker_digit(s.p[i]) || s.p[i] == '-' || s.p[i] == '_' ||
                s.p[i] == '.';
    if (!good)
        return "a valid environment variable name must consist of alphabetic characters, digits, "
               "'_', '-', or '.', and must not start with a digit (e.g. 'my.env-name',  or "
               "'MY_ENV.NAME',  or 'MyEnvName1', regex used for validation is "
               "'[-._a-zA-Z][-._a-zA-Z0-9]*')";
    if (str_is(s, ".")) return "must not be '.'";
    if (str_is(s, "..")) return "must not be '..'";
    if (str_starts(s, "..")) return "must not start with '..'";
    return NULL;
}

/* 4, 6, or 0: no address. */
static int checker_ip(struct str s, unsigned char ip[16])
{
    char text[INET6_ADDRSTRLEN];
    if (!s.n || s.n >= sizeof text) return 0;
    memcpy(text, s.p, s.n);
    text[s.n] = '\0';
    if (inet_pton(AF_INET, text, ip) == 1) return 4;
    return inet_pton(AF_INET6, text, ip) == 1 ? 6 : 0;
}

const char *name_check_ip(struct str s)
{
    unsigned char ip[16];
    return checker_ip(s, ip) ? NULL : "must be valid IP address";
}

const char *name_check_endpoint_ip(struct str s)
{
    unsigned char ip[16] = {0};
    static const unsigned char local6[16] = {[15] = 1};
    int family = checker_ip(s, ip);
    bool v4 = family == 4;
    if (!family) return "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
    if (v4 ? ip[0] == 127 : !memcmp(ip, local6, sizeof ip))
        return "may not be in the loopback range (127.0.0.0/8, ::1/128)";
    if (v4 && ip[0] == 169 && ip[1] == 254)
        return "may not be in the link-local range (169.254.0.0/16, fe80::/10)";
    if (v4 && !memcmp(ip, "\0\0\0\0", 4)) return "may not be unspecified (0.0.0.0 or ::)";
    return NULL;
}

const char *name_check_host_path(struct str s)
{
    struct str part;
    while (str_split(&s, '/', &part))
        if (str_is(part, "..")) return "must not contain '..'";
    return NULL;
}

const char *name_check_inner_path(struct str s)
{
    return s.n && s.p[0] == '/' ? "must be a relative path" : name_check_host_path(s);
}

const char *name_check_signer(struct str s)
{
    struct str domain = {0};
    bool dotted = str_split(&s, '/', &domain) && domain.n && memchr(domain.p, '.', domain.n);
    if (dotted && s.n && !name_check_dns_subdomain(domain)) return NULL;
    return "must be a fully qualified domain and path of the form 'example.com/signer-name'";
}

/* Parts of lower-case letters, digits, - and _ that begin and end with a letter or a digit. */
const char *name_check_sysctl(struct str s)
{
    enum { SYSCTL_MAX = 253 };
    bool good = s.n > 0 && s.n <= SYSCTL_MAX, inner = false;
    for (size_t i = 0; good && i < s.n; i++) {
        char c = s.p[i], next = i + 1 < s.n ? s.p[i + 1] : '.';
        bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        good = plain || (inner && (c == '.' || (next != '.' && (c == '-' || c == '_'))));
        inner = c != '.';
    }
    if (good && s.p[s.n - 1] != '.') return NULL;
    return "must have at most 253 characters and match regex "
           "([a-z0-9]([-_a-z0-9]*[a-z0-9])?\\.)*[a-z0-9]([-_a-z0-9]*[a-z0-9])?";
}
