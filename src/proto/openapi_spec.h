/* Writing a part of an OpenAPI document as msgpack: keys and values, whose counts are kept here.
 * Private to the proto room.
 *
 * A spec begins inside a map that its owner announces: `entries` says how many pairs were put at
 * that outermost level. The dialect decides what a version of OpenAPI can say. */
#ifndef LOGSHIP_PROTO_OPENAPI_SPEC_H
#define LOGSHIP_PROTO_OPENAPI_SPEC_H

#include "proto/mp.h"

/* Deeper than any schema that JSON's bound (MP_DEPTH_MAX) lets in, and what is put around it. */
enum { SPEC_DEPTH_MAX = MP_DEPTH_MAX + 16 };

struct spec {
    bool v3;
    struct buf *out;
    uint32_t entries;
    unsigned depth;
    struct spec_open {
        size_t mark;
        uint32_t count;
        bool map;
    } open[SPEC_DEPTH_MAX];
};

void spec_key(struct spec *s, const char *key);
void spec_key_str(struct spec *s, struct str key);
/* A value after spec_key, or an element of the list that is open. */
void spec_map(struct spec *s);
void spec_list(struct spec *s);
void spec_end(struct spec *s); /* of the map or list opened last */
void spec_text(struct spec *s, const char *text);
void spec_bool(struct spec *s, bool value);
void spec_value(struct spec *s, struct mp value); /* as it is */

/* Key and value. */
void spec_put(struct spec *s, const char *key, const char *text);
void spec_put_bool(struct spec *s, const char *key, bool value);
void spec_put_texts(struct spec *s, const char *key, const char *const *texts); /* NULL ends */
void spec_put_ref(struct spec *s, const char *name); /* "$ref" to a definition */

/* "apps.v1.ReplicaSet" is io.k8s.api.apps.v1.ReplicaSet to the world. */
void openapi_type_name(const char *type, struct buf *out);
/* stable.example.com, v1, CronTab: com.example.stable.v1.CronTab */
void openapi_custom_name(const char *group, const char *version, const char *kind, struct buf *out);

#endif
