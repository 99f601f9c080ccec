/* The steps of pods, carried out on worker threads. */
#include "node/agent.h"

#include "base/trace.h"
#include "node/paths.h"

#include <stdio.h>
#include <time.h>

static int64_t now_s(void)
{
    return (int64_t)time(NULL);
}
static uint64_t now_ms(const struct agent *a)
{
    return uv_now(&a->loop) + 1; /* never 0 */
}

/* A step that is being carried out. The pod stays: it is not freed while its worker is busy. */
struct job {
    uv_work_t work;
    struct agent_pod *pod;
    struct node_driver *driver;
    struct pod_brief brief; /* own copies and references */
    struct pod_step step;
    unsigned attempt;
    char container[64];
    char *log_dir;
    bool refresh;
    char (*ids)[WORKER_ID]; /* of containers to be signalled */
    unsigned id_count;
    int rc;
    const char *reason;
    struct error err;
    char ip[64], id[DRIVER_ID], image_id[DRIVER_ID];
};

static void brief_copy(const struct pod_brief *from, struct pod_brief *to)
{
    *to = *from;
    to->ns = mem_strdup(from->ns);
    to->name = mem_strdup(from->name);
    to->body = doc_ref(from->body);
    to->needs = doc_ref(from->needs);
}

void pod_brief_free(struct pod_brief *b)
{
    mem_free(b->ns), mem_free(b->name);
    doc_unref(b->body), doc_unref(b->needs);
}

static int job_start(struct job *j)
{
    j->reason = "CreateContainerError";
    int rc = path_make_dir(j->log_dir, 0755, &j->err);
    if (rc < 0) return rc;
    if (j->attempt >= 2) { /* the log before this one is kept for --previous, older ones are not */
        mem_auto char *old = mem_printf("%s/%u.log", j->log_dir, j->attempt - 2);
        (void)remove(old);
    }
    mem_auto char *log = mem_printf("%s/%u.log", j->log_dir, j->attempt);
    return j->driver->start(j->driver, &j->brief, str_of(j->container), j->attempt, log, j->id,
                            j->image_id, &j->reason, &j->err);
}

static void job_work(uv_work_t *work)
{
    struct job *j = work->data;
    if (j->refresh) j->driver->refresh(j->driver, &j->brief);
    switch (j->step.kind) {
    case STEP_SETUP:
        j->rc = j->driver->setup(j->driver, &j->brief, j->ip, &j->reason, &j->err);
        break;
    case STEP_START:
        j->rc = job_start(j);
        break;
    case STEP_TERM:
    case STEP_KILL:
        for (unsigned i = 0; i < j->id_count; i++) {
            j->driver->kill(j->driver, j->ids[i], j->step.kind == STEP_KILL);
        }
        break;
    case STEP_TEARDOWN:
        j->driver->teardown(j->driver, &j->brief);
        break;
    case STEP_NONE:
    case STEP_GONE:
        break;
    }
}

static void job_start_done(struct job *j, struct agent_pod *p)
{
    unsigned i = j->step.container;
    if (j->rc == 0) {
        pod_worker_started(&p->worker, i, j->id, j->image_id, now_s());
        agent_event(p, false, "Started", "Started container %s", j->container);
        return;
    }
    trace_warn("node", "%s/%s: container %s: %s: %s", p->brief.ns, p->brief.name, j->container,
               j->reason, j->err.text);
    agent_event(p, true, "Failed", "Error: %s: %s", j->reason, j->err.text);
    pod_worker_start_failed(&p->worker, i, j->reason, j->err.text, now_ms(p->agent), now_s());
}

static void job_done(uv_work_t *work, int status)
{
    (void)status;
    struct job *j = work->data;
    struct agent_pod *p = j->pod;
    p->agent->jobs--;
    switch (j->step.kind) {
    case STEP_SETUP:
        if (j->rc == 0) {
            snprintf(p->brief.ip, sizeof p->brief.ip, "%s", j->ip);
            pod_worker_setup_done(&p->worker, j->ip);
        } else {
            trace_warn("node", "%s/%s: %s: %s", p->brief.ns, p->brief.name, j->reason, j->err.text);
            agent_event(p, true, j->reason, "%s", j->err.text);
            pod_worker_setup_failed(&p->worker, j->reason, j->err.text, now_ms(p->agent));
        }
        break;
    case STEP_START:
        job_start_done(j, p);
        break;
    case STEP_TEARDOWN:
        pod_worker_torn_down(&p->worker);
        break;
    default:
        pod_worker_signalled(&p->worker);
        break;
    }
    pod_brief_free(&j->brief);
    mem_free(j->log_dir);
    mem_free(j->ids);
    mem_free(j);
    agent_pod_step(p);
}

static struct job *job_new(struct agent_pod *p)
{
    struct job *j = mem_new(struct job);
    j->work.data = j;
    j->pod = p;
    j->driver = p->agent->driver;
    brief_copy(&p->brief, &j->brief);
    j->refresh = p->refresh;
    p->refresh = false;
    return j;
}

void agent_job_begin(struct agent_pod *p, struct pod_step step)
{
    struct job *j = job_new(p);
    j->step = step;
    if (step.kind == STEP_START) {
        struct worker_container *c = &p->worker.containers[step.container];
        j->attempt = c->restarts;
        snprintf(j->container, sizeof j->container, "%s", c->name);
        j->log_dir = agent_log_dir(p, c->name);
    }
    if (step.kind == STEP_TERM || step.kind == STEP_KILL) {
        j->ids = mem_zalloc((p->worker.count + 1) * sizeof *j->ids);
        for (unsigned i = 0; i < p->worker.count; i++) {
            struct worker_container *c = &p->worker.containers[i];
            if (c->state != CONTAINER_RUNNING) continue;
            memcpy(j->ids[j->id_count++], c->id, sizeof c->id);
            if (step.kind == STEP_TERM)
                agent_event(p, false, "Killing", "Stopping container %s", c->name);
        }
    }
    p->agent->jobs++;
    uv_queue_work(&p->agent->loop, &j->work, job_work, job_done);
}
