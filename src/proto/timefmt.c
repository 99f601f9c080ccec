#include "proto/timefmt.h"

enum { SECONDS_A_DAY = 86400 };
#define US 1000000LL

struct civil {
    int64_t year;
    unsigned month, day;
};

/* Days since 1970-01-01 of a date, by counting in years that begin in March and eras of 400 years.
 */
static int64_t time_days(struct civil d)
{
    int64_t year = d.year - (d.month <= 2);
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    unsigned of_era = (unsigned)(year - era * 400);
    unsigned of_year = (153 * (d.month + (d.month > 2 ? -3U : 9U)) + 2) / 5 + d.day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static struct civil time_civil(int64_t days)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    unsigned of_era = (unsigned)(days - era * 146097);
    unsigned year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    unsigned of_year = of_era - (365 * year + year / 4 - year / 100);
    unsigned month = (5 * of_year + 2) / 153;
    struct civil d = {.day = of_year - (153 * month + 2) / 5 + 1,
                      .month = month < 10 ? month + 3 : month - 9};
    d.year = (int64_t)year + era * 400 + (d.month <= 2);
    return d;
}

static char *time_put(char *p, uint64_t value, unsigned width)
{
    for (unsigned i = width; i--; value /= 10) p[i] = (char)('0' + value % 10);
    return p + width;
}

/* Times outside the years 0 to 9999 are clamped: RFC 3339 cannot say them. */
static void time_format(int64_t unix_us, unsigned decimals, char out[TIME_TEXT])
{
    const int64_t first = -62167219200 * US, last = 253402300799 * US + 999999;
    if (unix_us < first) unix_us = first;
    if (unix_us > last) unix_us = last;
    int64_t seconds = unix_us / US - (unix_us % US < 0);
    int64_t days = seconds / SECONDS_A_DAY - (seconds % SECONDS_A_DAY < 0);
    uint64_t of_day = (uint64_t)(seconds - days * SECONDS_A_DAY);
    uint64_t fraction = (uint64_t)(unix_us - seconds * US);
    struct civil d = time_civil(days);
    char *p = time_put(out, (uint64_t)d.year, 4);
    *p++ = '-';
    p = time_put(p, d.month, 2);
    *p++ = '-';
    p = time_put(p, d.day, 2);
    *p++ = 'T';
    p = time_put(p, of_day / 3600, 2);
    *p++ = ':';
    p = time_put(p, of_day / 60 % 60, 2);
    *p++ = ':';
    p = time_put(p, of_day % 60, 2);
    if (decimals) {
        *p++ = '.';
        p = time_put(p, decimals == 3 ? fraction / 1000 : fraction, decimals);
    }
    *p++ = 'Z';
    *p = '\0';
}

static int64_t time_scaled(int64_t value, int64_t factor)
{
    int64_t scaled;
    if (__builtin_mul_overflow(value, factor, &scaled)) return value < 0 ? INT64_MIN : INT64_MAX;
    return scaled;
}

void time_format_s(int64_t unix_s, char out[TIME_TEXT])
{
    time_format(time_scaled(unix_s, US), 0, out);
}

void time_format_ms(int64_t unix_ms, char out[TIME_TEXT])
{
    time_format(time_scaled(unix_ms, 1000), 3, out);
}

void time_format_us(int64_t unix_us, char out[TIME_TEXT])
{
    time_format(unix_us, 6, out);
}

static bool time_number(struct str *text, unsigned width, unsigned *out)
{
    unsigned value = 0;
    if (text->n < width) return false;
    for (unsigned i = 0; i < width; i++) {
        if (text->p[i] < '0' || text->p[i] > '9') return false;
        value = value * 10 + (unsigned)(text->p[i] - '0');
    }
    *text = (struct str){text->p + width, text->n - width};
    *out = value;
    return true;
}

static bool time_char(struct str *text, char wanted)
{
    if (!text->n || text->p[0] != wanted) return false;
    *text = (struct str){text->p + 1, text->n - 1};
    return true;
}

/* ".123456789": digits beyond microseconds are dropped. */
static bool time_fraction(struct str *text, int64_t *us)
{
    unsigned digit;
    int64_t unit = US / 10;
    if (!time_char(text, '.')) return true;
    if (!time_number(text, 1, &digit)) return false;
    do {
        *us += digit * unit;
        unit /= 10;
    } while (time_number(text, 1, &digit));
    return true;
}

static bool time_offset(struct str *text, int64_t *seconds)
{
    unsigned hours, minutes;
    if (time_char(text, 'Z') || time_char(text, 'z')) return true;
    int sign = time_char(text, '+') ? 1 : time_char(text, '-') ? -1 : 0;
    if (!sign || !time_number(text, 2, &hours) || !time_char(text, ':') ||
        !time_number(text, 2, &minutes) || hours > 23 || minutes > 59)
        return false;
    *seconds = sign * (int64_t)(hours * 3600 + minutes * 60);
    return true;
}

static unsigned time_month_days(unsigned year, unsigned month)
{
    static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

bool time_parse(struct str t, int64_t *unix_us)
{
    unsigned year, month, day, hour, minute, second;
    int64_t us = 0, offset = 0;
    if (!time_number(&t, 4, &year) || !time_char(&t, '-') || !time_number(&t, 2, &month) ||
        !time_char(&t, '-') || !time_number(&t, 2, &day) ||
        !(time_char(&t, 'T') || time_char(&t, 't')) || !time_number(&t, 2, &hour) ||
        !time_char(&t, ':') || !time_number(&t, 2, &minute) || !time_char(&t, ':') ||
        !time_number(&t, 2, &second) || !time_fraction(&t, &us) || !time_offset(&t, &offset) || t.n)
        return false;
    if (month < 1 || month > 12 || day < 1 || day > time_month_days(year, month) || hour > 23 ||
        minute > 59 || second > 59)
        return false;
    int64_t days = time_days((struct civil){year, month, day});
    int64_t seconds = days * SECONDS_A_DAY + hour * 3600 + minute * 60 + second - offset;
    *unix_us = seconds * US + us;
    return true;
}
