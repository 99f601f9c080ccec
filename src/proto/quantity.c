/* Quantities in integer arithmetic: a value is held in billionths (Kubernetes' own least unit) in
 * 128 bits; what is smaller is rounded away from zero, what is larger than 2^63-1 units is held
 * there. */
#include "proto/quantity.h"

#define NANO      ((amount)1000000000)
#define MOST      ((amount)INT64_MAX * NANO)
#define MOST_BITS ((amount)1 << 63)

typedef unsigned __int128 amount;

enum family { DECIMAL, BINARY, EXPONENT };

struct quantity {
    bool negative;
    enum family family;
    amount nano;
};

struct suffix {
    char text[3];
    int power; /* of ten or of two */
};
static const struct suffix decimal_suffixes[] = {{"n", -9}, {"u", -6}, {"m", -3}, {"", 0},
                                                 {"k", 3},  {"M", 6},  {"G", 9},  {"T", 12},
                                                 {"P", 15}, {"E", 18}};
static const struct suffix binary_suffixes[] = {{"", 0},    {"Ki", 10}, {"Mi", 20}, {"Gi", 30},
                                                {"Ti", 40}, {"Pi", 50}, {"Ei", 60}};
enum {
    DECIMAL_COUNT = sizeof decimal_suffixes / sizeof *decimal_suffixes,
    BINARY_COUNT = sizeof binary_suffixes / sizeof *binary_suffixes,
    DIGITS_MAX = 30, /* kept of the number: more than the largest count of billionths has */
    BINARY_FRACTION_MAX = 18, /* kept of the fraction before a binary suffix */
    EXPONENT_MAX = 100,       /* beyond it every number is nothing or too large */
};

/* The digits of a number: mantissa * 10^(-fraction + dropped), plus something if `more`. */
struct digits {
    amount mantissa;
    int count, fraction, dropped;
    bool more;
};

static bool quantity_digit(char c)
{
    return c >= '0' && c <= '9';
}

static void quantity_take(struct digits *d, char c, bool after_point)
{
    if (d->count >= DIGITS_MAX) {
        d->more |= c != '0';
        if (!after_point && d->dropped < EXPONENT_MAX) d->dropped++;
        return;
    }
    d->mantissa = d->mantissa * 10 + (amount)(c - '0');
    if (d->mantissa) d->count++;
    if (after_point && d->fraction < EXPONENT_MAX) d->fraction++;
}

/* Reads "12", "1.5", ".5" or "5." off the front. */
static bool quantity_digits(struct str *text, struct digits *out)
{
    size_t i = 0, seen = 0;
    for (; i < text->n && quantity_digit(text->p[i]); i++, seen++)
        quantity_take(out, text->p[i], false);
    if (i < text->n && text->p[i] == '.')
        for (i++; i < text->n && quantity_digit(text->p[i]); i++, seen++)
            quantity_take(out, text->p[i], true);
    *text = (struct str){text->p + i, text->n - i};
    return seen > 0;
}

static bool quantity_exponent(struct str text, int *power)
{
    struct str digits = {text.p + 1, text.n - 1};
    bool negative = digits.n && digits.p[0] == '-';
    if (digits.n && (negative || digits.p[0] == '+'))
        digits = (struct str){digits.p + 1, digits.n - 1};
    uint64_t value;
    if (!str_to_u64(digits, &value)) return false;
    *power = value > EXPONENT_MAX ? EXPONENT_MAX : (int)value;
    if (negative) *power = -*power;
    return true;
}

static bool quantity_suffix(struct str text, enum family *family, int *power)
{
    for (int i = 0; i < DECIMAL_COUNT; i++)
        if (str_is(text, decimal_suffixes[i].text)) {
            *family = DECIMAL;
            *power = decimal_suffixes[i].power;
            return true;
        }
    for (int i = 1; i < BINARY_COUNT; i++)
        if (str_is(text, binary_suffixes[i].text)) {
            *family = BINARY;
            *power = binary_suffixes[i].power;
            return true;
        }
    *family = EXPONENT;
    return (text.p[0] == 'e' || text.p[0] == 'E') && quantity_exponent(text, power);
}

static amount quantity_times_ten(amount value, int power, bool more)
{
    for (; power < 0 && (value || more); power++) {
        if (!value) break;
        more |= value % 10 != 0;
        value /= 10;
    }
    for (; power > 0 && value && value <= MOST; power--) value *= 10;
    value += more;
    return value > MOST ? MOST : value;
}

/* Whole part and fraction apart, so that neither leaves 128 bits. */
static amount quantity_times_two(struct digits d, int power)
{
    for (; d.fraction > BINARY_FRACTION_MAX; d.fraction--) {
        d.more |= d.mantissa % 10 != 0;
        d.mantissa /= 10;
    }
    amount one = 1;
    for (int i = 0; i < d.fraction; i++) one *= 10;
    amount whole = d.mantissa / one, part = d.mantissa % one;
    if (d.dropped || whole >= MOST_BITS >> power) return MOST;
    amount scaled = part << power;
    amount rest = scaled % one * NANO;
    amount nano = (whole << power) * NANO + scaled / one * NANO + rest / one;
    nano += rest % one != 0 || d.more;
    return nano > MOST ? MOST : nano;
}

static bool quantity_parse(struct str text, struct quantity *out)
{
    struct digits d = {0};
    int power = 0;
    struct quantity q = {.negative = text.n && text.p[0] == '-'};
    if (text.n && (q.negative || text.p[0] == '+')) text = (struct str){text.p + 1, text.n - 1};
    if (!quantity_digits(&text, &d) || !quantity_suffix(text, &q.family, &power)) return false;
    if (q.family == BINARY)
        q.nano = quantity_times_two(d, power);
    else
        q.nano = quantity_times_ten(d.mantissa, power + d.dropped - d.fraction + 9, d.more);
    *out = q;
    return true;
}

/* In units of so many billionths, rounded away from zero. */
static bool quantity_in(struct str text, amount unit, int64_t *out)
{
    struct quantity q;
    if (!quantity_parse(text, &q)) return false;
    amount value = (q.nano + unit - 1) / unit;
    int64_t clamped = value > INT64_MAX ? INT64_MAX : (int64_t)value;
    *out = q.negative ? -clamped : clamped;
    return true;
}

bool quantity_milli(struct str text, int64_t *out)
{
    return quantity_in(text, NANO / 1000, out);
}
bool quantity_value(struct str text, int64_t *out)
{
    return quantity_in(text, NANO, out);
}

static void quantity_put(amount value, struct buf *out)
{
    char text[40];
    size_t at = sizeof text;
    do {
        text[--at] = (char)('0' + (int)(value % 10));
        value /= 10;
    } while (value);
    buf_append(out, text + at, sizeof text - at);
}

static void quantity_put_decimal(amount nano, enum family family, struct buf *out)
{
    int power = -9, step = 0;
    while (nano && nano % 1000 == 0 && step < DECIMAL_COUNT - 1) {
        nano /= 1000;
        step++;
    }
    power += 3 * step;
    quantity_put(nano, out);
    if (family != EXPONENT)
        buf_puts(out, decimal_suffixes[step].text);
    else if (power)
        buf_printf(out, "e%d", power);
}

static void quantity_put_binary(amount units, struct buf *out)
{
    int step = 0;
    while (units % 1024 == 0 && step < BINARY_COUNT - 1) {
        units /= 1024;
        step++;
    }
    quantity_put(units, out);
    buf_puts(out, binary_suffixes[step].text);
}

static void quantity_put_canonical(const struct quantity *q, struct buf *out)
{
    if (!q->nano) {
        buf_putc(out, '0');
        return;
    }
    if (q->negative) buf_putc(out, '-');
    /* Small or fractional amounts of a binary suffix are clearer, or only exact, in decimals. */
    if (q->family == BINARY && q->nano >= 1024 * NANO && q->nano % NANO == 0)
        quantity_put_binary(q->nano / NANO, out);
    else
        quantity_put_decimal(q->nano, q->family, out);
}

bool quantity_canonical(struct str text, struct buf *out)
{
    struct quantity q;
    if (!quantity_parse(text, &q)) return false;
    quantity_put_canonical(&q, out);
    return true;
}

static struct quantity quantity_of_milli(int64_t milli, enum family family)
{
    amount magnitude = milli < 0 ? (amount)0 - (amount)milli : (amount)milli;
    return (struct quantity){milli < 0, family, magnitude * (NANO / 1000)};
}

void quantity_format_milli(int64_t milli, struct buf *out)
{
    struct quantity q = quantity_of_milli(milli, DECIMAL);
    quantity_put_canonical(&q, out);
}

void quantity_format_like(int64_t milli, struct str like, struct buf *out)
{
    struct quantity model;
    bool known = quantity_parse(like, &model);
    struct quantity q = quantity_of_milli(milli, known ? model.family : DECIMAL);
    quantity_put_canonical(&q, out);
}
