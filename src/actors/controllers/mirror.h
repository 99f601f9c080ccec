/* Inside the mirroring controller (mirror.c): from an Endpoints object to the endpoints that its
 * slices have to hold (mirror_body.c). */
#ifndef LOGSHIP_ACTORS_MIRROR_H
#define LOGSHIP_ACTORS_MIRROR_H

#include "actors/controllers/slices.h"

struct slice_wishes mirror_wishes(const struct object *endpoints);

#endif
