/* What a checker is told may be doctored, so that it is seen to fail: one lie a run (main.c:
 * --lie), at the place in a checker where lie_now is asked, or s->lie looked at. */
#ifndef LOGSHIP_TESTS_LIES_H
#define LOGSHIP_TESTS_LIES_H

#include <stdbool.h>

struct sim;

/* clang-format off */
#define LIES(X) \
    X(NONE, "none") X(WATCH_DROPS, "watch-drops") X(WATCH_SWAPS, "watch-swaps") \
    X(WATCH_REPEATS, "watch-repeats") X(WATCH_RENAMES, "watch-renames") X(FEED_SKIPS, "feed-skips") \
    X(READ_OTHER, "read-other") X(WRITE_LOST, "write-lost") X(WRITE_REFUSED, "write-refused") \
    X(WRITE_LATE, "write-late") X(LIST_SHORT, "list-short") X(LIST_STALE, "list-stale") \
    X(REQUEST_TWICE, "request-twice") X(FOLD_OTHER, "fold-other") X(STATE_OTHER, "state-other") \
    X(TWO_LEADERS, "two-leaders") X(VOTE_TWICE, "vote-twice") X(COMMIT_CHANGES, "commit-changes") \
    X(COMMIT_ALONE, "commit-alone") X(BOUND_TWICE, "bound-twice") X(POD_TWICE, "pod-twice") \
    X(SILENCE, "silence") X(FINALIZER, "finalizer") X(OWNER, "owner") X(SET_SHORT, "set-short") \
    X(QUEUE_LONG, "queue-long") X(AWAY_LOSES, "away-loses") \
    X(TERM_BACK, "term-back") X(LOG_OTHER, "log-other") X(LEADER_LACKS, "leader-lacks") \
    X(COUNTED_WRONG, "counted-wrong") X(APPLIED_AHEAD, "applied-ahead") \
    X(REVISION_GAP, "revision-gap") X(RESTORE_UNKNOWN, "restore-unknown") \
    X(LIST_OLD, "list-old") X(LIST_FUTURE, "list-future") X(WRITE_OTHER, "write-other") \
    X(WRITE_EARLY, "write-early") X(VALUE_TWICE, "value-twice") X(LIST_GHOST, "list-ghost") \
    X(LIST_ORDER, "list-order") X(LIST_ELSEWHERE, "list-elsewhere") X(PAGE_OTHER, "page-other") \
    X(WATCH_TYPE, "watch-type") X(BOOKMARK_EARLY, "bookmark-early") X(FEED_OTHER, "feed-other") \
    X(UNDELETED, "undeleted") X(FINALIZER_LATE, "finalizer-late") \
    X(NAMESPACE_GONE, "namespace-gone") X(NAMESPACE_GOING, "namespace-going") \
    X(NAMESPACE_FULL, "namespace-full") X(OWNER_BLOCKED, "owner-blocked") \
    X(OWNER_ORPHANS, "owner-orphans") X(LEFT_OVER, "left-over") X(EVICTED, "evicted") \
    X(DISAGREE, "disagree") X(POD_HANGS, "pod-hangs") X(NO_WRITES, "no-writes") \
    X(KEYFRAMES_MANY, "keyframes-many") X(NODE_UNREADY, "node-unready") X(NEWS_EARLY, "news-early") X(JOB_EARLY, "job-early") X(TIME_BACK, "time-back") X(STILL_BOUND, "still-bound") X(DISK_DAMAGED, "disk-damaged") \
    X(SCRUB_ALARM, "scrub-alarm") X(SCRUB_SILENT, "scrub-silent") X(SCRUB_BLIND, "scrub-blind") \
    X(SCRUB_STOPS, "scrub-stops") X(STOP_LOSES, "stop-loses") X(STOP_TEARS, "stop-tears") \
    X(STOP_HALTS, "stop-halts") X(QUOTA_OVER, "quota-over") X(QUOTA_TOLD, "quota-told") \
    X(LIMIT_BARE, "limit-bare") X(PRIORITY_OTHER, "priority-other") X(CUSTOM_BARE, "custom-bare") \
    X(CUSTOM_AGAINST, "custom-against") X(APPLY_OTHER, "apply-other") \
    X(DEFINITION_GONE, "definition-gone") X(DEFINITION_FULL, "definition-full")
/* clang-format on */
enum lie {
#define X(name, text) LIE_##name,
    LIES(X)
#undef X
        LIE_COUNT
};
enum lie lie_find(const char *name); /* LIE_NONE: there is none of this name */
const char *lie_name(enum lie lie);
bool lie_now(struct sim *s, enum lie which); /* once, when it is asked for the third time */

#endif
