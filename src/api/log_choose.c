#include "api/log_choose.h"

static const char *const container_lists[] = {"spec.containers", "spec.initContainers",
                                              "spec.ephemeralContainers"};
static const char *const status_lists[] = {"containerStatuses", "initContainerStatuses",
                                           "ephemeralContainerStatuses"};

static void put_names(struct mp containers, struct buf *out)
{
    bool first = true;
    for (struct mp_iter it = mp_items(containers); mp_iter_next(&it);) {
        struct str name = mp_str(mp_get(it.value, "name"));
        buf_printf(out, "%s%.*s", first ? "" : " ", (int)name.n, name.p ? name.p : "");
        first = false;
    }
}

static int log_ambiguous(const struct object *pod, struct error *err)
{
    buf_auto struct buf names = BUF_INIT, init = BUF_INIT;
    put_names(doc_path(pod->body, container_lists[0]), &names);
    put_names(doc_path(pod->body, container_lists[1]), &init);
    return error_set(err, E_INVALID,
                     "a container name must be specified for pod %s, choose one of: [%s]%s%s%s",
                     pod->id->name, names.data, init.len ? " or one of the init containers: [" : "",
                     init.len ? init.data : "", init.len ? "]" : "");
}

int log_choose_container(const struct object *pod, struct str asked, struct str *container,
                         struct error *err)
{
    struct mp containers = doc_path(pod->body, container_lists[0]);
    if (!asked.n && mp_items(containers).left != 1) return log_ambiguous(pod, err);
    if (!asked.n) {
        *container = mp_str(mp_get(mp_at(containers, 0), "name"));
        return 0;
    }
    for (size_t i = 0; i < sizeof container_lists / sizeof *container_lists; i++)
        for (struct mp_iter it = mp_items(doc_path(pod->body, container_lists[i]));
             mp_iter_next(&it);) {
            *container = mp_str(mp_get(it.value, "name"));
            if (str_eq(*container, asked)) return 0;
        }
    return error_set(err, E_INVALID, "container %.*s is not valid for pod %s", (int)asked.n,
                     asked.p, pod->id->name);
}

static struct mp container_status(const struct object *pod, struct str container)
{
    for (size_t i = 0; i < sizeof status_lists / sizeof *status_lists; i++)
        for (struct mp_iter it = mp_items(doc_path(pod->status, status_lists[i]));
             mp_iter_next(&it);)
            if (str_eq(mp_str(mp_get(it.value, "name")), container)) return it.value;
    return (struct mp){0};
}

int log_check_started(const struct object *pod, struct str container, bool previous,
                      struct error *err)
{
    struct mp status = container_status(pod, container);
    struct mp waiting = mp_path(status, "state.waiting");
    bool ran_before = mp_path(status, "lastState.terminated").type == MP_MAP;
    if (previous && !ran_before)
        return error_set(err, E_INVALID,
                         "previous terminated container \"%.*s\" in pod \"%s\" not found",
                         (int)container.n, container.p, pod->id->name);
    if (status.type == MP_MAP && (waiting.type != MP_MAP || ran_before)) return 0;
    struct str reason = mp_str(mp_get(waiting, "reason"));
    if (!reason.n) reason = STR("ContainerCreating");
    return error_set(err, E_INVALID, "container \"%.*s\" in pod \"%s\" is waiting to start: %.*s",
                     (int)container.n, container.p, pod->id->name, (int)reason.n, reason.p);
}

int log_node_address(const struct object *node, struct buf *out, struct error *err)
{
    int64_t port = mp_i64(doc_path(node->status, "daemonEndpoints.kubeletEndpoint.Port"), 0);
    struct str address = {0};
    for (struct mp_iter it = mp_items(doc_path(node->status, "addresses")); mp_iter_next(&it);)
        if (mp_is(mp_get(it.value, "type"), "InternalIP")) {
            address = mp_str(mp_get(it.value, "address"));
            break;
        }
    if (!address.n || port < 1 || port > 65535)
        return error_set(err, E_NOTFOUND, "node \"%s\" does not say where its logs are",
                         node->id->name);
    bool six = memchr(address.p, ':', address.n) != NULL;
    buf_printf(out, "%s%.*s%s:%d", six ? "[" : "", (int)address.n, address.p, six ? "]" : "",
               (int)port);
    return 0;
}
