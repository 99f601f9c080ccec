/* Discovery documents. Pure functions over the table of kinds. */
#ifndef LOGSHIP_API_DISCOVERY_H
#define LOGSHIP_API_DISCOVERY_H

#include "base/buf.h"
#include "proto/schema.h"

bool discovery_first_of_group(unsigned kind_index);
const char *discovery_group_version(const char *group,
                                    unsigned n); /* NULL: there are not so many */
const struct kind_version *discovery_kind_in(const struct kind *k, struct str group,
                                             struct str version);

/* APIResourceList of one group and version. */
void discovery_put_resources(struct str group, struct str version, struct buf *json);
/* APIGroupDiscoveryList ("v2", "v2beta1") of the core group, or of all others. */
void discovery_put_aggregated(const char *version, bool core, struct buf *json);

/* ["create","get"]: in alphabetical order. */
void discovery_put_verbs(uint32_t verbs, struct buf *json);
void discovery_put_texts(const char *const *texts, struct buf *json); /* a JSON array */

#endif
