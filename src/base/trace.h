/* Diagnostics of a process, one line each on stderr: "2026-11-23T16:31:02.123Z INFO quorum: ...".
 * Not the event log. Any thread. The level comes from trace_level (default INFO). */
#ifndef LOGSHIP_BASE_TRACE_H
#define LOGSHIP_BASE_TRACE_H

enum trace_level { TRACE_DEBUG, TRACE_INFO, TRACE_WARN, TRACE_ERROR };
extern enum trace_level trace_level;

void trace_line(enum trace_level level, const char *module, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#define trace_debug(module, ...)                                                                   \
    do {                                                                                           \
        if (trace_level <= TRACE_DEBUG) trace_line(TRACE_DEBUG, module, __VA_ARGS__);              \
    } while (0)
#define trace_info(module, ...)  trace_line(TRACE_INFO, module, __VA_ARGS__)
#define trace_warn(module, ...)  trace_line(TRACE_WARN, module, __VA_ARGS__)
#define trace_error(module, ...) trace_line(TRACE_ERROR, module, __VA_ARGS__)
/* For what must never happen: says it, and aborts. */
void trace_fatal(const char *module, const char *format, ...)
    __attribute__((format(printf, 2, 3), noreturn));

#endif
