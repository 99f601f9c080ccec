/* How often this process took each rare path of the store: what damage, a full disk or a crash
 * leads to. For the simulation, which must reach them all, and for whoever asks why. Counted for
 * the process, not for a store; any thread; never on a path that every commit takes. */
#ifndef LOGSHIP_STORE_MARKS_H
#define LOGSHIP_STORE_MARKS_H

#include <stdint.h>

/* clang-format off */
#define STORE_MARKS(X) \
    X(slot_replaced) X(slot_write_finished) X(slots_lost) X(past_replaced) X(past_lost) \
    X(leftover_swept) X(reset_finished) X(segment_rolled) X(segment_cut) X(pages_damaged) \
    X(record_damaged) X(log_shortened) X(append_full) X(write_failed) X(ballast_released) \
    X(ballast_refilled) X(keyframe_damaged) X(keyframe_full) X(backfill_noted) X(scrub_segment) \
    X(scrub_keyframe) X(scrub_gave_way)
/* clang-format on */

enum store_mark {
#define X(name) STORE_MARK_##name,
    STORE_MARKS(X)
#undef X
        STORE_MARK_COUNT
};

void store_mark(enum store_mark which);
uint64_t store_marked(enum store_mark which);

#endif
