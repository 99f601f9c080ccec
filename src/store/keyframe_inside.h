/* Keyframe files, inside: an LMDB environment with the meta at key 0 and the records at 1, 2, ...,
 * and behind LMDB's last page a trailer with the checksum of all bytes before it. The trailer is
 * checked before LMDB, which trusts its pages, sees anything of the file. */
#ifndef LOGSHIP_STORE_KEYFRAME_INSIDE_H
#define LOGSHIP_STORE_KEYFRAME_INSIDE_H

#include "base/buf.h"
#include "store/inside.h"
#include "store/keyframe.h"

struct keyframe_trailer {
    char magic[8];
    uint64_t size; /* of everything before the trailer */
    uint64_t revision, index;
    uint32_t content_crc, crc; /* crc: of this trailer but itself */
};

/* Fixed part of the meta record; the raft configuration follows. */
struct keyframe_head {
    uint32_t crc; /* of all that follows */
    uint32_t format;
    uint64_t revision, index, term;
    int64_t time_ms;
    struct digest state, chain;
    uint64_t configuration_index, record_count;
    uint32_t records_crc; /* over the records' own checksums, in order */
    uint32_t configuration_length;
};

void keyframe_head_encode(const struct keyframe_meta *meta, uint32_t records_crc, struct buf *out);
/* configuration points into bytes */
int keyframe_head_decode(const void *bytes, size_t n, struct keyframe_meta *out,
                         uint32_t *records_crc);
uint32_t keyframe_record_crc(uint64_t number, struct str record);

int keyframe_trailer_read(const char *path, struct keyframe_trailer *out, struct error *err);
int keyframe_trailer_add(const char *path, const struct keyframe_meta *meta, struct error *err);
/* Reads the whole file against its trailer. */
int keyframe_file_check(const char *path, struct error *err);

char *keyframe_path(const struct store *s, uint64_t revision);
char *keyframe_temporary(const struct store *s);
/* Gives a finished temporary file its name, unless a whole one of the same revision and a later
 * index is there (one that was received, while we wrote ours): then that one stays. */
int keyframe_publish(struct store *s, const char *temporary, const struct keyframe_meta *meta,
                     struct error *err);
int keyframe_open_file(const char *path, struct keyframe **out, struct error *err);

#endif
