/* An intrusive doubly linked list: link the member, no allocation. An empty list points to itself.
 */
#ifndef LOGSHIP_BASE_LIST_H
#define LOGSHIP_BASE_LIST_H

#include "base/mem.h"

#include <stdbool.h>

struct list {
    struct list *next, *prev;
};

static inline void list_init(struct list *l)
{
    l->next = l->prev = l;
}
static inline bool list_empty(const struct list *l)
{
    return l->next == l;
}
static inline void list_push(struct list *head, struct list *node) /* at the tail */
{
    node->prev = head->prev;
    node->next = head;
    head->prev->next = node;
    head->prev = node;
}
/* Safe on a node that is not linked (after list_init or list_remove). */
static inline void list_remove(struct list *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    list_init(node);
}
static inline struct list *list_shift(struct list *head) /* from the front, or NULL */
{
    if (list_empty(head)) return NULL;
    struct list *first = head->next;
    list_remove(first);
    return first;
}
#define list_each(it, head) for (struct list *it = (head)->next; it != (head); it = it->next)
/* The body may remove `it`. */
#define list_each_safe(it, head)                                                                   \
    for (struct list *it = (head)->next, *it##_next = it->next; it != (head);                      \
         it = it##_next, it##_next = it->next)

#endif
