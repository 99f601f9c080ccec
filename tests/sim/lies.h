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
    X(QUEUE_LONG, "queue-long") X(AWAY_LOSES, "away-loses")
/* clang-format on */
enum lie {
#define X(name, text) LIE_##name,
    LIES(X)
#undef X
        LIE_COUNT
};
enum lie lie_find(const char *name);         /* LIE_NONE: there is none of this name */
bool lie_now(struct sim *s, enum lie which); /* once, when it is asked for the third time */

#endif
