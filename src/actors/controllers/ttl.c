/* Jobs that have finished go after the time that they gave themselves. Who ran them does not
 * matter: finished is what their status says. */
#include "actors/behavior.h"
#include "actors/controllers/acting.h"
#include "actors/controllers/controllers.h"
#include "actors/controllers/lookout.h"
#include "base/mem.h"
#include "proto/timefmt.h"

enum { LOOKS_PER_TURN = 200 };

struct ttl {
    struct subscriber subscriber;
    struct lookout lookout;
    struct world *world;
};

static struct ttl *ttl_of(struct subscriber *s)
{
    return container_of(s, struct ttl, subscriber);
}

static bool finished_at(const struct object *job, int64_t *out_s)
{
    static const char *const ends[] = {"Complete", "Failed"};
    for (unsigned i = 0; i < 2; i++) {
        int64_t us;
        struct mp condition = status_condition(job->status, ends[i]);
        if (!mp_is(mp_get(condition, "status"), "True") ||
            !time_parse(mp_str(mp_get(condition, "lastTransitionTime")), &us))
            continue;
        *out_s = us / 1000000;
        return true;
    }
    return false;
}

/* The API defines it between a logged time and the present one, hence the wall clock. */
static void look_at(struct ttl *c, struct look *look)
{
    const struct object *job = world_get(c->world, kind_job, look->ns, look_name(look));
    int64_t ended_s,
        ttl_s = job ? mp_i64(doc_path(job->body, "spec.ttlSecondsAfterFinished"), -1) : -1;
    if (ttl_s < 0 || job->deleted_s || !finished_at(job, &ended_s)) return;
    int64_t left_s = ended_s + ttl_s - acting_wall_s(c->lookout.system);
    if (left_s > 0) {
        look_again_at(look, c->lookout.now_ms + (uint64_t)left_s * 1000);
        return;
    }
    struct command *command = acting_on_version(COMMAND_DELETE, job, c->lookout.who, look->cause);
    command->propagation = PROPAGATION_FOREGROUND;
    look_send(look, command);
}

static void ttl_changed(struct subscriber *s, const struct change *change)
{
    struct ttl *c = ttl_of(s);
    const struct object *job = change->after;
    if (job && job->id->kind == kind_job && !job->deleted_s && system_leads(c->lookout.system))
        lookout_add(&c->lookout, kind_job, job->id->ns, object_name(job), change->revision);
}

static void ttl_lead(struct subscriber *s, bool leads)
{
    struct ttl *c = ttl_of(s);
    lookout_clear(&c->lookout);
    if (leads) lookout_add_all(&c->lookout, kind_job);
}

static void ttl_turn(struct subscriber *s, uint64_t now_ms)
{
    struct ttl *c = ttl_of(s);
    struct look *look;
    for (unsigned n = 0; n < LOOKS_PER_TURN && (look = lookout_take(&c->lookout, now_ms)); n++) {
        look_at(c, look);
        look_end(look);
    }
}

struct subscriber *ttl_controller_new(struct system *s, const struct controller_times *times)
{
    (void)times;
    struct ttl *c = mem_new(struct ttl);
    c->subscriber = (struct subscriber){
        .name = "ttl-after-finished", .changed = ttl_changed, .lead = ttl_lead, .turn = ttl_turn};
    lookout_init(&c->lookout, s, "system:serviceaccount:kube-system:ttl-after-finished-controller");
    c->world = system_world(s);
    world_subscribe(c->world, &c->subscriber);
    return &c->subscriber;
}

void ttl_controller_free(struct subscriber *s)
{
    struct ttl *c = ttl_of(s);
    list_remove(&s->link);
    lookout_free(&c->lookout);
    mem_free(c);
}
