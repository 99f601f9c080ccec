/* The only way from one thread to another: a bounded-by-its-users queue of notes.
 *
 * Any thread posts; the owning thread drains. `wake` is called (from the posting thread) only when
 * the inbox turns from empty to non-empty; with libuv it is uv_async_send. A note is embedded in
 * the message it carries; ownership passes with it. */
#ifndef LOGSHIP_BASE_INBOX_H
#define LOGSHIP_BASE_INBOX_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

struct note {
    struct note *next;
    void (*run)(struct note *); /* called by the owner's drain, on the owner's thread */
};

struct inbox {
    pthread_mutex_t lock;
    struct note *head, **tail;
    size_t count;
    void (*wake)(void *arg);
    void *wake_arg;
};

void inbox_init(struct inbox *in, void (*wake)(void *arg), void *arg);
void inbox_close(struct inbox *in);
void inbox_post(struct inbox *in, struct note *note);
/* Runs every note that was there on entry, in order; returns how many. */
size_t inbox_drain(struct inbox *in);

#endif
