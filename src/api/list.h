/* What a list was asked for, and how far it has got. */
#ifndef LOGSHIP_API_LIST_H
#define LOGSHIP_API_LIST_H

#include "api/encode.h"
#include "api/filter.h"
#include "api/inner.h"
#include "api/snapshot.h"
#include "proto/json_indent.h"

enum list_moment { LIST_NEWEST, LIST_ANY, LIST_NOT_OLDER, LIST_EXACT };

struct listing {
    struct filter filter;
    struct buf token_memory;
    struct token token; /* revision 0: the first page */
    enum list_moment moment;
    uint64_t revision; /* asked for */
    uint64_t limit;    /* 0: all */
    struct past_ask past;
    struct request *request;
    struct snapshot *snapshot;
    struct object **page; /* borrowed from the snapshot */
    size_t next;          /* of the snapshot: to be looked at */
    size_t count, at;
    struct encoder encoder;
    struct buf out;
    struct json_indent indent;
    bool chosen, streaming;
};

/* list_options.c: fills filter, limit, token, moment and revision; false: answered. */
bool list_parse(struct request *r, struct listing *l);
/* What a watch may ask of the moment it begins with; false: answered. */
bool list_check_watch(struct request *r);

#endif
