/* Inside the watching clients: web_watch.c (their streams), web_watch_told.c (what these tell). */
#ifndef LOGSHIP_TESTS_WEB_WATCH_H
#define LOGSHIP_TESTS_WEB_WATCH_H

#include "web.h"

struct watcher {
    struct web web;
    unsigned number;
    const struct kind *kind;
    const char *path;
    istr ns;
    char *name;  /* NULL: any */
    uint64_t at; /* everything up to here was told; 0: nothing yet */
    struct http_call *call;
    int http;
    bool initial, slow, paused, moves;
    char *held;               /* LIE_WATCH_SWAPS */
    struct buf line, objects; /* objects: what sendInitialEvents told so far */
    uint32_t object_count;
};

bool watcher_wants(const struct watcher *w, const struct fact *f);
/* A line of the stream. */
void watcher_hears(struct watcher *w, const char *json, size_t n);

#endif
