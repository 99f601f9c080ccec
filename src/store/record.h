/* One Raft entry as bytes: a fixed header and the payload. Pure functions.
 *
 * Fields are in the machine's byte order, as LMDB's own pages are: a data directory stays on its
 * architecture. */
#ifndef LOGSHIP_STORE_RECORD_H
#define LOGSHIP_STORE_RECORD_H

#include "store/store.h"

enum { RECORD_FORMAT = 1, RECORD_MAX = 64 << 20 };

struct record_header {
    uint32_t crc; /* crc32c of all that follows, payload included */
    uint8_t format, type;
    uint16_t flags; /* 0 */
    uint64_t index, term, first_revision;
    int64_t time_ms;
    uint64_t length; /* of the payload */
    struct digest previous;
};

/* What stands at key 0 of a segment: where the log stood before its first record. */
struct record_base {
    uint32_t crc;
    uint32_t format;
    uint64_t index, term;
    struct digest chain;
};

static inline size_t record_size(const struct record *r)
{
    return sizeof(struct record_header) + r->payload.n;
}
void record_encode(const struct record *r, const struct digest *previous, void *place);
/* Checks everything that one record can tell by itself. The payload points into bytes. On E_CORRUPT
 * *what says why, in words that continue "entry 7: ". */
int record_decode(const void *bytes, size_t n, uint64_t index, struct record *out,
                  struct digest *previous, const char **what);
/* The chain after this record. */
struct digest record_chain(const struct digest *previous, const struct record *r);

void record_base_seal(struct record_base *base);
int record_base_decode(const void *bytes, size_t n, struct record_base *out);

#endif
