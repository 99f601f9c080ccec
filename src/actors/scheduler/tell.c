/* Telling pods why they wait: an Event and the PodScheduled condition, in Kubernetes' words.
 *
 * The text is worked out once for a line of pods. What a pod was told last is in its condition: it
 * is told again only when that is another text, at most every AGAIN_MS, and all telling together is
 * bounded, so that it never stands in the way of placing pods. */
#include "actors/scheduler/inside.h"

#include "actors/behavior.h"
#include "actors/controllers/acting.h"
#include "actors/scheduler/explain.h"

enum {
    AGAIN_MS = 10000,   /* between two texts for one line */
    REFRESH_MS = 30000, /* after that all are looked at again, in case something was lost */
    LINES_PER_TURN = 256,
    STEPS_PER_TURN = 1000
};

const struct allowance tell_allowance = {.per_s = 1000, .burst = 2000};

static void line_tell_from_first(struct line *line, uint64_t now_ms)
{
    line->news = false;
    line->told_upto = 0;
    line->told_ms = now_ms;
}

void tell_line(struct scheduler *s, struct line *line)
{
    if (list_empty(&line->telling)) list_push(&s->queue.telling, &line->telling);
}

void tell_again(struct scheduler *s)
{
    struct line *line;
    for (size_t i = 0; (line = map_next(&s->queue.lines, &i));) {
        line_tell_from_first(line, 0);
        line->why_ms = 0;
    }
}

/* Works out the text of a line, unless it has one that will do. false: there is none yet, and no
 * allowance left to work it out. */
static bool line_explain(struct scheduler *s, struct line *line, uint64_t now_ms, uint64_t work_end)
{
    const struct node_table *nodes = &s->placer.nodes;
    bool young = now_ms < line->why_ms + AGAIN_MS;
    if (line->why.len && (young || line->why_of == nodes->sequence)) return true;
    if (s->placer.work >= work_end) return line->why.len > 0;
    buf_auto struct buf why = BUF_INIT;
    explain(nodes, placer_view(&s->placer, line_first(line)->body), &why);
    s->placer.work += nodes->count;
    line->why_of = nodes->sequence;
    line->why_ms = now_ms;
    if (line->why.len && strcmp(line->why.data, why.data) == 0) return true;
    bool first = !line->why.len;
    buf_clear(&line->why);
    buf_append(&line->why, why.data, why.len);
    line->news = !first;
    if (first) line_tell_from_first(line, now_ms);
    return true;
}

static bool was_told(const struct object *pod, const struct buf *why)
{
    struct mp condition = status_condition(pod->status, "PodScheduled");
    return mp_is(mp_get(condition, "status"), "False") &&
           mp_is(mp_get(condition, "reason"), "Unschedulable") &&
           mp_is(mp_get(condition, "message"), why->data);
}

/* One pod; true: a command was sent. */
static bool pod_tell(struct scheduler *s, const struct pending *p, const struct buf *why)
{
    struct actor *a = world_by_uid(system_world(s->system), &p->uid);
    if (!a || !a->object || was_told(a->object, why)) return false;
    struct object *pod = object_ref(a->object);
    struct command *c = acting_on(COMMAND_UNSCHEDULABLE, pod, s->who, p->order);
    c->text[3] = mem_strdup(why->data);
    recorder_tell(s->recorder, pod, "Warning", "FailedScheduling", "%s", why->data);
    system_send(s->system, c);
    object_unref(pod);
    return true;
}

struct tell_limits {
    unsigned commands, steps;
};

/* Goes on with one line. true: all of it were told, and there is nothing newer to tell. */
static bool line_tell(struct scheduler *s, struct line *line, uint64_t now_ms, uint64_t work_end,
                      struct tell_limits *left)
{
    if (!line->blocked) return true; /* it is being tried again */
    if (!line_explain(s, line, now_ms, work_end)) return false;
    if ((line->news && now_ms >= line->told_ms + AGAIN_MS) || now_ms >= line->told_ms + REFRESH_MS)
        line_tell_from_first(line, now_ms);
    struct pending *p;
    while (left->commands && left->steps && (p = line_after(line, line->told_upto))) {
        left->steps--;
        line->told_upto = p->order;
        if (!pod_tell(s, p, &line->why)) continue;
        left->commands--;
        allowance_take(&s->commands, 1);
    }
    bool fresh = !line->news && line->why_of == s->placer.nodes.sequence;
    return fresh && !line_after(line, line->told_upto);
}

void tell_turn(struct scheduler *s, uint64_t now_ms, unsigned left, uint64_t work_end)
{
    uint64_t allowed = allowance_fill(&s->commands, now_ms);
    struct tell_limits limits = {left < allowed ? left : (unsigned)allowed, STEPS_PER_TURN};
    struct list *all = &s->queue.telling;
    for (unsigned n = LINES_PER_TURN; n && limits.commands && limits.steps && !list_empty(all);
         n--) {
        struct line *line = container_of(list_shift(all), struct line, telling);
        if (!line_tell(s, line, now_ms, work_end, &limits)) list_push(all, &line->telling);
    }
}
