/* When all is quiet again, what grew under the faults is small again: queues, listeners, sessions,
 * snapshots for pages, rings of the watches, keyframes on the disk; and every node is ready. */
#include "vnet.h"
#include "web.h"

#include "api/inner.h"
#include "api/snapshot.h"
#include "api/watch.h"
#include "net/http_internal.h"

#include <dirent.h>

enum { KEYFRAMES_MOST = 12, SPARE = 8 };

static const char *bounds_why(const char *name, const char *what, size_t has, size_t most)
{
    static char why[200];
    if (has <= most) return NULL;
    snprintf(why, sizeof why, "%s has %zu %s, at most %zu are right", name, has, what, most);
    return why;
}

static const char *bounds_watches(struct sim *s, const char *name, struct watch_hub *h)
{
    size_t watches = 0, waiting = 0;
    list_each(it, &h->watches)
    {
        struct watch *w = container_of(it, struct watch, link);
        watches++;
        if (w->request->x) waiting += http_stream_queued(w->request->x);
    }
    if (s->lie == LIE_QUEUE_LONG) watches += 1000;
    const char *why = bounds_why(name, "watches", watches, s->webs->most_watches + SPARE);
    if (!why) why = bounds_why(name, "bytes waiting for watchers", waiting, 0);
    if (!why) why = bounds_why(name, "batches in the ring", h->batches, RING_BATCHES);
    if (!why) why = bounds_why(name, "topics", h->topics.count, watches);
    return why;
}

static const char *bounds_api(struct sim *s, struct life *l)
{
    struct api *a = front_api(l);
    const char *why = bounds_watches(s, l->m->name, a->watches);
    if (!why)
        why = bounds_why(l->m->name, "sessions", a->server->session_count,
                         s->webs->most_clients + SPARE);
    if (!why) why = bounds_why(l->m->name, "snapshots", a->snapshots->count, SNAPSHOTS_KEPT);
    return why;
}

/* The log is never cut: it is as long as what happened. Keyframes are thinned out. */
static const char *bounds_files(struct sim *s, struct life *l)
{
    mem_auto char *path = mem_printf("%s/keyframes", l->m->dir);
    DIR *dir = opendir(path);
    size_t n = 0;
    for (struct dirent *e; dir && (e = readdir(dir));) n += e->d_name[0] != '.';
    if (dir) closedir(dir);
    if (s->lie == LIE_KEYFRAMES_MANY) n += 100;
    return bounds_why(l->m->name, "keyframe files", n, KEYFRAMES_MOST);
}

static bool node_ready(const struct object *node)
{
    for (struct mp_iter it = mp_items(doc_path(node->status, "conditions")); mp_iter_next(&it);)
        if (mp_is(mp_get(it.value, "type"), "Ready"))
            return mp_is(mp_get(it.value, "status"), "True");
    return false;
}

static const char *bounds_nodes(struct sim *s, struct world *w)
{
    static char why[100];
    unsigned n = 0;
    for (struct actor *a = world_first(w, kind_node, NULL); a; a = world_next(a, NULL), n++)
        if (!node_ready(a->object) || s->lie == LIE_NODE_UNREADY ||
            doc_path(a->object->body, "spec.taints").count) {
            snprintf(why, sizeof why, "node %s is not ready", a->name);
            return why;
        }
    return n == s->node_count ? NULL : "a node has not joined";
}

const char *bounds_exceeded(struct sim *s)
{
    struct sim_master *leader = sim_leader(s);
    const char *why = leader ? bounds_nodes(s, leader->life->core.world) : "there is no leader";
    for (unsigned i = 0; i < s->master_count && !why; i++) {
        struct life *l = s->masters[i].life;
        if (!l) continue;
        if (s->webs) why = bounds_api(s, l);
        if (!why) why = bounds_files(s, l);
    }
    return why;
}
