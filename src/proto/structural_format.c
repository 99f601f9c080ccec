/* The formats of strings that Kubernetes checks. Others mean nothing. */
#include "proto/base64.h"
#include "proto/regex.h"
#include "proto/structural.h"
#include "proto/timefmt.h"

#include <arpa/inet.h>
#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

typedef bool format_fn(struct str text);

struct structural_format {
    const char *name;
    format_fn *check;    /* or NULL: */
    const char *pattern; /* the whole text must match */
};

static bool text_of(struct str s, char *out, size_t room)
{
    if (s.n >= room || (s.n && memchr(s.p, '\0', s.n))) return false;
    if (s.n) memcpy(out, s.p, s.n);
    out[s.n] = '\0';
    return true;
}

static bool format_date_time(struct str s)
{
    int64_t us;
    return time_parse(s, &us);
}

static bool format_date(struct str s)
{
    char whole[40];
    int64_t us;
    if (s.n != 10) return false;
    int n = snprintf(whole, sizeof whole, "%.*sT00:00:00Z", (int)s.n, s.p);
    return time_parse((struct str){whole, (size_t)n}, &us);
}

static bool format_byte(struct str s)
{
    buf_auto struct buf out = BUF_INIT;
    return base64_decode(s, &out);
}

static bool format_address(struct str s, int family)
{
    char text[INET6_ADDRSTRLEN + 1];
    unsigned char bytes[16];
    return text_of(s, text, sizeof text) && inet_pton(family, text, bytes) == 1;
}

static bool format_ipv4(struct str s)
{
    return format_address(s, AF_INET);
}

static bool format_ipv6(struct str s)
{
    return format_address(s, AF_INET6);
}

static bool format_cidr(struct str s)
{
    const char *slash = s.n ? memchr(s.p, '/', s.n) : NULL;
    uint64_t bits;
    if (!slash) return false;
    struct str address = {s.p, (size_t)(slash - s.p)}, rest = {slash + 1, s.n - address.n - 1};
    if (!str_to_u64(rest, &bits)) return false;
    return (bits <= 32 && format_ipv4(address)) || (bits <= 128 && format_ipv6(address));
}

static bool format_any(struct str s)
{
    (void)s;
    return true;
}

#define HEX "[0-9a-fA-F]"
static const struct structural_format formats[] = {
    {"bsonobjectid", NULL, HEX "{24}"},
    {"byte", format_byte, NULL},
    {"cidr", format_cidr, NULL},
    {"creditcard", NULL,
     "(?:4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14}|6(?:011|5[0-9]{2})[0-9]{12}|3[47][0-9]{13}|"
     "3(?:0[0-5]|[68][0-9])[0-9]{11}|(?:2131|1800|35[0-9]{3})[0-9]{11})"},
    {"date", format_date, NULL},
    {"date-time", format_date_time, NULL},
    {"datetime", format_date_time, NULL},
    {"duration", NULL,
     "[-+]?(?:0|(?:(?:[0-9]+(?:\\.[0-9]*)?|\\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h))+|"
     "[0-9]+ *(?:ns|us|µs|ms|s|m|h|d|w|sec|secs|second|seconds|min|mins|minute|minutes|hr|hrs|"
     "hour|hours|day|days|wk|wks|week|weeks))"},
    {"email", NULL, "[^@\\s<>]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?"},
    {"hexcolor", NULL, "#?(?:" HEX "{3}|" HEX "{6})"},
    {"hostname", NULL,
     "[A-Za-z0-9](?:[A-Za-z0-9-]{0,62})(?:\\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}))*\\.?"},
    {"ipv4", format_ipv4, NULL},
    {"ipv6", format_ipv6, NULL},
    {"isbn", NULL, "(?:[0-9][ -]?){9}[0-9X]|(?:[0-9][ -]?){12}[0-9]"},
    {"isbn10", NULL, "(?:[0-9][ -]?){9}[0-9X]"},
    {"isbn13", NULL, "(?:[0-9][ -]?){12}[0-9]"},
    {"mac", NULL, HEX "{2}(?:[:-]" HEX "{2}){5}|(?:" HEX "{4}\\.){2}" HEX "{4}"},
    {"password", format_any, NULL},
    {"rgbcolor", NULL, "rgb\\(\\s*[0-9]{1,3}\\s*,\\s*[0-9]{1,3}\\s*,\\s*[0-9]{1,3}\\s*\\)"},
    {"ssn", NULL, "[0-9]{3}[- ]?[0-9]{2}[- ]?[0-9]{4}"},
    {"uri", NULL, "(?:[A-Za-z][A-Za-z0-9+.-]*:[^\\s]+|/[^\\s]*)"},
    {"uuid", NULL, HEX "{8}-?" HEX "{4}-?" HEX "{4}-?" HEX "{4}-?" HEX "{12}"},
    {"uuid3", NULL, HEX "{8}-?" HEX "{4}-?3" HEX "{3}-?" HEX "{4}-?" HEX "{12}"},
    {"uuid4", NULL, HEX "{8}-?" HEX "{4}-?4" HEX "{3}-?[89abAB]" HEX "{3}-?" HEX "{12}"},
    {"uuid5", NULL, HEX "{8}-?" HEX "{4}-?5" HEX "{3}-?[89abAB]" HEX "{3}-?" HEX "{12}"},
};
enum { FORMATS = sizeof formats / sizeof *formats };

static pthread_once_t format_once = PTHREAD_ONCE_INIT;
static struct regex *format_regex[FORMATS];

static void format_compile_all(void)
{
    for (size_t i = 0; i < FORMATS; i++) {
        char whole[600];
        if (!formats[i].pattern) continue;
        snprintf(whole, sizeof whole, "^(?:%s)$", formats[i].pattern);
        int rc = regex_compile(str_of(whole), &format_regex[i], NULL);
        assert(rc == 0); /* they are ours */
        (void)rc;
    }
}

const struct structural_format *structural_format(struct str name)
{
    for (size_t i = 0; i < FORMATS; i++)
        if (str_is(name, formats[i].name)) return &formats[i];
    return NULL;
}

bool structural_format_matches(const struct structural_format *f, struct str text)
{
    if (f->check) return f->check(text);
    pthread_once(&format_once, format_compile_all);
    return regex_matches(format_regex[f - formats], text);
}

const char *structural_format_name(const struct structural_format *f)
{
    return f->name;
}
