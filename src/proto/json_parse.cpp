/* simdjson's DOM behind a C function. No exception leaves it: simdjson is
 * compiled without them and every container here is ours. */
#define SIMDJSON_EXCEPTIONS 0
#include <simdjson.h>

extern "C" {
#include "base/map.h"
#include "base/mem.h"
#include "proto/json.h"
}

using namespace simdjson;

/* An array or object of simdjson's tape counts its elements in 24 bits; text this short cannot hold
 * more elements than that. */
static constexpr size_t JSON_TEXT_MAX = 32 * 1024 * 1024;
/* Up to here comparing every key with every other is cheaper than hashing. */
static constexpr size_t JSON_FEW_KEYS = 12;

static thread_local dom::parser json_parser;

static bool json_put_value(dom::element value, int depth, struct buf *out);

static struct str json_str(std::string_view s)
{
    return {s.data(), s.size()};
}

static bool json_few_keys_repeat(dom::object object)
{
    std::string_view seen[JSON_FEW_KEYS];
    size_t count = 0;
    for (dom::key_value_pair pair : object) {
        for (size_t i = 0; i < count; i++)
            if (seen[i] == pair.key) return true;
        seen[count++] = pair.key;
    }
    return false;
}

static bool json_keys_repeat(dom::object object, size_t count)
{
    if (count <= JSON_FEW_KEYS) return json_few_keys_repeat(object);
    struct map seen = {};
    bool repeat = false;
    for (dom::key_value_pair pair : object) {
        repeat = map_put(&seen, pair.key.data(), pair.key.size(), &seen) != nullptr;
        if (repeat) break;
    }
    map_free(&seen);
    return repeat;
}

struct json_pair {
    std::string_view key;
    dom::element value;
};

/* Each key at the place of its first appearance, with its last value. */
static bool json_put_repeating(dom::object object, size_t count, int depth, struct buf *out)
{
    auto *pairs = static_cast<struct json_pair *>(mem_alloc(count * sizeof(struct json_pair)));
    struct map first = {};
    uint32_t kept = 0;
    for (dom::key_value_pair pair : object) {
        void *known = map_get(&first, pair.key.data(), pair.key.size());
        if (known) {
            static_cast<struct json_pair *>(known)->value = pair.value;
            continue;
        }
        new (&pairs[kept]) json_pair{pair.key, pair.value};
        map_put(&first, pair.key.data(), pair.key.size(), &pairs[kept++]);
    }
    map_free(&first);
    mp_put_map(out, kept);
    bool good = true;
    for (uint32_t i = 0; i < kept && good; i++) {
        mp_put_str(out, json_str(pairs[i].key));
        good = json_put_value(pairs[i].value, depth, out);
    }
    mem_free(pairs);
    return good;
}

static bool json_put_object(dom::object object, int depth, struct buf *out)
{
    size_t count = object.size();
    if (json_keys_repeat(object, count)) return json_put_repeating(object, count, depth, out);
    mp_put_map(out, (uint32_t)count);
    for (dom::key_value_pair pair : object) {
        mp_put_str(out, json_str(pair.key));
        if (!json_put_value(pair.value, depth, out)) return false;
    }
    return true;
}

static bool json_put_array(dom::array array, int depth, struct buf *out)
{
    mp_put_array(out, (uint32_t)array.size());
    for (dom::element item : array)
        if (!json_put_value(item, depth, out)) return false;
    return true;
}

/* False: deeper than documents may be. */
static bool json_put_value(dom::element value, int depth, struct buf *out)
{
    if (depth > MP_DEPTH_MAX) return false;
    switch (value.type()) {
    case dom::element_type::OBJECT:
        return json_put_object(value.get_object().value_unsafe(), depth + 1, out);
    case dom::element_type::ARRAY:
        return json_put_array(value.get_array().value_unsafe(), depth + 1, out);
    case dom::element_type::STRING:
        mp_put_str(out, json_str(value.get_string().value_unsafe()));
        return true;
    case dom::element_type::INT64:
        mp_put_int(out, value.get_int64().value_unsafe());
        return true;
    case dom::element_type::UINT64:
        mp_put_uint(out, value.get_uint64().value_unsafe());
        return true;
    case dom::element_type::DOUBLE:
        mp_put_double(out, value.get_double().value_unsafe());
        return true;
    case dom::element_type::BOOL:
        mp_put_bool(out, value.get_bool().value_unsafe());
        return true;
    default:
        mp_put_nil(out);
        return true;
    }
}

/* Where parsing stopped, or -1. The DOM parser does not say; the on-demand one, which is only run
 * over what the first has refused, does. */
static int json_walk(ondemand::value value, int depth)
{
    if (depth > MP_DEPTH_MAX) return 0;
    ondemand::json_type type;
    if (value.type().get(type)) return -1;
    if (type == ondemand::json_type::object) {
        ondemand::object object;
        if (value.get_object().get(object)) return -1;
        for (auto field : object) {
            ondemand::value inner;
            std::string_view key;
            if (field.error() || field.unescaped_key().get(key) || field.value().get(inner))
                return -1;
            if (json_walk(inner, depth + 1)) return -1;
        }
        return 0;
    }
    if (type == ondemand::json_type::array) {
        ondemand::array array;
        if (value.get_array().get(array)) return -1;
        for (auto item : array) {
            ondemand::value inner;
            if (item.get(inner) || json_walk(inner, depth + 1)) return -1;
        }
        return 0;
    }
    std::string_view string;
    bool boolean;
    double number;
    if (type == ondemand::json_type::string) return value.get_string().get(string) ? -1 : 0;
    if (type == ondemand::json_type::boolean) return value.get_bool().get(boolean) ? -1 : 0;
    if (type == ondemand::json_type::number) return value.get_double().get(number) ? -1 : 0;
    bool null = false;
    return value.is_null().get(null) || !null ? -1 : 0;
}

static long json_error_offset(const char *text, size_t n)
{
    ondemand::parser parser;
    ondemand::document document;
    ondemand::value root;
    padded_string copy(text, n);
    if (parser.iterate(copy).get(document)) return -1;
    if (!document.get_value().get(root)) json_walk(root, 0);
    const char *location = nullptr;
    if (document.current_location().get(location)) return -1;
    return location >= copy.data() && location < copy.data() + n ? location - copy.data() : -1;
}

static int json_refuse(error_code code, const char *text, size_t n, struct error *err)
{
    long at = -1;
    switch (code) {
    case EMPTY:
    case UNCLOSED_STRING:
        return error_set(err, E_INVALID, "unexpected end of JSON input");
    case UTF8_ERROR:
        return error_set(err, E_INVALID, "invalid UTF-8 in JSON");
    case CAPACITY:
        return error_set(err, E_TOOBIG, "JSON text of %zu bytes is too large", n);
    case UNESCAPED_CHARS:
        return error_set(err, E_INVALID, "invalid control character in a JSON string");
    case DEPTH_ERROR:
        return error_set(err, E_INVALID, "JSON nests deeper than %d levels", MP_DEPTH_MAX);
    default:
        if (err) at = json_error_offset(text, n);
    }
    if (at < 0) return error_set(err, E_INVALID, "invalid JSON: %s", error_message(code));
    return error_set(err, E_INVALID, "invalid character at byte %ld: %s", at, error_message(code));
}

static bool json_number_char(char c)
{
    return (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.' || c == 'e' || c == 'E';
}

static bool json_is_wide(struct str number)
{
    bool negative = number.p[0] == '-';
    struct str digits = {number.p + negative, number.n - negative};
    for (size_t i = 0; i < digits.n; i++)
        if (digits.p[i] < '0' || digits.p[i] > '9') return false;
    uint64_t magnitude;
    if (!str_to_u64(digits, &magnitude)) return digits.n > 0;
    return negative && magnitude > (uint64_t)INT64_MAX + 1;
}

/* simdjson refuses integers beyond 64 bits; with an exponent they are doubles to it. */
static void json_widen_integers(const char *text, size_t n, struct buf *out)
{
    for (size_t i = 0; i < n;) {
        size_t start = i;
        bool wide = false;
        if (text[i] == '"') {
            for (i++; i < n && text[i] != '"'; i++)
                if (text[i] == '\\' && i + 1 < n) i++;
            if (i < n) i++;
        } else if (json_number_char(text[i])) {
            while (i < n && json_number_char(text[i])) i++;
            wide = json_is_wide({text + start, i - start});
        } else {
            i++;
        }
        buf_append(out, text + start, i - start);
        if (wide) buf_puts(out, "e0");
    }
}

static error_code json_convert(const char *text, size_t n, struct buf *out)
{
    size_t before = out->len;
    dom::element root;
    error_code code = json_parser.parse(reinterpret_cast<const uint8_t *>(text), n, true).get(root);
    if (!code && !json_put_value(root, 0, out)) {
        out->len = before;
        code = DEPTH_ERROR;
    }
    return code;
}

extern "C" int json_parse(const char *text, size_t n, struct buf *out, struct error *err)
{
    if (n > JSON_TEXT_MAX) return json_refuse(CAPACITY, text, n, err);
    error_code code = json_convert(text, n, out);
    if (code == NUMBER_ERROR) {
        struct buf widened = {};
        json_widen_integers(text, n, &widened);
        if (widened.len != n) code = json_convert(widened.data, widened.len, out);
        buf_free(&widened);
    }
    /* One large text must not keep its memory in every thread for ever. */
    if (json_parser.capacity() > 2 * (size_t)JSON_BODY_MAX) json_parser = dom::parser();
    return code ? json_refuse(code, text, n, err) : 0;
}
