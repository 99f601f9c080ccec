/* RE2 behind C functions. It throws nothing; memory is bounded by max_mem. */
#include <re2/re2.h>

#include <new>

extern "C" {
#include "proto/regex.h"
}

static constexpr int64_t REGEX_MEMORY = 1 << 20;

int regex_compile(struct str pattern, struct regex **out, struct error *err)
{
    RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(REGEX_MEMORY);
    auto *re = new RE2(re2::StringPiece(pattern.n ? pattern.p : "", pattern.n), options);
    if (re->ok()) {
        *out = reinterpret_cast<struct regex *>(re);
        return 0;
    }
    int rc = error_set(err, E_INVALID, "error parsing regexp: %s: `%.*s`", re->error().c_str(),
                       static_cast<int>(pattern.n), pattern.p);
    delete re;
    return rc;
}

void regex_free(void *regex)
{
    delete static_cast<RE2 *>(regex);
}

bool regex_matches(const struct regex *r, struct str text)
{
    const auto *re = reinterpret_cast<const RE2 *>(r);
    return RE2::PartialMatch(re2::StringPiece(text.n ? text.p : "", text.n), *re);
}
