/* Who writes, as managedFields name them. A function that returns false has answered. */
#ifndef LOGSHIP_API_OWNERSHIP_H
#define LOGSHIP_API_OWNERSHIP_H

#include "api/inner.h"
#include "proto/managed.h"

/* ?fieldManager must be a name; an apply needs it, and only an apply may have ?force. */
bool ownership_check(struct request *r, bool applies);
/* The request's writer: ?fieldManager, or else what its User-Agent begins with. Good while the
 * client is there. */
struct writer ownership_writer(struct request *r);
/* Appends the document with these managedFields; an empty buffer: without any. */
void ownership_put(struct mp doc, const struct buf *managed, struct buf *out);

#endif
