/* The guards around libraft 0.15.0's known safety defects, one function each, named as in
 * ARCHITECTURE.md:
 *
 *   S1  a leader commits entries of an older term by counting replicas
 *   S2  a follower confirms a suffix that this leader never checked
 *   S3  a confirmation meant for the old leader is sent to the new one
 *   S4  a candidate runs on entries that are not on its disk yet
 *   S5  two votes in one term
 *   S6  a follower takes a commit index beyond what the message proved
 *   S7  a follower keeps a conflicting suffix instead of a needed snapshot
 *   S8  an uncommitted membership is taken for the committed one
 *   L1  (liveness) the answer to a pre-vote hides that the answerer's term is higher
 *
 * Each may be switched off (quorum_options.guards_off), so that the simulation can prove that it
 * finds the defect without it. */
#ifndef LOGSHIP_RAFT_GUARDS_H
#define LOGSHIP_RAFT_GUARDS_H

#include <stdbool.h>
#include <stdint.h>

struct quorum;
struct raft_message;
struct raft_append_entries;
struct raft_append_entries_result;
struct raft_request_vote;
struct raft_request_vote_result;
struct raft_configuration;

/* clang-format off */
#define MARKS(X) \
    X(S1_held) X(S2_clamped) X(S3_other_term) X(S4_tick_withheld) X(S4_vote_rewritten) X(S5_second_vote) \
    X(L1_term_told) \
    X(S6_clamped) X(S7_conflict) X(S8_foreign_change) X(bad_frame) \
    X(term_jump) X(unknown_sender) X(held_for_disk) X(held_dropped) X(append_trimmed) \
    X(piece_cut) X(window_full) X(send_failed) X(send_expired) X(stalled_tick_skipped) \
    X(leader_disk_stuck) X(leader_forgotten) X(commit_announced) X(became_leader) \
    X(lost_leadership) X(read_round) X(read_joined) X(read_late_answer) X(read_retried) \
    X(read_timeout) X(keyframe_begun) X(keyframe_done) X(keyframe_failed) X(keyframe_renewed) X(install_offered) \
    X(install_again) X(install_stalled) X(install_resumed) X(install_delivered) \
    X(install_refused) X(install_reset) X(install_unstuck) X(keyframe_ahead_of_log) X(keyframe_passed_over) \
    X(backfill_begun) X(backfill_searched) X(backfill_stored) X(backfill_done) X(backfill_without) \
    X(backfill_dropped) X(backfill_resumed) X(past_refused) \
    X(seat_lost) X(seat_given) X(seat_refused) X(seat_waits) X(seat_abstained) X(seat_held)
/* clang-format on */

enum mark {
#define X(name) MARK_##name,
    MARKS(X)
#undef X
        MARK_COUNT
};

bool guard_s1_holds(struct quorum *q);
void guard_s2_clamp(struct quorum *q, struct raft_append_entries_result *result);
void guard_s3_other_term(struct quorum *q, struct raft_append_entries_result *result);
bool guard_s4_withholds_tick(struct quorum *q);
void guard_s4_request_vote(struct quorum *q, struct raft_request_vote *vote);
void guard_l1_hidden_term(struct quorum *q, struct raft_request_vote_result *result);
bool guard_s5_second_vote(struct quorum *q, uint64_t candidate);
void guard_s6_clamp(struct quorum *q, struct raft_append_entries *args);
/* True: our entry at index conflicts with the snapshot's term and libraft would keep it. */
bool guard_s7_conflict(struct quorum *q, uint64_t index, uint64_t term);
bool guard_s8_foreign_change(struct quorum *q, const struct raft_configuration *conf);

#endif
