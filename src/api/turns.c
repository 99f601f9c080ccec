#include "api/turns.h"

enum { TURNS_NS = 2 * 1000 * 1000 };

static void turns_run(uv_idle_t *idle)
{
    struct turns *all = container_of(idle, struct turns, idle);
    uint64_t start = uv_hrtime();
    do {
        struct list *next = list_shift(&all->jobs);
        if (!next) {
            uv_idle_stop(idle);
            return;
        }
        struct turn *t = container_of(next, struct turn, link);
        t->run(t);
    } while (uv_hrtime() - start < TURNS_NS);
}

void turns_init(struct turns *all, uv_loop_t *loop)
{
    uv_idle_init(loop, &all->idle);
    list_init(&all->jobs);
}

void turns_add(struct turns *all, struct turn *t)
{
    if (!list_empty(&t->link)) return;
    list_push(&all->jobs, &t->link);
    if (!uv_is_closing((uv_handle_t *)&all->idle)) uv_idle_start(&all->idle, turns_run);
}

void turns_remove(struct turn *t)
{
    list_remove(&t->link);
}

void turns_close(struct turns *all, uv_close_cb closed)
{
    uv_close((uv_handle_t *)&all->idle, closed);
}
