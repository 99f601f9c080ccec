/* Container logs as conmon writes them: lines "TIME stream F|P text", where P marks a part of a
 * longer line. */
#ifndef LOGSHIP_NODE_LOG_READ_H
#define LOGSHIP_NODE_LOG_READ_H

#include "base/buf.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct log_filter {
    bool timestamps;
    int64_t since_us;    /* 0: everything */
    int64_t limit_bytes; /* what may still be given; -1: no limit */
    bool inside;         /* the line given last was a part */
};
/* Takes whole lines from the front of raw, appends what a reader shall see; the rest of raw stays.
 */
void log_filter(struct log_filter *f, struct buf *raw, struct buf *out);
/* Where the last n lines of the file begin. */
off_t log_tail(int fd, int64_t n);

#endif
