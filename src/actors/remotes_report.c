#include "actors/remotes_internal.h"

#include "base/trace.h"

/* The outcome of a pod's report. What could not be taken now is asked for again; what speaks of a
 * pod that is no more is answered with that news. */
static void remotes_reported(struct command *c, const struct result *result)
{
    struct remotes *r = c->data;
    if (result->http < 400) return;
    struct remote *remote = remote_of(r, c->node);
    if (!remote->edge) return;
    bool later = result->http == 429 || result->http >= 500;
    bool foreign = c->kind == kind_pod && (result->http == 404 || result->http == 409);
    if (!later && !foreign) {
        trace_warn("remotes", "%s: report on %s refused: %s", remote->name, c->name,
                   result->message);
        return;
    }
    struct remote_message *m =
        remotes_say(remote->edge, remote->link, later ? NODEWIRE_AGAIN : NODEWIRE_GONE);
    if (c->has_uid) m->uid = c->uid;
}

static void remotes_send(struct remotes *r, struct remote *remote, struct command *c)
{
    c->node = remote->name;
    c->data = r;
    c->done = remotes_reported;
    system_send(r->options.system, c);
}

static void report_pod(struct remotes *r, struct remote *remote, struct remote_report *report)
{
    enum command_op op = report->type == NODEWIRE_POD_GONE ? COMMAND_CONFIRM_GONE : COMMAND_STATUS;
    struct command *c = command_new(op, kind_pod, report->ns, str_of(report->name), remote->who);
    c->cause = report->revision;
    c->has_uid = true;
    c->uid = report->uid;
    c->status = report->status;
    report->status = NULL;
    remotes_send(r, remote, c);
}

static void report_node_status(struct remotes *r, struct remote *remote,
                               struct remote_report *report)
{
    if (!report->status) return;
    struct command *c =
        command_new(COMMAND_STATUS, kind_node, NULL, istr_str(remote->name), remote->who);
    c->status = report->status;
    report->status = NULL;
    remotes_send(r, remote, c);
}

static void report_event(struct remotes *r, struct remote *remote, struct remote_report *report)
{
    struct command *c =
        command_new(COMMAND_CREATE, kind_event, report->ns, str_of(report->name), remote->who);
    c->body = report->body;
    report->body = NULL;
    system_send(r->options.system, c);
}

static void hello_elsewhere(struct remotes *r, struct remote_edge *e,
                            const struct remote_report *report)
{
    struct remote_message *m = remotes_say(e, report->link, NODEWIRE_REDIRECT);
    const char *leader = r->options.leader ? r->options.leader(r->options.ctx) : NULL;
    m->address = leader ? mem_strdup(leader) : NULL;
    m->text = mem_strdup("not the leader");
    m->closes = true;
}

/* A node that could not be made (the disk is nearly full, the masters are overloaded) is sent away:
 * it says hello again later, which is the only moment at which it is made. */
static void hello_decided(struct command *c, const struct result *result)
{
    struct remotes *r = c->data;
    struct remote *remote = remote_of(r, istr_of(c->name));
    if (result->http < 400 || result->http == 409 || !remote->edge) return;
    remotes_say_bye(r, remote, NODEWIRE_REFUSE, result->message);
}

static void hello_make_node(struct remotes *r, struct remote *remote, struct remote_report *report)
{
    struct command *c =
        command_new(COMMAND_CREATE, kind_node, NULL, istr_str(remote->name), remote->who);
    c->body = report->body;
    report->body = NULL;
    c->data = r;
    c->done = hello_decided;
    system_send(r->options.system, c);
}

static void report_hello(struct remotes *r, struct remote_edge *e, struct remote_report *report)
{
    if (!system_leads(r->options.system)) {
        hello_elsewhere(r, e, report);
        return;
    }
    struct remote *remote = remote_of(r, report->node);
    if (remote->edge) {
        remotes_say_bye(r, remote, NODEWIRE_REFUSE, "another connection of this node took over");
    }
    remote->edge = e;
    remote->link = report->link;
    r->connected++;
    remotes_say(e, report->link, NODEWIRE_WELCOME)->heartbeat_ms = r->options.heartbeat_ms;
    if (!world_get(r->world, kind_node, NULL, istr_str(remote->name)))
        hello_make_node(r, remote, report);
    if (!remote->edge) return;
    report_node_status(r, remote, report);
    struct ident *id;
    for (size_t i = 0; (id = map_next(&remote->pods, &i));) {
        struct object *pod = remotes_pod(r, id);
        if (pod) remotes_say_pod(r, remote, pod);
    }
    remotes_say(e, report->link, NODEWIRE_SYNCED);
}

static void report_take(struct remotes *r, struct remote_edge *e, struct remote_report *report,
                        uint64_t now_ms)
{
    struct remote *remote = remote_of(r, report->node);
    if (report->type == NODEWIRE_HELLO) {
        report_hello(r, e, report);
        if (remote->edge == NULL) return;
    }
    if (remote->edge != e || remote->link != report->link) return; /* of a link that was replaced */
    switch (report->type) {
    case NODEWIRE_HELLO:
    case NODEWIRE_BEAT:
        if (r->options.beat) r->options.beat(r->options.beats, remote->name, now_ms);
        break;
    case NODEWIRE_NODE_STATUS:
        report_node_status(r, remote, report);
        break;
    case NODEWIRE_POD_STATUS:
    case NODEWIRE_POD_GONE:
        report_pod(r, remote, report);
        break;
    case NODEWIRE_EVENT:
        report_event(r, remote, report);
        break;
    case REPORT_CLOSED:
        remote->edge = NULL;
        r->connected--;
        break;
    default:
        break;
    }
}

void remotes_report(struct remotes *r, struct remote_edge *e, struct remote_report *reports,
                    size_t count)
{
    struct host *host = system_host(r->options.system);
    uint64_t now_ms = host->monotonic_ms(host);
    for (size_t i = 0; i < count; i++) {
        report_take(r, e, &reports[i], now_ms);
        remote_report_free(&reports[i]);
    }
    remotes_flush(r);
}

void remote_report_free(struct remote_report *report)
{
    mem_free(report->name);
    doc_unref(report->body);
    doc_unref(report->status);
    *report = (struct remote_report){0};
}
