/* Long work in pieces, so that it keeps the loop from nobody: each turn of the loop does pieces for
 * a few milliseconds at most, one for each job in turn, then looks at its sockets again. */
#ifndef LOGSHIP_API_TURNS_H
#define LOGSHIP_API_TURNS_H

#include "base/list.h"

#include <uv.h>

struct turn {
    struct list link;
    /* Does one piece, of well under a millisecond if it can; wants another by turns_add. */
    void (*run)(struct turn *t);
};
struct turns {
    uv_idle_t idle; /* active while there are jobs */
    struct list jobs;
};
void turns_init(struct turns *all, uv_loop_t *loop);
void turns_add(struct turns *all, struct turn *t); /* nothing changes when it is there already */
/* Takes it out, if it is there. A turn that was never added has to be list_init-ed. */
void turns_remove(struct turn *t);
void turns_close(struct turns *all, uv_close_cb closed); /* what is left is not run any more */

#endif
