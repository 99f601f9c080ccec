/* As many pods as wanted: creating what is missing, deleting what is too much. */
#include "actors/controllers/acting.h"
#include "actors/controllers/replica_sets.h"
#include "base/mem.h"
#include "proto/names.h"

#include <stdio.h>

enum { TOLD_PER_BURST = 10, BACKOFF_FIRST_MS = 100, BACKOFF_DOUBLINGS = 9 };

int64_t replica_wanted(const struct replica_set *s)
{
    int64_t n = mp_i64(doc_path(s->object->body, "spec.replicas"), 1);
    return n < 0 ? 0 : n;
}

void replica_failure(struct replica_set *s, const char *why)
{
    mem_free(s->failure);
    s->failure = why ? mem_strdup(why) : NULL;
    s->tried = true;
}

static void create_failed(struct replica_set *s, const struct result *r)
{
    struct replica_controller *c = s->controller;
    if (r->http == 409) return; /* the name was taken: the next one will not be */
    uint32_t doublings = s->failures < BACKOFF_DOUBLINGS ? s->failures : BACKOFF_DOUBLINGS;
    s->create_at_ms = c->now_ms + ((uint64_t)BACKOFF_FIRST_MS << doublings);
    if (r->http != 429 && r->http != 503 && r->http != 504) { /* those are about us, not about it */
        s->failures++;
        replica_failure(s, r->message);
        if (s->object)
            recorder_tell(replica_recorder(s), s->object, "Warning", "FailedCreate",
                          "Error creating: %s", r->message);
    }
}

static void create_done(struct command *command, const struct result *r)
{
    struct replica_set *s = command->data;
    s->creating--;
    if (r->http >= 400) {
        create_failed(s, r);
    } else {
        s->failures = 0;
        replica_failure(s, NULL);
        if (s->object && s->to_tell) {
            s->to_tell--;
            recorder_tell(replica_recorder(s), s->object, "Normal", "SuccessfulCreate",
                          "Created pod: %s", command->name);
        }
    }
    /* A refusal may have come at once, in the middle of a turn: the next look is not in this one.
     */
    if (s->object && r->http >= 400)
        agenda_at(&s->controller->agenda, &s->agenda, s->controller->now_ms + 1);
    else if (s->object)
        agenda_soon(&s->controller->agenda, &s->agenda);
    replica_set_release(s);
}

static void create_one(struct replica_set *s, struct str generate)
{
    struct replica_controller *c = s->controller;
    unsigned char random[8];
    char suffix[6], name[80];
    struct host *host = system_host(c->system);
    host->random(host, random, sizeof random);
    name_suffix(random, suffix);
    snprintf(name, sizeof name, "%.*s%s", (int)generate.n, generate.p, suffix);
    struct command *command =
        command_new(COMMAND_CREATE, kind_pod, s->space->ns, str_of(name), replica_who(s));
    command->cause = s->scale_cause;
    command->body = doc_ref(s->pod_body);
    command->node = s->pod_node;
    command->done = create_done;
    command->data = s;
    s->creating++;
    system_send(c->system, command);
}

static unsigned create_missing(struct replica_set *s, uint64_t missing, unsigned budget)
{
    struct replica_controller *c = s->controller;
    if (c->now_ms < s->create_at_ms) {
        agenda_at(&c->agenda, &s->agenda, s->create_at_ms);
        return 0;
    }
    unsigned n = missing < budget ? (unsigned)missing : budget;
    if (s->failures && n > 1) n = 1; /* one scout, until one comes through */
    replica_template_refresh(s);
    struct doc *body = doc_ref(s->pod_body);
    struct str generate = mp_str(doc_path(body, "metadata.generateName"));
    unsigned sent = 0;
    while (sent < n && s->object && c->now_ms >= s->create_at_ms) {
        create_one(s, generate);
        sent++;
    }
    doc_unref(body);
    if (sent < missing) agenda_at(&c->agenda, &s->agenda, c->now_ms + 1);
    return sent;
}

void replica_spare(struct replica_set *s)
{
    mem_free(s->victims);
    s->victims = NULL;
    s->victim_count = s->victim_at = 0;
}

/* All victims are chosen at once, in one sort, and then deleted over as many turns as it takes. */
static void choose_victims(struct replica_set *s, uint64_t extra)
{
    replica_spare(s);
    s->victims = mem_alloc(extra * sizeof *s->victims);
    s->victim_count = replica_rank(s, s->victims, extra);
}

static unsigned delete_extra(struct replica_set *s, uint64_t extra, unsigned budget)
{
    struct replica_controller *c = s->controller;
    if (s->victim_at == s->victim_count) choose_victims(s, extra);
    unsigned sent = 0;
    while (sent < extra && sent < budget && s->victim_at < s->victim_count) {
        struct uid *victim = &s->victims[s->victim_at++];
        const struct object *pod = map_get(&s->pods, victim, sizeof *victim);
        if (!pod || pod->deleted_s || replica_busy(c, pod)) continue;
        replica_errand_send(s, pod, acting_on(COMMAND_DELETE, pod, replica_who(s), s->scale_cause));
        sent++;
    }
    if (sent < extra) agenda_at(&c->agenda, &s->agenda, c->now_ms + 1);
    return sent;
}

/* Creates and deletes are never on their way at the same time: each answer that is still out makes
 * the count here an underestimate of what was done, and so never leads to doing it twice. */
unsigned replica_scale(struct replica_set *s, unsigned budget)
{
    if (s->object->deleted_s || !s->selector || s->claiming) return 0;
    uint64_t wanted = (uint64_t)replica_wanted(s), active = s->active;
    if (!s->creating && !s->deleting) s->to_tell = TOLD_PER_BURST;
    if (active + s->creating < wanted && !s->deleting)
        return create_missing(s, wanted - active - s->creating, budget);
    if (active > wanted + s->deleting && !s->creating)
        return delete_extra(s, active - wanted - s->deleting, budget);
    if (active <= wanted) replica_spare(s);
    if (active == wanted) replica_failure(s, NULL);
    return 0;
}
