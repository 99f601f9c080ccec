/* Creation by other ways than POST. */
#ifndef LOGSHIP_API_CREATE_H
#define LOGSHIP_API_CREATE_H

#include "api/write.h"

/* Creates what an apply tells; takes the place of the request's state, and what the buffers hold.
 * When somebody else creates it at the same time, the patch begins anew. */
void create_applied(struct request *r, const struct write_options *o, struct buf *doc,
                    struct buf *managed);

#endif
