/* The way from kubectl's apply on the client, which keeps its last configuration in an annotation,
 * to apply on the server. Private to apply*.c. */
#ifndef LOGSHIP_PROTO_APPLY_CLIENT_H
#define LOGSHIP_PROTO_APPLY_CLIENT_H

#include "proto/apply.h"

/* What kubectl applied from the client and is still as it was applied: kubectl may take it over
 * without a conflict. Empty for other managers. */
struct fieldset apply_client_owned(struct arena *a, const struct apply *in);
/* Appends `next` with the annotation, if it has one and kubectl applies, telling the new
 * configuration. */
void apply_client_follow(const struct apply *in, struct mp next, struct buf *out);

#endif
