#include "base/inbox.h"

void inbox_init(struct inbox *in, void (*wake)(void *arg), void *arg)
{
    *in = (struct inbox){.wake = wake, .wake_arg = arg};
    pthread_mutex_init(&in->lock, NULL);
    in->tail = &in->head;
}

void inbox_close(struct inbox *in)
{
    pthread_mutex_destroy(&in->lock);
}

void inbox_post(struct inbox *in, struct note *note)
{
    note->next = NULL;
    pthread_mutex_lock(&in->lock);
    bool was_empty = in->head == NULL;
    *in->tail = note;
    in->tail = &note->next;
    in->count++;
    pthread_mutex_unlock(&in->lock);
    if (was_empty && in->wake) in->wake(in->wake_arg);
}

size_t inbox_drain(struct inbox *in)
{
    pthread_mutex_lock(&in->lock);
    struct note *note = in->head;
    in->head = NULL;
    in->tail = &in->head;
    in->count = 0;
    pthread_mutex_unlock(&in->lock);
    size_t n = 0;
    while (note) {
        struct note *next = note->next; /* run may free the note */
        note->run(note);
        note = next;
        n++;
    }
    return n;
}
