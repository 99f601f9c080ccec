/* Tells of quotas: status.hard and status.used, as admission counts them. The counting itself is
 * not here (admission/quota.h): it has to be right before anything is told. */
#include "actors/admission/quota.h"
#include "actors/admission/admission.h"
#include "actors/controllers/acting.h"
#include "actors/controllers/controllers.h"
#include "base/mem.h"

enum { LOOKS_PER_TURN = 500, AGAIN_MS = 1000 };

struct quota_controller {
    struct subscriber subscriber;
    struct system *system;
    struct quotas *quotas;
    istr who;
    uint32_t every_ms;
    uint64_t now_ms;
};

static struct quota_controller *controller_of(struct subscriber *s)
{
    return container_of(s, struct quota_controller, subscriber);
}

static struct doc *status_now(const struct quota *q)
{
    buf_auto struct buf b = BUF_INIT, text = BUF_INIT;
    struct mp hard = doc_path(q->object->body, "spec.hard");
    uint32_t known = 0;
    bool limits = hard.type == MP_MAP;
    mp_put_map(&b, limits ? 2 : 0);
    if (!limits) return doc_from_buf(&b);
    mp_put_z(&b, "hard");
    mp_put(&b, hard);
    mp_put_z(&b, "used");
    size_t mark = mp_begin(&b);
    for (unsigned i = 0; i < q->count; i++) {
        const struct quota_line *line = &q->lines[i];
        if (line->measure.of == MEASURE_NOTHING) continue;
        buf_clear(&text);
        quota_put(&text, line, line->used);
        mp_put_str(&b, line->name);
        mp_put_str(&b, (struct str){text.data, text.len});
        known++;
    }
    mp_end_map(&b, mark, known);
    return doc_from_buf(&b);
}

/* The quota may have gone meanwhile; one of its name is looked at again in any case. */
static void status_done(struct command *command, const struct result *r)
{
    struct quota_controller *c = command->data;
    struct quota *q = quotas_find(c->quotas, command->ns, str_of(command->name));
    if (!q) return;
    q->status_flying = false;
    agenda_at(&c->quotas->agenda, &q->agenda,
              r->http < 400 ? q->status_at_ms : c->now_ms + AGAIN_MS);
}

static void look_at(struct quota_controller *c, struct quota *q)
{
    if (q->status_flying || q->object->deleted_s) return;
    struct doc *status = status_now(q);
    if (mp_same(doc_root(status), doc_root(q->object->status))) {
        doc_unref(status);
    } else if (c->now_ms < q->status_at_ms) {
        agenda_at(&c->quotas->agenda, &q->agenda, q->status_at_ms);
        doc_unref(status);
    } else {
        struct command *command = acting_on(COMMAND_STATUS, q->object, c->who, q->object->revision);
        command->status = status;
        command->done = status_done;
        command->data = c;
        q->status_flying = true;
        q->status_at_ms = c->now_ms + c->every_ms;
        system_send(c->system, command);
    }
}

static void quota_changed(struct subscriber *s, const struct change *c)
{
    (void)s; /* admission has put on the agenda whatever it concerns */
    (void)c;
}

/* What a leader before did not come to tell. */
static void quota_lead(struct subscriber *s, bool leads)
{
    struct quota_controller *c = controller_of(s);
    struct world *w = system_world(c->system);
    for (struct actor *a = world_first(w, kind_quota, NULL); leads && a; a = world_next(a, NULL)) {
        struct quota *q = quotas_find(c->quotas, a->ns, actor_name(a));
        q->status_flying = false;
        q->status_at_ms = 0;
        agenda_soon(&c->quotas->agenda, &q->agenda);
    }
}

static void quota_turn(struct subscriber *s, uint64_t now_ms)
{
    struct quota_controller *c = controller_of(s);
    c->now_ms = now_ms;
    struct agenda_item *item;
    for (unsigned n = 0; n < LOOKS_PER_TURN && (item = agenda_take(&c->quotas->agenda, now_ms));
         n++)
        look_at(c, container_of(item, struct quota, agenda));
}

struct subscriber *quota_controller_new(struct system *s, const struct controller_times *times)
{
    struct quota_controller *c = mem_new(struct quota_controller);
    c->subscriber = (struct subscriber){
        .name = "quota", .changed = quota_changed, .lead = quota_lead, .turn = quota_turn};
    c->system = s;
    c->quotas = admission_quotas(system_world(s)->admission);
    c->who = istr_of("system:serviceaccount:kube-system:resourcequota-controller");
    c->every_ms = (times ? times : &controller_times_default)->status_every_ms;
    world_subscribe(system_world(s), &c->subscriber);
    return &c->subscriber;
}

void quota_controller_free(struct subscriber *s)
{
    list_remove(&s->link);
    mem_free(controller_of(s));
}
