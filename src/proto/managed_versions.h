/* What a write changed, as the managers of other versions see it.
 *
 * A manager's fields are those of the version that it wrote. When the kind's versions look
 * different, a write through one of them is compared in each version that some manager has: the
 * documents before and after are converted, and what differs there is what this manager loses, or
 * what an apply conflicts with. Comparisons are made when they are first asked for. */
#ifndef LOGSHIP_PROTO_MANAGED_VERSIONS_H
#define LOGSHIP_PROTO_MANAGED_VERSIONS_H

#include "proto/managed.h"

/* The version of the writer's kind that bodies call this; NULL: there is none (any more). */
const struct kind_version *version_of_writer(const struct writer *w, struct str api_version);
/* A document of one version as another one shows it; in the arena, or as it was. */
struct mp version_document(struct arena *a, const struct kind_version *from,
                           const struct kind_version *to, struct mp doc);

struct change_seen {
    struct str api_version;
    bool known; /* else the kind has no such version */
    struct fieldset taken, removed;
};
struct changes {
    struct arena *arena;
    const struct writer *writer;
    struct mp before, after; /* in the writer's version */
    bool written_only;       /* without what the writer may not write */
    struct change_seen *items;
    uint32_t count, cap;
};
/* Good until the next question. */
const struct change_seen *changes_seen(struct changes *c, struct str api_version);

/* Takes what changed away from everybody (but `keep`, who may be NULL), drops whose version there
 * is not and who has nothing left. The order stays. */
void managers_take(struct managers *m, const struct manager *keep, struct changes *changes);

#endif
