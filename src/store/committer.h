/* The real disk: one thread that commits. */
#ifndef LOGSHIP_STORE_COMMITTER_H
#define LOGSHIP_STORE_COMMITTER_H

#include "store/disk.h"

/* Answers are posted to `home`, the core's inbox. */
struct disk *committer_start(struct store *s, struct inbox *home);
/* Finishes what was submitted (E_CLOSED if the disk is full); the store stays open. Afterwards
 * `home` still holds the last answers: drain it. */
void committer_stop(struct disk *d);

#endif
