/* How Kubernetes ranks the groups and versions that it serves itself. */
#ifndef LOGSHIP_ACTORS_API_PRIORITIES_H
#define LOGSHIP_ACTORS_API_PRIORITIES_H

#include "base/str.h"

#include <stdbool.h>

struct api_priority {
    int group, version;
};
struct api_priority api_priority_of(struct str group, struct str version, bool custom);

#endif
