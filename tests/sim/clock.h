/* Virtual time and its events, the one source of randomness, the story of what happened. */
#ifndef LOGSHIP_TESTS_SIM_CLOCK_H
#define LOGSHIP_TESTS_SIM_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { US = 1000000, MS = 1000 };
#define SIM_WALL_MS 1700000000000 /* when it begins, by a clock that is right */

struct sim;
struct life;

struct sim_event {
    uint64_t at, order;
    void (*run)(void *arg);
    void *arg;
    struct life
        *life; /* NULL: nobody's; else it falls away with the life and waits out its pauses */
};

void sim_after(struct sim *s, struct life *life, uint64_t delay_us, void (*run)(void *), void *arg);
bool sim_step(struct sim *s, uint64_t until_us);
/* From inside an event of a master: its process ends here and now. */
void sim_leave_event(struct sim *s) __attribute__((noreturn));
void sim_run(struct sim *s, uint64_t us);
uint64_t sim_random(struct sim *s);
uint64_t sim_below(struct sim *s, uint64_t n);               /* [0, n) */
uint64_t sim_between(struct sim *s, uint64_t a, uint64_t b); /* [a, b] */
bool sim_chance(struct sim *s, unsigned per_mille);
/* Decided by the seed and the name alone: what is drawn so moves nothing else of the seed. */
uint64_t sim_of_seed(const struct sim *s, const char *what);
void sim_mix(struct sim *s, const char *what, const void *bytes,
             size_t n); /* into the trace hash */
void sim_tell(struct sim *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The end: prints the story and exits with 1. */
void sim_fail(struct sim *s, const char *format, ...)
    __attribute__((format(printf, 2, 3), noreturn));
void sim_story(struct sim *s, FILE *out);
void sim_catch(struct sim *s); /* aborts and faults end in sim_fail */
extern struct sim *sim_now_running;

#endif
