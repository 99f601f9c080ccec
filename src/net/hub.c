#include "net/hub.h"

#include "net/conn_internal.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>

enum {
    HUB_SPARE_MAX = 32 * 1024, /* larger buffers go back to the allocator */
    HUB_PASSES = 4,            /* flush rounds before the loop gets to look at the sockets again */
};

static pthread_mutex_t hub_lock = PTHREAD_MUTEX_INITIALIZER;
static struct list hub_registry = {&hub_registry, &hub_registry};

static void hub_on_idle(uv_idle_t *idle)
{
    (void)idle;
}

static void hub_flush(struct hub *h)
{
    for (int pass = 0; pass < HUB_PASSES && !list_empty(&h->dirty); pass++) {
        struct list turn;
        list_init(&turn);
        list_push(&h->dirty, &turn); /* what becomes dirty from now on comes behind this mark */
        for (struct list *node; (node = list_shift(&h->dirty)) != &turn;)
            conn_turn(container_of(node, struct conn, dirty));
    }
    if (list_empty(&h->dirty))
        uv_idle_stop(&h->idle);
    else if (!uv_is_active((uv_handle_t *)&h->idle))
        uv_idle_start(&h->idle, hub_on_idle);
}

static void hub_on_prepare(uv_prepare_t *p)
{
    hub_flush(container_of(p, struct hub, prepare));
}

static void hub_on_check(uv_check_t *c)
{
    hub_flush(container_of(c, struct hub, check));
}

static struct hub *hub_new(uv_loop_t *loop)
{
    struct hub *h = mem_new(struct hub);
    h->loop = loop;
    list_init(&h->dirty);
    uv_prepare_init(loop, &h->prepare);
    uv_check_init(loop, &h->check);
    uv_idle_init(loop, &h->idle);
    h->open_handles = 3;
    uv_prepare_start(&h->prepare, hub_on_prepare);
    uv_check_start(&h->check, hub_on_check);
    uv_unref((uv_handle_t *)&h->prepare);
    uv_unref((uv_handle_t *)&h->check);
    return h;
}

struct hub *hub_get(uv_loop_t *loop)
{
    /* A write to a closed socket must be an error of that connection, not the end of the process.
     */
    signal(SIGPIPE, SIG_IGN);
    pthread_mutex_lock(&hub_lock);
    struct hub *found = NULL;
    list_each(it, &hub_registry)
    {
        struct hub *h = container_of(it, struct hub, link);
        if (h->loop == loop) found = h;
    }
    if (!found) {
        found = hub_new(loop);
        list_push(&hub_registry, &found->link);
    }
    found->users++;
    pthread_mutex_unlock(&hub_lock);
    return found;
}

void hub_share(struct hub *h)
{
    h->users++;
}

static void hub_on_closed(uv_handle_t *handle)
{
    struct hub *h = handle->data;
    if (--h->open_handles) return;
    for (unsigned i = 0; i < h->spare_count; i++) buf_free(&h->spare[i]);
    mem_free(h);
}

void hub_put(struct hub *h)
{
    assert(h->users);
    if (--h->users) return;
    assert(list_empty(&h->dirty));
    pthread_mutex_lock(&hub_lock);
    list_remove(&h->link);
    pthread_mutex_unlock(&hub_lock);
    h->prepare.data = h->check.data = h->idle.data = h;
    uv_close((uv_handle_t *)&h->prepare, hub_on_closed);
    uv_close((uv_handle_t *)&h->check, hub_on_closed);
    uv_close((uv_handle_t *)&h->idle, hub_on_closed);
}

void hub_lend(struct hub *h, struct buf *b)
{
    assert(!b->data);
    if (h->spare_count) *b = h->spare[--h->spare_count];
}

void hub_reclaim(struct hub *h, struct buf *b)
{
    if (b->data && b->cap <= HUB_SPARE_MAX &&
        h->spare_count < sizeof h->spare / sizeof h->spare[0]) {
        buf_clear(b);
        h->spare[h->spare_count++] = *b;
        *b = BUF_INIT;
    } else {
        buf_free(b);
    }
}
