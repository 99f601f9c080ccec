/* DeleteOptions: the body (JSON or protobuf) and the query parameters that say the same. */
#ifndef LOGSHIP_API_DELETE_OPTIONS_H
#define LOGSHIP_API_DELETE_OPTIONS_H

#include "api/write.h"

struct delete_options {
    struct write_options write;
    int32_t grace_s; /* -1: the object's own */
    enum propagation propagation;
    bool has_uid;
    struct uid uid;
    uint64_t revision; /* 0: any */
};
bool delete_options_parse(struct request *r, struct delete_options *out);
/* Of a document that was read already. */
bool delete_options_read(struct request *r, struct mp doc, struct delete_options *out);
struct command *delete_command(struct request *r, const struct delete_options *o, istr ns,
                               struct str name);

#endif
