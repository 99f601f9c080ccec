#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int error_set(struct error *err, int code, const char *format, ...)
{
    if (!err) return code;
    err->code = code;
    va_list args;
    va_start(args, format);
    vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    return code;
}

int error_wrap(struct error *err, int code, const char *format, ...)
{
    if (!err) return code;
    char context[sizeof err->text];
    char inner[sizeof err->text];
    memcpy(inner, err->text, sizeof inner);
    va_list args;
    va_start(args, format);
    vsnprintf(context, sizeof context, format, args);
    va_end(args);
    err->code = code;
    size_t used = (size_t)snprintf(err->text, sizeof err->text, "%s", context);
    if (used < sizeof err->text)
        snprintf(err->text + used, sizeof err->text - used, ": %s",
                 inner[0] ? inner : error_name(code));
    return code;
}

const char *error_name(int code)
{
    switch (code) {
    case 0:
        return "success";
#define X(name, value, text)                                                                       \
    case value:                                                                                    \
        return text;
        ERROR_CODES(X)
#undef X
    default:
        return "unknown error";
    }
}
