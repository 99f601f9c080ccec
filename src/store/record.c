#include "store/record.h"

#include <assert.h>
#include <stddef.h>

static_assert(sizeof(struct record_header) == 80, "no padding: every byte is checked");
static_assert(sizeof(struct record_base) == 56, "no padding: every byte is checked");

static uint32_t record_crc(const struct record_header *h, const void *payload, size_t n)
{
    uint32_t crc = crc32c(0, (const char *)h + sizeof h->crc, sizeof *h - sizeof h->crc);
    return crc32c(crc, payload, n);
}

void record_encode(const struct record *r, const struct digest *previous, void *place)
{
    struct record_header h = {
        .format = RECORD_FORMAT,
        .type = r->type,
        .index = r->index,
        .term = r->term,
        .first_revision = r->first_revision,
        .time_ms = r->time_ms,
        .length = r->payload.n,
        .previous = *previous,
    };
    h.crc = record_crc(&h, r->payload.p, r->payload.n);
    memcpy(place, &h, sizeof h);
    if (r->payload.n) memcpy((char *)place + sizeof h, r->payload.p, r->payload.n);
}

int record_decode(const void *bytes, size_t n, uint64_t index, struct record *out,
                  struct digest *previous, const char **what)
{
    struct record_header h;
    if (n < sizeof h) {
        *what = "too short for a header";
        return E_CORRUPT;
    }
    memcpy(&h, bytes, sizeof h);
    const char *payload = (const char *)bytes + sizeof h;
    if (h.length != n - sizeof h || h.crc != record_crc(&h, payload, n - sizeof h))
        *what = "checksum mismatch";
    else if (h.format != RECORD_FORMAT)
        *what = "written by an unknown version of the format";
    else if (h.index != index)
        *what = "another entry stands in its place";
    else
        *what = NULL;
    if (*what) return E_CORRUPT;
    *out = (struct record){.index = h.index,
                           .term = h.term,
                           .type = h.type,
                           .first_revision = h.first_revision,
                           .time_ms = h.time_ms,
                           .payload = {payload, h.length}};
    *previous = h.previous;
    return 0;
}

struct digest record_chain(const struct digest *previous, const struct record *r)
{
    const struct digest_part parts[] = {{previous, sizeof *previous},
                                        {&r->index, sizeof r->index},
                                        {&r->term, sizeof r->term},
                                        {&r->type, sizeof r->type},
                                        {r->payload.p, r->payload.n}};
    return digest_of_parts(parts, sizeof parts / sizeof *parts);
}

static uint32_t base_crc(const struct record_base *base)
{
    return crc32c(0, (const char *)base + sizeof base->crc, sizeof *base - sizeof base->crc);
}

void record_base_seal(struct record_base *base)
{
    base->format = RECORD_FORMAT;
    base->crc = base_crc(base);
}

int record_base_decode(const void *bytes, size_t n, struct record_base *out)
{
    struct record_base base;
    if (n != sizeof base) return E_CORRUPT;
    memcpy(&base, bytes, sizeof base);
    if (base.crc != base_crc(&base) || base.format != RECORD_FORMAT) return E_CORRUPT;
    *out = base;
    return 0;
}
