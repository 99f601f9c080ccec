/* A plot: faults that wait for their moment. Random faults seldom come in the order that a rare
 * defect needs; a plot is a list of beats, each a cue (what must be so) and deeds (what goes wrong
 * then), with actors A to F that are bound to masters as they turn up. It looks at the masters'
 * state after every event, and does nothing that could not happen. When a cue does not come in time
 * everything is mended and the plot begins anew; so one seed plays it several times. */
#ifndef LOGSHIP_TESTS_PLOT_H
#define LOGSHIP_TESTS_PLOT_H

#include "sim.h"

enum cue {
    CUE_NONE,   /* at once */
    CUE_LEADS,  /* who leads; the first beat that names an actor binds it to whom it is true of */
    CUE_READY,  /* and its own barrier is applied */
    CUE_TAIL,   /* who has an entry on its disk that is not committed */
    CUE_WRITES, /* something of who's is on its way to the disk */
    CUE_CAMPAIGNS, /* who asks for votes, not in advance */
    CUE_FOLLOWS,   /* who has heard of whom */
    CUE_COMMITS,   /* who has committed the noted entry */
    CUE_KEYFRAME,  /* who has a keyframe at the noted entry */
    CUE_STORES,    /* the noted entry is on who's disk */
    CUE_RECEIVES,  /* a keyframe is on its way to who */
    CUE_COMPLETES, /* who's log is completed for one */
    CUE_INSTALLS,  /* one is here, and takes the place of who's log */
};

enum deed {
    DEED_NONE,
    DEED_BIND,     /* who: any master that has no part yet */
    DEED_NOTE,     /* who's last entry */
    DEED_ISOLATE,  /* who, from everybody */
    DEED_REJOIN,   /* who, everybody */
    DEED_PART,     /* who and whom */
    DEED_MEET,     /* who and whom */
    DEED_CRASH,    /* who */
    DEED_START,    /* who */
    DEED_STICK,    /* who's disk stands still */
    DEED_FREE,     /* and goes on */
    DEED_TEAR,     /* who is killed in the middle of a write */
    DEED_SCRATCH,  /* who's history becomes unreadable */
    DEED_LOSE,     /* who, down: the newest segment of its log */
    DEED_FADE,     /* who, down: all its keyframes but the newest become unreadable */
    DEED_TRANSFER, /* who, leader, is asked to hand over to whom */
    DEED_TIMEOUT,  /* whom is told by who to campaign at once: the message of a transfer */
    DEED_DEMOTE,   /* who, leader, is asked to take whom's vote away */
};

struct act {
    enum deed deed;
    char who, whom;
};

struct beat {
    enum cue cue;
    char who, whom;
    unsigned late_ms; /* the deeds follow within so long */
    struct act acts[6];
};

/* A profile that is made for one guard: a small cluster and a plot. */
struct staging {
    const char *name;
    unsigned masters, clients;
    uint64_t delay_min, delay_max, disk_min, disk_max; /* us */
    bool reorder;
    unsigned seconds; /* 0: 10 */
    size_t segment_bytes;
    uint64_t keyframe_entries, trailing_entries;
    size_t piece_bytes, window_bytes;
    struct beat beats[14]; /* the last one is empty */
};

extern const struct staging stagings[];
extern const unsigned staging_count;
const struct staging *staging_find(const char *name);

#endif
