/* What goes by the wall clock, which jumps: the times in the log never go back, and nothing is
 * removed for its age before the clock of any master could say that it is old enough. What does not
 * go by it (the silence of nodes, evictions) is in check_nodes.c. */
#include "sim.h"

#include "actors/behavior.h"
#include "actors/controllers/controllers.h"
#include "proto/timefmt.h"

static const char *const ages[] = {
    "system:event-expiry", "system:serviceaccount:kube-system:ttl-after-finished-controller"};

/* The latest that any master's clock has said. */
static int64_t clocks_latest_ms(const struct sim *s)
{
    return SIM_WALL_MS + (int64_t)(s->now_us / MS) + s->wall_most_ms;
}

/* When it was finished, as its status says; -1: it was not. */
static int64_t job_ended_s(const struct object *job)
{
    static const char *const ends[] = {"Complete", "Failed"};
    int64_t us;
    for (unsigned i = 0; i < 2; i++) {
        struct mp condition = status_condition(job->status, ends[i]);
        if (mp_is(mp_get(condition, "status"), "True") &&
            time_parse(mp_str(mp_get(condition, "lastTransitionTime")), &us))
            return us / US;
    }
    return -1;
}

static void clocks_check_event(struct sim *s, const struct change *c)
{
    int64_t written = truth_fact(s, c->before->revision)->time_ms, age;
    s->counts.expired++;
    age = clocks_latest_ms(s) - written;
    if (lie_now(s, LIE_NEWS_EARLY)) age = 0;
    if (age < controller_times_default.event_ttl_ms)
        sim_fail(s, "event %s was removed when it was %lld s old at most", c->before->id->name,
                 (long long)(age / 1000));
}

static void clocks_check_job(struct sim *s, const struct change *c)
{
    int64_t life_s = mp_i64(doc_path(c->before->body, "spec.ttlSecondsAfterFinished"), -1);
    int64_t ended_s = job_ended_s(c->before), now_s = clocks_latest_ms(s) / 1000;
    s->counts.outlived++;
    if (lie_now(s, LIE_JOB_EARLY)) ended_s = -1;
    if (life_s < 0 || ended_s < 0 || now_s < ended_s + life_s)
        sim_fail(s,
                 "job %s was removed before its time: finished at %lld, to live %lld s, now %lld",
                 c->before->id->name, (long long)ended_s, (long long)life_s, (long long)now_s);
}

void clocks_check(struct sim *s, const struct change *c)
{
    const struct fact *before = truth_fact(s, c->revision - 1);
    int64_t last = lie_now(s, LIE_TIME_BACK) ? INT64_MAX : before->time_ms;
    if (c->time_ms < last)
        sim_fail(s, "revision %llu is of %lld ms, the one before it of %lld",
                 (unsigned long long)c->revision, (long long)c->time_ms, (long long)last);
    bool goes = c->before && (!c->after || (c->after->deleted_s && !c->before->deleted_s));
    if (goes && str_is(c->txn->who, ages[0])) clocks_check_event(s, c);
    if (goes && str_is(c->txn->who, ages[1])) clocks_check_job(s, c);
}
