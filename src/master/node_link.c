#include "master/node_gateway_internal.h"

#include "base/trace.h"
#include "proto/names.h"

enum { LINK_QUEUE_MAX = 32 * 1024 * 1024 }; /* unread by a node */

/* --- from nodes --- */

static void link_say(struct node_link *nl, const struct nodewire *m)
{
    struct node_gateway *g = nl->gateway;
    buf_clear(&g->frame);
    nodewire_write(m, &g->frame);
    link_send(nl->link, g->frame.data, g->frame.len, NULL, NULL);
}

static void link_refuse(struct node_link *nl, int code, const char *why)
{
    if (nl->closing) return;
    trace_warn("nodes", "%s%s%s: refused: %s", link_address(nl->link), nl->name ? " " : "",
               nl->name ? nl->name : "", why);
    link_say(nl, &(struct nodewire){.type = NODEWIRE_REFUSE, .text = str_of(why)});
    nl->closing = true;
    link_close(nl->link, code, why);
}

static struct doc *doc_of(struct str raw)
{
    return raw.n ? doc_new(raw.p, raw.n) : NULL;
}

static void node_hello(struct node_link *nl, const struct nodewire *m)
{
    struct node_gateway *g = nl->gateway;
    if (m->version != NODEWIRE_VERSION) {
        link_refuse(nl, E_UNSUPPORTED, "this master speaks another version of the node protocol");
    } else if (!join_tokens_allow(g->tokens, m->token)) {
        link_refuse(nl, E_DENIED, "the join token is wrong");
    } else if (name_check_dns_subdomain(m->name)) {
        link_refuse(nl, E_INVALID, "the node's name is not a DNS subdomain");
    } else {
        nl->name = istr_get(m->name);
        struct remote_report *report = gateway_report(nl, NODEWIRE_HELLO);
        report->body = doc_of(m->body);
        report->status = doc_of(m->status);
    }
}

static void node_says(struct node_link *nl, const struct nodewire *m)
{
    if (m->type == NODEWIRE_BEAT) link_say(nl, m);
    if (nl->gateway->report_count >= REPORTS_MAX) {
        link_refuse(nl, E_BUSY, "the master cannot keep up with reports");
        return;
    }
    struct remote_report *report = gateway_report(nl, (int)m->type);
    report->revision = m->revision;
    report->uid = m->uid;
    if (m->ns.n) report->ns = istr_get(m->ns);
    if (m->name.n) report->name = mem_strndup(m->name.p, m->name.n);
    report->body = doc_of(m->body);
    report->status = doc_of(m->status);
}

static bool node_may_say(const struct nodewire *m)
{
    switch (m->type) {
    case NODEWIRE_BEAT:
    case NODEWIRE_NODE_STATUS:
        return true;
    case NODEWIRE_POD_STATUS:
    case NODEWIRE_POD_GONE:
    case NODEWIRE_EVENT:
        return !name_check_dns_label(m->ns) && !name_check_dns_subdomain(m->name);
    default:
        return false;
    }
}

void node_link_on_frame(struct link *link, const void *bytes, size_t n)
{
    struct node_link *nl = link_data(link);
    if (nl->closing) return;
    nl->heard_ms = uv_now(nl->gateway->options.loop);
    struct nodewire m;
    struct error err = {0};
    if (nodewire_read(bytes, n, &m, &err) < 0) {
        link_refuse(nl, E_INVALID, err.text);
    } else if (!nl->name && m.type == NODEWIRE_HELLO) {
        node_hello(nl, &m);
    } else if (nl->name && node_may_say(&m)) {
        node_says(nl, &m);
    } else {
        link_refuse(nl, E_INVALID,
                    nl->name ? "a message that no node sends" : "hello must come first");
    }
}

/* --- from the core --- */

void node_link_forget_opened(struct node_gateway *g)
{
    for (size_t i = 0; i < OPENED_SLOTS; i++) {
        object_unref(g->opened[i].secret);
        doc_unref(g->opened[i].clear);
        g->opened[i] = (struct opened){0};
    }
}

/* Borrowed; NULL: it cannot be opened. */
static const struct doc *need_open(struct node_gateway *g, struct object *secret)
{
    struct opened *slot = &g->opened[(uintptr_t)secret / sizeof *secret % OPENED_SLOTS];
    struct doc *clear = NULL;
    struct error err = {0};
    if (slot->secret == secret) return slot->clear;
    if (g->options.unseal(g->options.unseal_ctx, secret, &clear, &err) < 0) {
        trace_error("nodes", "secret %.*s cannot be opened: %s", (int)object_name(secret).n,
                    object_name(secret).p, err.text);
        return NULL;
    }
    object_unref(slot->secret);
    doc_unref(slot->clear);
    *slot = (struct opened){object_ref(secret), clear};
    return clear;
}

static void need_put(struct node_gateway *g, const struct remote_need *need, struct buf *out)
{
    bool sealed = need->object && need->kind == kind_secret && g->options.unseal;
    const struct doc *body = sealed         ? need_open(g, need->object)
                             : need->object ? need->object->body
                                            : NULL;
    mp_put_array(out, 3);
    mp_put_z(out, need->kind->key);
    mp_put_str(out, need->name);
    if (body)
        mp_put(out, doc_root(body));
    else
        mp_put_nil(out);
}

static void link_say_pod(struct node_link *nl, const struct remote_message *message)
{
    const struct object *pod = message->pod;
    struct buf buf_auto needs = BUF_INIT;
    mp_put_array(&needs, (uint32_t)message->need_count);
    for (size_t i = 0; i < message->need_count; i++)
        need_put(nl->gateway, &message->needs[i], &needs);
    struct nodewire m = {
        .type = NODEWIRE_POD,
        .ns = istr_str(pod->id->ns),
        .name = object_name(pod),
        .uid = pod->id->uid,
        .revision = pod->revision,
        .created_s = pod->id->created_s,
        .deleted_s = pod->deleted_s,
        .grace_s = pod->grace_s,
        .body = doc_root(pod->body).raw,
        .status = doc_root(pod->status).raw,
        .needs = {needs.data, needs.len},
    };
    link_say(nl, &m);
}

void node_link_deliver(struct node_link *nl, const struct remote_message *message)
{
    if (message->type == NODEWIRE_POD) {
        link_say_pod(nl, message);
    } else {
        struct nodewire m = {
            .type = message->type,
            .uid = message->uid,
            .heartbeat_ms = message->heartbeat_ms,
            .address = str_of(message->address),
            .text = str_of(message->text),
        };
        link_say(nl, &m);
        if (m.type == NODEWIRE_WELCOME)
            trace_info("nodes", "%s joined from %s", nl->name, link_address(nl->link));
    }
    if (message->closes) {
        nl->closing = true;
        link_close(nl->link, E_CLOSED, message->text ? message->text : "closed by the master");
    } else if (link_queued(nl->link) > LINK_QUEUE_MAX) {
        nl->closing = true;
        trace_warn("nodes", "%s reads too slowly, cut off", nl->name);
        link_close(nl->link, E_TOOBIG, "the node reads too slowly");
    }
}
