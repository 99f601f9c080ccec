/* Which rare branches a run came to: the marks of src/raft and src/store, and the kinds of faults
 * that lead to them. A mark that nobody reaches proves nothing, so a run can be told to go on until
 * it has reached some, or all. */
#include "runner.h"

#include "raft/guards.h"
#include "store/marks.h"

#include <assert.h>

typedef unsigned long long ull;

enum { MARKS_ALL = MARK_COUNT + STORE_MARK_COUNT }; /* src/raft's, then src/store's */
static_assert((int)MARKS_ALL <= (int)SIM_MARKS_MAX, "they fit");

static const char *const names[] = {
#define X(name) #name,
    MARKS(X) STORE_MARKS(X)
#undef X
};

void marks_count(const struct sim *s, uint64_t marks[SIM_MARKS_MAX])
{
    memcpy(marks, s->marks, sizeof s->marks);
    for (unsigned i = 0; i < STORE_MARK_COUNT; i++) marks[MARK_COUNT + i] = store_marked(i);
}

void marks_took(struct run *run, uint64_t seed, const struct totals *t)
{
    for (unsigned i = 0; i < MARKS_ALL; i++)
        if (t->marks[i] && !run->totals.marks[i]) run->reached_at[i] = seed;
}

static unsigned marks_reached(const struct run *run)
{
    unsigned n = 0;
    for (unsigned i = 0; i < MARKS_ALL; i++) n += run->totals.marks[i] > 0;
    return n;
}

void marks_print(const struct run *run)
{
    printf("marks reached %u of %d:", marks_reached(run), MARKS_ALL);
    for (unsigned i = 0; i < MARKS_ALL; i++)
        if (run->totals.marks[i]) printf(" %s=%llu", names[i], (ull)run->totals.marks[i]);
    printf("\n");
}

void marks_write(const struct run *run, FILE *f)
{
    fprintf(f, "marks_reached %u\nmarks %d\n", marks_reached(run), MARKS_ALL);
    for (unsigned i = 0; i < MARKS_ALL; i++)
        fprintf(f, "mark.%s %llu\n", names[i], (ull)run->totals.marks[i]);
    for (unsigned i = 0; i < MARKS_ALL; i++)
        if (run->totals.marks[i])
            fprintf(f, "reached_at.%s %llu\n", names[i], (ull)run->reached_at[i]);
}

/* Is the name in a list with commas? */
static bool marks_listed(const char *list, const char *name)
{
    size_t n = strlen(name);
    for (const char *p = list; p && (p = strstr(p, name)) != NULL; p += n) {
        bool begins = p == list || p[-1] == ',', ends = p[n] == 0 || p[n] == ',';
        if (begins && ends) return true;
    }
    return false;
}

static bool marks_wanted(const struct run *run, const char *name)
{
    if (marks_listed(run->except, name)) return false;
    return run->require_marks || strcmp(run->reach, "all") == 0 || marks_listed(run->reach, name);
}

/* What is still missing of what the run is to reach: one after the other, from 0; NULL: no more. */
static const char *marks_missing(const struct run *run, unsigned *at)
{
    while (*at < FAULT_COUNT + MARKS_ALL) {
        unsigned i = (*at)++;
        bool fault = i < FAULT_COUNT;
        const char *name = fault ? fault_names[i] : names[i - FAULT_COUNT];
        uint64_t n = fault ? run->totals.counts.by_kind[i] : run->totals.marks[i - FAULT_COUNT];
        if (i != FAULT_NONE && !n && marks_wanted(run, name)) return name;
    }
    return NULL;
}

bool marks_enough(const struct run *run)
{
    return run->reach && !run->require_marks && !marks_missing(run, &(unsigned){0});
}

bool marks_unreached(const struct run *run)
{
    unsigned at = 0, n = 0;
    if (!run->reach && !run->require_marks) return false;
    for (const char *name; (name = marks_missing(run, &at)) != NULL; n++)
        printf("%s %s", n ? "," : "not reached:", name);
    if (n) printf("\n");
    return n > 0;
}

/* Every name of the list is one of a mark or of a kind of fault. */
bool marks_known(const char *list)
{
    size_t named = 0;
    for (unsigned i = 0; i < FAULT_COUNT + MARKS_ALL; i++) {
        const char *name = i < FAULT_COUNT ? fault_names[i] : names[i - FAULT_COUNT];
        if (marks_listed(list, name)) named += strlen(name) + 1;
    }
    return named == strlen(list) + 1 || strcmp(list, "all") == 0;
}
