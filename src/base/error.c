#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int(error_set)(struct error *err, int code, const char *format, ...)
{
    if (!err) return code;
    err->code = code;
    va_list args;
    va_start(args, format);
    vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    return code;
}

static void error_append(struct error *err, const char *text)
{
    size_t used = strlen(err->text), room = sizeof err->text - 1 - used, n = strlen(text);
    if (n > room) n = room;
    memcpy(err->text + used, text, n);
    err->text[used + n] = '\0';
}

int(error_wrap)(struct error *err, int code, const char *format, ...)
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
    err->text[0] = '\0';
    error_append(err, context);
    error_append(err, ": ");
    error_append(err, inner[0] ? inner : error_name(code));
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
