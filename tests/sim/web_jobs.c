/* Jobs that finish and give themselves a time to live: what the wall clocks of masters decide over.
 * Who runs them does not matter; this client says that they are done, by a clock that may be wrong
 * too. What may be removed, and when, is checked in check_clocks.c. */
#include "web.h"

#include "proto/timefmt.h"

enum { JOBS = 4 };

static void jobs_next(void *arg);

static void jobs_answered(void *arg, const struct web_answer *a)
{
    struct web *w = arg;
    if (a->http == 400 || a->http == 415 || a->http == 422)
        sim_fail(w->sim, "%s: is answered %d: %.*s", w->name, a->http,
                 (int)mp_str(mp_get(a->doc, "message")).n, mp_str(mp_get(a->doc, "message")).p);
    if (!a->http || a->http == 503) web_move(w);
    sim_after(w->sim, NULL, 1 + sim_below(w->sim, 20 * w->sim->profile.think_us), jobs_next, w);
}

static void jobs_make(struct web *w)
{
    static const unsigned lives_s[] = {0, 5, 60, 3600};
    struct sim *s = w->sim;
    mem_auto char *body = mem_printf(
        "{\"metadata\":{\"name\":\"j%llu\"},\"spec\":{\"ttlSecondsAfterFinished\":%u,\"template\":"
        "{\"spec\":{\"restartPolicy\":\"Never\",\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}"
        "}}",
        (unsigned long long)sim_below(s, JOBS), lives_s[sim_below(s, 4)]);
    web_call(w, "POST", "/apis/batch/v1/namespaces/default/jobs", "application/json", body,
             jobs_answered, w);
}

static void jobs_finish(struct web *w)
{
    struct sim *s = w->sim;
    char ended[32];
    int64_t now_s = 1700000000 + (int64_t)(s->now_us / US);
    time_format_s(now_s + (int64_t)sim_below(s, 120) - 60, ended);
    mem_auto char *body =
        mem_printf("{\"status\":{\"conditions\":[{\"type\":\"%s\",\"status\":\"True\","
                   "\"lastTransitionTime\":\"%s\"}]}}",
                   sim_chance(s, 700) ? "Complete" : "Failed", ended);
    mem_auto char *target = mem_printf("/apis/batch/v1/namespaces/default/jobs/j%llu/status",
                                       (unsigned long long)sim_below(s, JOBS));
    web_call(w, "PATCH", target, "application/merge-patch+json", body, jobs_answered, w);
}

static void jobs_next(void *arg)
{
    struct web *w = arg;
    if (!w->sim->writing) return;
    if (sim_chance(w->sim, 50)) web_move(w);
    if (sim_chance(w->sim, 500))
        jobs_make(w);
    else
        jobs_finish(w);
}

void web_jobs_start(struct sim *s)
{
    struct web *w = mem_new(struct web);
    web_init(w, s, "j1");
    sim_after(s, NULL, sim_below(s, 20 * s->profile.think_us), jobs_next, w);
}
