#include "base/trace.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum trace_level trace_level = TRACE_INFO;

static void trace_write(enum trace_level level, const char *module, const char *format,
                        va_list args)
{
    static const char *const names[] = {"DEBUG", "INFO", "WARN", "ERROR"};
    char line[2048];
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    struct tm utc;
    gmtime_r(&now.tv_sec, &utc);
    size_t n = strftime(line, sizeof line, "%Y-%m-%dT%H:%M:%S", &utc);
    n += (size_t)snprintf(line + n, sizeof line - n, ".%03ldZ %s %s: ", now.tv_nsec / 1000000,
                          names[level], module);
    int more = vsnprintf(line + n, sizeof line - n - 1, format, args);
    n = more < 0 || n + (size_t)more > sizeof line - 2 ? sizeof line - 2 : n + (size_t)more;
    line[n++] = '\n';
    fwrite(line, 1, n, stderr); /* one write: lines of several threads do not mix */
}

void trace_line(enum trace_level level, const char *module, const char *format, ...)
{
    if (level < trace_level) return;
    va_list args;
    va_start(args, format);
    trace_write(level, module, format, args);
    va_end(args);
}

void trace_fatal(const char *module, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    trace_write(TRACE_ERROR, module, format, args);
    va_end(args);
    abort();
}
