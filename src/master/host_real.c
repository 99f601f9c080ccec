#include "master/inside.h"

#include <sodium.h>
#include <time.h>

static uint64_t real_monotonic_ms(struct host *h)
{
    (void)h;
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static int64_t real_wall_ms(struct host *h)
{
    (void)h;
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void real_random(struct host *h, void *bytes, size_t n)
{
    (void)h;
    randombytes_buf(bytes, n);
}

struct host host_real(void)
{
    return (struct host){real_monotonic_ms, real_wall_ms, real_random};
}
