#include "actors/controllers/agenda.h"

enum { SWEEP_MS = 20 };

void agenda_init(struct agenda *a)
{
    list_init(&a->ready);
    list_init(&a->later);
    a->swept_ms = 0;
}

void agenda_item_init(struct agenda_item *item)
{
    list_init(&item->link);
    item->due_ms = 0;
}

void agenda_soon(struct agenda *a, struct agenda_item *item)
{
    if (!list_empty(&item->link) && !item->due_ms) return;
    list_remove(&item->link);
    item->due_ms = 0;
    list_push(&a->ready, &item->link);
}

void agenda_at(struct agenda *a, struct agenda_item *item, uint64_t due_ms)
{
    if (!list_empty(&item->link)) {
        if (item->due_ms > due_ms) item->due_ms = due_ms;
        return;
    }
    item->due_ms = due_ms ? due_ms : 1;
    list_push(&a->later, &item->link);
}

void agenda_drop(struct agenda_item *item)
{
    list_remove(&item->link);
    item->due_ms = 0;
}

struct agenda_item *agenda_take(struct agenda *a, uint64_t now_ms)
{
    if (now_ms >= a->swept_ms + SWEEP_MS) {
        a->swept_ms = now_ms;
        list_each_safe(it, &a->later)
        {
            struct agenda_item *item = container_of(it, struct agenda_item, link);
            if (item->due_ms <= now_ms) agenda_soon(a, item);
        }
    }
    struct list *first = list_shift(&a->ready);
    return first ? container_of(first, struct agenda_item, link) : NULL;
}
