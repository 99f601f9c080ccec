/* Term and vote, in a file of their own.
 *
 * Both slots hold the same value; store_slot_set writes and syncs one after the other. So whatever
 * instant a crash picks, one slot is whole and holds either the new value or the one before (which
 * then was never acknowledged); and a slot that rots later never takes the term back, as it might
 * if the other slot held the previous value. */
#include "store/files.h"
#include "store/inside.h"
#include "store/marks.h"

#include "base/trace.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

static const char slot_magic[8] = "slot 01\n";

struct slot_bytes {
    char magic[8];
    uint64_t sequence, term, vote;
    uint32_t reserved, crc; /* of the whole slot but itself */
};

static uint32_t slot_crc(const unsigned char *bytes)
{
    uint32_t crc = crc32c(0, bytes, offsetof(struct slot_bytes, crc));
    return crc32c(crc, bytes + sizeof(struct slot_bytes), SLOT_SIZE - sizeof(struct slot_bytes));
}

void slot_encode(const struct slot_value *v, unsigned char out[SLOT_SIZE])
{
    struct slot_bytes b = {.sequence = v->sequence, .term = v->term, .vote = v->vote};
    memcpy(b.magic, slot_magic, sizeof b.magic);
    memset(out, 0, SLOT_SIZE);
    memcpy(out, &b, sizeof b);
    b.crc = slot_crc(out);
    memcpy(out, &b, sizeof b);
}

int slot_decode(const unsigned char *bytes, struct slot_value *out)
{
    struct slot_bytes b;
    memcpy(&b, bytes, sizeof b);
    if (memcmp(b.magic, slot_magic, sizeof b.magic) != 0 || b.crc != slot_crc(bytes))
        return E_CORRUPT;
    *out = (struct slot_value){b.sequence, b.term, b.vote};
    return 0;
}

int slots_create(struct store *s, struct error *err)
{
    unsigned char bytes[2 * SLOT_SIZE];
    const struct slot_value zero = {.sequence = 1};
    slot_encode(&zero, bytes);
    memcpy(bytes + SLOT_SIZE, bytes, SLOT_SIZE);
    return files_replace(s->dir, "slots", bytes, sizeof bytes, !s->no_sync, err);
}

static int slots_write(struct store *s, const struct slot_value *v, struct error *err)
{
    unsigned char bytes[SLOT_SIZE];
    slot_encode(v, bytes);
    for (int i = 0; i < 2; i++) {
        int rc = files_write_at(s->slots.fd, bytes, sizeof bytes, (uint64_t)i * SLOT_SIZE);
        if (!rc && !s->no_sync && fdatasync(s->slots.fd)) rc = -errno;
        if (!rc) continue;
        errno = -rc;
        return files_errno(err, "write", "slots");
    }
    return 0;
}

/* Both slots as they stand in the file: which are whole, and the newest value. */
static int slots_read(const struct store *s, bool whole[2], struct slot_value *newest, bool *equal,
                      struct error *err)
{
    mem_auto char *path = mem_printf("%s/slots", s->dir);
    unsigned char bytes[2 * SLOT_SIZE + 1] = {0};
    size_t n;
    int rc = files_read(path, bytes, sizeof bytes, &n, err);
    if (rc) return rc;
    if (n != sizeof bytes - 1)
        return error_set(err, E_CORRUPT, "slots: the file has %zu bytes instead of %d", n,
                         2 * SLOT_SIZE);
    struct slot_value v[2];
    for (int i = 0; i < 2; i++) whole[i] = slot_decode(bytes + i * SLOT_SIZE, &v[i]) == 0;
    if (!whole[0] && !whole[1]) {
        store_mark(STORE_MARK_slots_lost);
        return error_set(err, E_CORRUPT,
                         "slots: both copies of term and vote are damaged, this master might vote "
                         "twice");
    }
    int pick = !whole[0] || (whole[1] && v[1].sequence > v[0].sequence);
    *newest = v[pick];
    *equal = whole[0] && whole[1] && v[0].sequence == v[1].sequence;
    return 0;
}

int slots_open(struct store *s, struct error *err)
{
    bool whole[2] = {false}, equal = false;
    struct slot_value newest = {0};
    int rc = slots_read(s, whole, &newest, &equal, err);
    if (rc) return rc;
    mem_auto char *path = mem_printf("%s/slots", s->dir);
    if (s->slots.fd >= 0) close(s->slots.fd);
    s->slots.fd = open(path, (s->read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC);
    if (s->slots.fd < 0) return files_errno(err, "open", path);
    s->slots.sequence = newest.sequence;
    s->slots.term = newest.term;
    s->slots.vote = newest.vote;
    if (equal || s->read_only) return 0;
    store_mark(whole[0] && whole[1] ? STORE_MARK_slot_write_finished : STORE_MARK_slot_replaced);
    for (int i = 0; i < 2; i++)
        if (!whole[i])
            trace_warn("store", "slots: copy %d is damaged, the other one is used", i + 1);
    return slots_write(s, &newest, err);
}

int slots_check(const struct store *s, uint64_t *out_term, store_report_fn *report, void *ctx)
{
    bool whole[2] = {false}, equal = false;
    struct slot_value newest = {0};
    struct error err = {0};
    int rc = slots_read(s, whole, &newest, &equal, &err);
    if (rc) {
        report(ctx, true, err.text);
        return rc;
    }
    *out_term = newest.term;
    if (!whole[0] || !whole[1]) {
        report(ctx, true,
               whole[0] ? "slots: the second copy of term and vote is damaged"
                        : "slots: the first copy of term and vote is damaged");
        return E_CORRUPT;
    }
    return 0;
}

void store_slot_get(const struct store *s, uint64_t *out_term, uint64_t *out_vote)
{
    *out_term = s->slots.term;
    *out_vote = s->slots.vote;
}

int store_slot_set(struct store *s, uint64_t term, uint64_t vote, struct error *err)
{
    assert(!s->read_only);
    const struct slots *now = &s->slots;
    if (term == now->term && now->vote != 0 && vote != now->vote && !s->second_votes)
        trace_fatal("store",
                    "S5: in term %" PRIu64 " this master has voted for %" PRIu64
                    " and must not vote for %" PRIu64,
                    term, now->vote, vote);
    if (term < now->term)
        return error_set(err, E_INVALID, "term %" PRIu64 " is behind the stored term %" PRIu64,
                         term, now->term);
    struct slot_value next = {now->sequence + 1, term, vote};
    int rc = slots_write(s, &next, err);
    if (rc) return rc;
    s->slots.sequence = next.sequence;
    s->slots.term = term;
    s->slots.vote = vote;
    return 0;
}
