/* What everything linked into the simulation takes from the machine, by the linker's --wrap: time,
 * randomness, free space and diagnostics. So that nothing can depend on them unseen. */
#include "sim.h"

#include <stdarg.h>
#include <time.h>

#include "base/trace.h"

int __wrap_clock_gettime(clockid_t id, struct timespec *out);
time_t __wrap_time(time_t *out);
void __wrap_randombytes_buf(void *bytes, size_t n);
uint32_t __wrap_randombytes_uniform(uint32_t n);
void __wrap_trace_line(enum trace_level level, const char *module, const char *format, ...);
void __wrap_trace_fatal(const char *module, const char *format, ...) __attribute__((noreturn));

int __wrap_clock_gettime(clockid_t id, struct timespec *out)
{
    (void)id;
    uint64_t us = sim_now_running ? sim_now_running->now_us : 0;
    *out = (struct timespec){.tv_sec = (time_t)(us / US), .tv_nsec = (long)(us % US) * 1000};
    return 0;
}

time_t __wrap_time(time_t *out)
{
    struct timespec now;
    __wrap_clock_gettime(CLOCK_REALTIME, &now);
    if (out) *out = now.tv_sec;
    return now.tv_sec;
}

/* Before there is a simulation (the seed of hash tables): always the same. */
void __wrap_randombytes_buf(void *bytes, size_t n)
{
    unsigned char *out = bytes;
    for (size_t i = 0; i < n; i++)
        out[i] = sim_now_running ? (unsigned char)(sim_random(sim_now_running) >> 32)
                                 : (unsigned char)(i * 37 + 11);
}

uint32_t __wrap_randombytes_uniform(uint32_t n)
{
    return (uint32_t)sim_below(sim_now_running, n);
}

static void seams_say(const char *module, const char *format, va_list args)
{
    char text[600];
    vsnprintf(text, sizeof text, format, args);
    if (sim_now_running) sim_tell(sim_now_running, "    [%s] %s", module, text);
}

void __wrap_trace_line(enum trace_level level, const char *module, const char *format, ...)
{
    if (level < TRACE_INFO) return;
    va_list args;
    va_start(args, format);
    seams_say(module, format, args);
    va_end(args);
}

void __wrap_trace_fatal(const char *module, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    seams_say(module, format, args);
    va_end(args);
    char text[600];
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (misuse_ends(sim_now_running, text)) {
        sim_now_running->counts.designed_ends++;
        sim_leave_event(sim_now_running);
    }
    if (disk_ends(sim_now_running, text)) sim_leave_event(sim_now_running);
    sim_fail(sim_now_running, "a master ends itself: [%s] %s", module, text);
}
