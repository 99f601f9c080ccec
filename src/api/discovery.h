/* Discovery documents: which groups, versions and resources are served, told from the table of
 * built-in kinds and from the definitions of custom ones. */
#ifndef LOGSHIP_API_DISCOVERY_H
#define LOGSHIP_API_DISCOVERY_H

#include "api/definitions.h"
#include "base/buf.h"

enum { DISCOVERY_VERSIONS_MAX = 32 };

struct discovery_group {
    const char *name;
    const char *versions[DISCOVERY_VERSIONS_MAX]; /* the preferred one first */
    unsigned count;
};

/* Everything that is served now; good as long as the definitions are. */
struct discovery {
    const struct kind_version **all;
    size_t count;
    struct discovery_group *groups; /* the core's, the built-in ones, the custom ones */
    size_t group_count;
};
void discovery_gather(const struct definitions *definitions, struct discovery *out);
void discovery_free(struct discovery *d);
const struct discovery_group *discovery_group_called(const struct discovery *d, struct str name);

/* APIResourceList of one group and version. */
void discovery_put_resources(const struct discovery *d, struct str group, struct str version,
                             struct buf *json);
/* APIGroupDiscoveryList ("v2", "v2beta1") of the core group, or of all others. */
void discovery_put_aggregated(const struct discovery *d, const char *version, bool core,
                              struct buf *json);

#endif
