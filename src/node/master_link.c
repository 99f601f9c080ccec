#include "node/master_link.h"

#include "base/trace.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    CONNECTING_MAX = 64, /* handshakes at a time: thousands at once would all time out */
    RETRY_FIRST_MS = 50,
    RETRY_MAX_MS = 2000,
    CONNECT_MS = 1000, /* a wire that is cut says nothing: dialled again, see net/link.h */
    UNACKED_MS = 2000,
    REFUSED_RETRY_MS = 15 * 1000,
    HEARTBEATS_MISSED = 2, /* found at the third: time is left to find another master */
};

int masters_read_token(const char *file, char **out, struct error *err)
{
    FILE *f = fopen(file, "re");
    if (!f) return error_set(err, E_IO, "token file %s: %s", file, strerror(errno));
    char line[512];
    char *got = fgets(line, sizeof line, f);
    (void)fclose(f);
    if (!got) return error_set(err, E_INVALID, "token file %s is empty", file);
    line[strcspn(line, " \r\n")] = '\0';
    *out = mem_strdup(line);
    return 0;
}

static void masters_read_boot(char *out, size_t n)
{
    out[0] = '\0';
    FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");
    if (!f) return;
    if (fgets(out, (int)n, f)) out[strcspn(out, "\n")] = '\0';
    (void)fclose(f);
}

int masters_init(struct masters *m, uv_loop_t *loop, const char *const *addresses,
                 const char *token, const char *ca_file, struct error *err)
{
    *m = (struct masters){.loop = loop, .addresses = addresses, .token = token};
    list_init(&m->waiting);
    while (addresses && addresses[m->address_count]) m->address_count++;
    if (m->address_count == 0) return error_set(err, E_INVALID, "no master's address is given");
    masters_read_boot(m->boot, sizeof m->boot);
    return tls_config_client(&m->tls, ca_file, err);
}

void masters_free(struct masters *m)
{
    if (m->tls) tls_config_free(m->tls);
    mem_free(m->leader);
    buf_free(&m->frame);
    *m = (struct masters){0};
}

static void masters_follow(struct masters *m, const char *leader, size_t n)
{
    mem_free(m->leader);
    m->leader = n ? mem_strndup(leader, n) : NULL;
}

static void master_link_try(struct master_link *l);

/* Lets the next one of those that wait connect. */
static void masters_next(struct masters *m)
{
    while (m->connecting < CONNECTING_MAX) {
        struct list *first = list_shift(&m->waiting);
        if (!first) return;
        master_link_try(container_of(first, struct master_link, waiting));
    }
}

static void master_link_uncount(struct master_link *l)
{
    if (!l->counted) return;
    l->counted = false;
    l->masters->connecting--;
}

void master_link_say(struct master_link *l, const struct nodewire *m)
{
    if (!l->link || (!l->welcomed && m->type != NODEWIRE_HELLO)) return;
    struct buf *frame = &l->masters->frame;
    buf_clear(frame);
    nodewire_write(m, frame);
    link_send(l->link, frame->data, frame->len, NULL, NULL);
}

static void master_link_on_open(struct link *link)
{
    struct master_link *l = link_data(link);
    struct nodewire hello = {
        .type = NODEWIRE_HELLO,
        .version = NODEWIRE_VERSION,
        .token = str_of(l->masters->token),
        .name = str_of(l->name),
        .boot = str_of(l->masters->boot),
    };
    l->events->hello(l, &hello);
    master_link_say(l, &hello);
}

static void master_link_on_beat(uv_timer_t *timer)
{
    struct master_link *l = timer->data;
    uint64_t silent = uv_now(l->masters->loop) - l->heard_ms;
    if (!l->link) return;
    if (silent > (uint64_t)HEARTBEATS_MISSED * l->heartbeat_ms) {
        link_close(l->link, E_TIMEOUT, "the master fell silent");
        return;
    }
    master_link_say(l, &(struct nodewire){.type = NODEWIRE_BEAT});
}

static void master_link_welcomed(struct master_link *l, const struct nodewire *m)
{
    l->welcomed = true;
    l->tries = 0;
    l->heartbeat_ms =
        m->heartbeat_ms && m->heartbeat_ms < 3600 * 1000 ? (unsigned)m->heartbeat_ms : 10 * 1000;
    const char *address = link_address(l->link);
    masters_follow(l->masters, address, strlen(address));
    /* Beats of many nodes spread over the period. */
    uint64_t first = (uint64_t)rand() % l->heartbeat_ms; // NOLINT: only spreads load
    uv_timer_start(&l->timer, master_link_on_beat, first, l->heartbeat_ms);
    l->events->welcome(l);
}

static void master_link_on_frame(struct link *link, const void *bytes, size_t n)
{
    struct master_link *l = link_data(link);
    struct nodewire m;
    struct error err = {0};
    l->heard_ms = uv_now(l->masters->loop);
    master_link_uncount(l);
    if (l->stopping) return;
    if (nodewire_read(bytes, n, &m, &err) < 0) {
        link_close(link, E_INVALID, err.text);
        return;
    }
    switch (m.type) {
    case NODEWIRE_WELCOME:
        master_link_welcomed(l, &m);
        break;
    case NODEWIRE_REDIRECT:
        masters_follow(l->masters, m.address.p, m.address.n);
        if (m.address.n) l->tries = l->tries > 1 ? 1 : 0;
        link_close(link, E_NOTLEADER, "this master follows");
        break;
    case NODEWIRE_REFUSE: {
        mem_auto char *why = mem_strndup(m.text.p, m.text.n);
        trace_error("node", "%s: master %s refuses: %s", l->name, link_address(link), why);
        l->refused = true;
        link_close(link, E_DENIED, why);
        break;
    }
    case NODEWIRE_BEAT:
        break;
    default:
        if (l->welcomed) l->events->message(l, &m);
        break;
    }
    masters_next(l->masters);
}

static void master_link_on_timer(uv_timer_t *timer)
{
    struct master_link *l = timer->data;
    if (l->link || !list_empty(&l->waiting)) return;
    list_push(&l->masters->waiting, &l->waiting);
    masters_next(l->masters);
}

static void master_link_retry(struct master_link *l)
{
    unsigned shift = l->tries < 8 ? l->tries : 8;
    uint64_t wait = (uint64_t)RETRY_FIRST_MS << shift;
    if (wait > RETRY_MAX_MS) wait = RETRY_MAX_MS;
    if (l->refused) wait = REFUSED_RETRY_MS;
    wait = wait / 2 + (uint64_t)rand() % wait; // NOLINT: only spreads load
    l->refused = false;
    l->tries++;
    uv_timer_start(&l->timer, master_link_on_timer, wait, 0);
}

static void master_link_on_timer_closed(uv_handle_t *handle)
{
    struct master_link *l = handle->data;
    if (l->events->stopped) l->events->stopped(l);
}

/* Whoever failed us is the last one to try again: a dead wire costs a whole handshake's time. */
static void master_link_pass_over(struct master_link *l, const char *address)
{
    struct masters *m = l->masters;
    if (m->leader && strcmp(m->leader, address) == 0) masters_follow(m, NULL, 0);
    for (unsigned i = 0; i < m->address_count; i++)
        if (strcmp(m->addresses[i], address) == 0) l->turn = i + 1;
}

static void master_link_on_closed(struct link *link, const struct error *why)
{
    struct master_link *l = link_data(link);
    struct masters *m = l->masters;
    const char *address = link_address(link);
    if (l->welcomed) {
        trace_info("node", "%s: link to master %s lost: %s", l->name, address, why->text);
    } else {
        trace_debug("node", "%s: master %s: %s", l->name, address, why->text);
    }
    if (why->code != E_NOTLEADER) master_link_pass_over(l, address);
    l->link = NULL;
    l->welcomed = false;
    master_link_uncount(l);
    if (l->stopping) {
        uv_close((uv_handle_t *)&l->timer, master_link_on_timer_closed);
    } else {
        master_link_retry(l);
    }
    masters_next(m);
}

static void master_link_try(struct master_link *l)
{
    struct masters *m = l->masters;
    static const struct link_events events = {
        .open = master_link_on_open,
        .frame = master_link_on_frame,
        .closed = master_link_on_closed,
    };
    struct link_options options = {.tls = m->tls,
                                   .frame_max = NODEWIRE_FRAME_MAX,
                                   .connect_ms = CONNECT_MS,
                                   .unacked_ms = UNACKED_MS,
                                   .events = events};
    const char *address = m->leader ? m->leader : m->addresses[l->turn++ % m->address_count];
    l->counted = true;
    m->connecting++;
    l->heard_ms = uv_now(m->loop);
    l->link = link_connect(m->loop, address, &options, l);
}

void master_link_start(struct master_link *l, struct masters *masters, const char *name,
                       const struct master_link_events *events)
{
    *l = (struct master_link){.masters = masters, .name = name, .events = events};
    list_init(&l->waiting);
    uv_timer_init(masters->loop, &l->timer);
    l->timer.data = l;
    list_push(&masters->waiting, &l->waiting);
    masters_next(masters);
}

void master_link_stop(struct master_link *l)
{
    if (l->stopping) return;
    l->stopping = true;
    list_remove(&l->waiting);
    uv_timer_stop(&l->timer);
    if (l->link) {
        link_close(l->link, E_CLOSED, "the node stops");
    } else {
        uv_close((uv_handle_t *)&l->timer, master_link_on_timer_closed);
    }
}
