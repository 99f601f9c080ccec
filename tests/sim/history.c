/* What clients saw against what was committed: strict serializability with the log as witness.
 *
 * Revisions are one total order that clients see, so the order to be proved is known. Each
 * answered operation is put at the lowest revision at which its answer is true, at or after those
 * of all operations that had ended when it began, and not after what was committed when it
 * ended. If there is none, the history is not linearizable. Open operations may be anywhere after
 * their begin, once, or nowhere. An acknowledged write must be in the log, a refused one must not.
 */
#include "sim.h"

struct version {
    uint64_t revision, value;
    bool exists;
};

struct versions {
    struct version *list;
    size_t count;
};

size_t history_begin(struct sim *s, struct op op)
{
    struct history *h = &s->history;
    if (h->count == h->room) {
        h->room = h->room ? h->room * 2 : 256;
        h->ops = mem_resize(h->ops, h->room * sizeof *h->ops);
    }
    h->ops[h->count] = op;
    return h->count++;
}

static struct versions *history_versions(struct sim *s)
{
    struct versions *all = mem_zalloc(s->key_count * sizeof *all);
    for (unsigned k = 0; k < s->key_count; k++) {
        all[k].list = mem_zalloc((s->truth.revision + 2) * sizeof *all[k].list);
        all[k].count = 1;
    }
    for (uint64_t r = 1; r <= s->truth.revision; r++) {
        struct fact *f = truth_fact(s, r);
        if (f->key < 0 || (unsigned)f->key >= s->key_count) continue;
        struct versions *v = &all[f->key];
        v->list[v->count++] = (struct version){r, f->value, f->exists};
    }
    return all;
}

/* Everything about one key, instead of what happened last. */
static void history_story(struct sim *s, const struct op *wrong)
{
    uint64_t from =
        wrong->invoked_us > 30 * (uint64_t)US ? wrong->invoked_us - 30 * (uint64_t)US : 0;
    for (uint64_t r = 1; r <= s->truth.revision; r++) {
        struct fact *f = truth_fact(s, r);
        if (f->key == wrong->key)
            printf("  log r%llu (%.6f s): k%d %s %llu\n", (unsigned long long)r,
                   (double)f->folded_us / US, f->key, event_type_name(f->type),
                   (unsigned long long)f->value);
    }
    for (size_t i = 0; i < s->history.count; i++) {
        const struct op *op = &s->history.ops[i];
        if (op->key != wrong->key || op->kind == OP_SCALE || op->kind == OP_LIST ||
            op->invoked_us < from)
            continue;
        if (op->invoked_us > wrong->invoked_us + 30 * (uint64_t)US) break;
        printf("  %11.6f to %11.6f  c%u %s k%d %llu (if r%llu): %d r%llu value %llu%s\n",
               (double)op->invoked_us / US, (double)op->returned_us / US, op->client,
               op_names[op->kind], op->key, (unsigned long long)op->value,
               (unsigned long long)op->precondition, op->http, (unsigned long long)op->revision,
               (unsigned long long)op->seen_value, op == wrong ? "   <---" : "");
    }
}

/* Where the log has this operation, or 0. */
static uint64_t history_logged(struct sim *s, const struct op *op)
{
    if (op->kind == OP_READ || op->kind == OP_LIST) return 0;
    if (!op->web) return truth_request(s, &op->request);
    return op->kind == OP_DELETE ? log_removal(s, &op->uid) : log_value(s, op->value);
}

static void history_wrong(struct sim *s, const struct op *op, uint64_t floor, const char *what)
{
    history_story(s, op);
    sim_fail(s,
             "%s: client %u, %s of k%d (value %llu, if revision %llu), %.6f to %.6f s: answer %d, "
             "revision %llu, value %llu; not before revision %llu, not after %llu; in the log at "
             "%llu",
             what, op->client, op_names[op->kind], op->key, (unsigned long long)op->value,
             (unsigned long long)op->precondition, (double)op->invoked_us / US,
             (double)op->returned_us / US, op->http, (unsigned long long)op->revision,
             (unsigned long long)op->seen_value, (unsigned long long)floor,
             (unsigned long long)op->seen_limit, (unsigned long long)history_logged(s, op));
}

/* Is this answer, which changed nothing, true of this version? */
static bool history_fits(const struct op *op, const struct version *v)
{
    if (op->kind == OP_READ)
        return v->exists ? v->revision == op->revision && v->value == op->seen_value
                         : op->revision == 0;
    if (op->http == 404) return !v->exists;
    if (op->http == 409 && op->kind == OP_CREATE) return v->exists;
    /* Over HTTP without a precondition: it lost one race after the other, and gave up. */
    if (op->http == 409 && op->web && !op->precondition) return v->exists;
    if (op->http == 409) return v->exists && op->precondition && v->revision != op->precondition;
    if (op->http == 422) return v->exists && op->tested && v->value != op->tested;
    return true;
}

static uint64_t history_place_look(struct sim *s, const struct op *op, const struct versions *all,
                                   uint64_t floor)
{
    if (op->kind == OP_SCALE || op->http == 429 || op->http == 507) return floor;
    const struct versions *v = &all[op->key];
    for (size_t i = 0; i < v->count; i++) {
        uint64_t from = v->list[i].revision;
        bool last = i + 1 == v->count;
        if (!last && v->list[i + 1].revision <= floor) continue;
        if (from < floor) from = floor;
        if (from > op->seen_limit) break;
        if (history_fits(op, &v->list[i])) return from;
    }
    history_wrong(s, op, floor, "not linearizable");
    return 0;
}

/* The answer shows the version that was made. A master that got there by a keyframe has it no more:
 * over HTTP the object may be a later version then, or left out. */
static bool history_answer_fits(const struct op *op, const struct versions *v, size_t made)
{
    if (op->revision == v->list[made].revision) return true;
    if (!op->web) return false;
    for (size_t i = made + 1; i < v->count && v->list[i].revision <= op->seen_limit; i++)
        if (v->list[i].revision == op->revision) return v->list[i].value == op->seen_value;
    return !op->revision;
}

/* The answer to a DELETE over HTTP may not say which object it was. */
static uint64_t history_some_removal(const struct op *op, const struct versions *all,
                                     uint64_t floor)
{
    const struct versions *v = &all[op->key];
    for (size_t i = 1; i < v->count; i++)
        if (!v->list[i].exists && v->list[i].revision >= floor) return v->list[i].revision;
    return 0;
}

/* An acknowledged write: it is in the log, and was right there. */
static uint64_t history_place_write(struct sim *s, const struct op *op, const struct versions *all,
                                    uint64_t floor)
{
    uint64_t at = history_logged(s, op);
    static const struct uid none;
    if (op->kind == OP_DELETE && op->web && uid_equal(&op->uid, &none))
        at = history_some_removal(op, all, floor);
    if (!at) {
        if (op->kind == OP_SCALE) return floor; /* nothing to change */
        history_wrong(s, op, floor, "an acknowledged write is not in the log");
    }
    if (at < floor || at > op->seen_limit) history_wrong(s, op, floor, "written out of order");
    if (op->kind == OP_SCALE) return at;
    const struct versions *v = &all[op->key];
    size_t i = 1;
    while (i < v->count && v->list[i].revision != at) i++;
    if (i == v->count) history_wrong(s, op, floor, "an acknowledged write went elsewhere");
    const struct version *before = &v->list[i - 1], *after = &v->list[i];
    bool right = op->kind == OP_DELETE ? !after->exists && before->exists
                                       : after->exists && after->value == op->value &&
                                             history_answer_fits(op, v, i) &&
                                             before->exists == (op->kind == OP_UPDATE);
    if (op->tested && before->value != op->tested) right = false;
    if (op->precondition && before->revision != op->precondition) right = false;
    if (!right) history_wrong(s, op, floor, "an acknowledged write did something else");
    return at;
}

/* A list tells its moment itself. */
static uint64_t history_place_list(struct sim *s, const struct op *op, uint64_t floor)
{
    if (op->http >= 400) return floor;
    if (op->revision < floor) history_wrong(s, op, floor, "a stale list");
    if (op->revision > op->seen_limit) history_wrong(s, op, floor, "a list of the future");
    return op->revision;
}

static int by_return(const void *a, const void *b)
{
    const struct op *x = *(const struct op *const *)a, *y = *(const struct op *const *)b;
    if (x->returned_us != y->returned_us) return x->returned_us < y->returned_us ? -1 : 1;
    return x < y ? -1 : x > y;
}

static void history_doctor(struct sim *s, struct op *op)
{
    if (!op->returned_us) return;
    if (op->kind == OP_LIST && op->http == 200) {
        if (lie_now(s, LIE_LIST_OLD)) op->revision = 1;
        if (lie_now(s, LIE_LIST_FUTURE)) op->revision = op->seen_limit + 1;
    }
    if (op->key < 0) return;
    if (op->kind == OP_READ && op->revision && lie_now(s, LIE_READ_OTHER)) op->seen_value++;
    if (op->kind == OP_UPDATE && op->http == 200 && lie_now(s, LIE_WRITE_OTHER))
        op->precondition = 1;
    if (op->kind != OP_CREATE || op->http != 201) return;
    if (lie_now(s, LIE_WRITE_REFUSED)) op->http = 409;
    if (lie_now(s, LIE_WRITE_LATE)) op->seen_limit = 1;
    if (lie_now(s, LIE_WRITE_LOST)) {
        op->value = ++s->next_value;
        memset(&op->request, 1, sizeof op->request);
    }
}

void history_check(struct sim *s)
{
    struct history *h = &s->history;
    struct versions *all = history_versions(s);
    uint64_t *place = mem_zalloc((h->count + 1) * sizeof *place), floor = 0;
    const struct op **ended = mem_alloc((h->count + 1) * sizeof *ended);
    size_t ended_count = 0, next = 0;
    for (size_t i = 0; i < h->count; i++)
        if (h->ops[i].returned_us) ended[ended_count++] = &h->ops[i];
    qsort(ended, ended_count, sizeof *ended, by_return);
    for (size_t i = 0; i < h->count; i++) {
        const struct op *op = &h->ops[i];
        if (s->lie) history_doctor(s, &h->ops[i]);
        for (; next < ended_count && ended[next]->returned_us < op->invoked_us; next++)
            if (place[ended[next] - h->ops] > floor) floor = place[ended[next] - h->ops];
        uint64_t logged = history_logged(s, op);
        if (!op->returned_us) {
            if (floor && lie_now(s, LIE_WRITE_EARLY)) logged = 1;
            if (logged && logged < floor)
                history_wrong(s, op, floor, "written before it was asked");
            continue;
        }
        if (op->http >= 400 && logged) history_wrong(s, op, floor, "refused, but carried out");
        if (op->kind == OP_LIST) {
            place[i] = history_place_list(s, op, floor);
            continue;
        }
        place[i] = op->http >= 400 || op->kind == OP_READ ? history_place_look(s, op, all, floor)
                                                          : history_place_write(s, op, all, floor);
    }
    for (unsigned k = 0; k < s->key_count; k++) mem_free(all[k].list);
    mem_free(all);
    mem_free(place);
    mem_free(ended);
}
