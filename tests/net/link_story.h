/* Two ends of a link on one loop, and what each of them hears. */
#ifndef LOGSHIP_TESTS_NET_LINK_STORY_H
#define LOGSHIP_TESTS_NET_LINK_STORY_H

#include "net/fixture.h"

#include "net/link.h"

#include <arpa/inet.h>
#include <unistd.h>

struct end {
    struct link *link;
    struct error why;
    struct buf heard; /* all frames, one after the other */
    unsigned frames;
    size_t largest;
    bool opened, closed, drained, enough;
    unsigned wanted; /* frames, until `enough` */
};

struct story {
    uv_loop_t loop;
    struct link_listener *listener;
    struct tls_config *tls;
    struct end server, client;
    bool listener_closed;
};

static inline void end_on_open(struct link *l)
{
    ((struct end *)link_data(l))->opened = true;
}

static inline void end_on_frame(struct link *l, const void *bytes, size_t n)
{
    struct end *e = link_data(l);
    buf_append(&e->heard, bytes, n);
    if (n > e->largest) e->largest = n;
    e->enough = ++e->frames >= e->wanted;
}

static inline void end_on_drained(struct link *l)
{
    ((struct end *)link_data(l))->drained = true;
}

static inline void end_on_closed(struct link *l, const struct error *why)
{
    struct end *e = link_data(l);
    e->why = *why;
    e->closed = true;
    e->link = NULL;
}

static const struct link_events end_events = {
    .open = end_on_open, .frame = end_on_frame, .drained = end_on_drained, .closed = end_on_closed};

static inline void *story_on_accepted(void *arg, struct link *l)
{
    struct story *s = arg;
    s->server.link = l;
    return &s->server;
}

static inline struct link_options story_options(struct story *s, size_t frame_max)
{
    return (struct link_options){.tls = s->tls, .frame_max = frame_max, .events = end_events};
}

static inline void story_listen(struct story *s, bool tls, size_t frame_max)
{
    *s = (struct story){0};
    assert_int_equal(uv_loop_init(&s->loop), 0);
    if (tls) s->tls = fixture_tls("server", TLS_PEER_REQUIRED);
    struct link_options options = story_options(s, frame_max);
    struct error err = {0};
    if (link_listen(&s->listener, &s->loop, "127.0.0.1:0", false, &options, story_on_accepted, s,
                    &err) != 0)
        fail_msg("%s", err.text);
}

static inline void story_call(struct story *s, const char *address)
{
    struct link_options options = story_options(s, 0);
    s->client.link = link_connect(&s->loop, address ? address : link_listener_address(s->listener),
                                  &options, &s->client);
}

static inline void story_on_listener_closed(void *arg)
{
    ((struct story *)arg)->listener_closed = true;
}

static inline void story_end(struct story *s)
{
    if (s->client.link) link_close(s->client.link, 0, NULL);
    if (s->server.link) link_close(s->server.link, 0, NULL);
    link_listener_close(s->listener, story_on_listener_closed, s);
    fixture_wait(&s->loop, &s->listener_closed, "the listener to close");
    fixture_loop_end(&s->loop);
    tls_config_free(s->tls);
    buf_free(&s->server.heard);
    buf_free(&s->client.heard);
}

#endif
