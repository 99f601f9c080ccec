/* Lists: pages at one revision, exact moments of the past, the newest, and whatever a master has.
 * Each is compared with the log, object by object. */
#include "web.h"

struct reader {
    struct web web;
    const struct kind *kind;
    const char *path;
    istr ns;            /* what it lists: NULL: all namespaces */
    uint64_t asked;     /* ?resourceVersion=, 0: none */
    uint64_t committed; /* when it began: the newest must not be older than what was answered */
    bool exact, paged;
    unsigned limit, pages;
    uint64_t revision; /* of the first page */
    struct buf items;  /* an array's elements so far */
    uint32_t count;
    size_t op; /* index + 1 in the history: a list of the newest */
};

struct web_lists {
    struct reader *readers;
    unsigned count;
};

static const struct {
    const char *path, *kind, *ns;
} readable[] = {
    {"/api/v1/namespaces/default/configmaps", "configmaps", "default"},
    {"/api/v1/configmaps", "configmaps", NULL},
    {"/api/v1/namespaces/default/pods", "pods", "default"},
    {"/api/v1/pods", "pods", NULL},
    {"/api/v1/nodes", "nodes", NULL},
    {"/api/v1/namespaces", "namespaces", NULL},
    {"/apis/apps/v1/replicasets", "replicasets.apps", NULL},
    {"/apis/coordination.k8s.io/v1/leases", "leases.coordination.k8s.io", NULL},
};

static void reader_next(void *arg);
static void reader_page(struct reader *r, struct str token);

static void reader_think(struct reader *r)
{
    struct sim *s = r->web.sim;
    buf_clear(&r->items);
    r->count = r->pages = 0;
    r->op = 0;
    sim_after(s, NULL, sim_below(s, 100 * s->profile.think_us), reader_next, r);
}

static void reader_record(struct reader *r, int http)
{
    struct sim *s = r->web.sim;
    if (!r->op) return;
    struct op *op = &s->history.ops[r->op - 1];
    op->http = http;
    op->revision = r->revision;
    op->seen_limit = s->truth.revision;
    op->returned_us = http == 200 ? s->now_us : 0;
}

static void reader_complete(struct reader *r)
{
    struct sim *s = r->web.sim;
    buf_auto struct buf all = BUF_INIT;
    mp_put_array(&all, r->count);
    buf_append(&all, r->items.data, r->items.len);
    log_check_list(s, r->kind, r->ns, r->revision, mp_read(all.data, all.len), r->web.name);
    if (r->exact && lie_now(s, LIE_LIST_ELSEWHERE)) r->asked++;
    if (r->exact && r->revision != r->asked)
        sim_fail(s, "%s: asked for revision %llu, got %llu", r->web.name,
                 (unsigned long long)r->asked, (unsigned long long)r->revision);
    if (!r->exact && r->revision < r->asked)
        sim_fail(s, "%s: asked for nothing older than revision %llu, got %llu", r->web.name,
                 (unsigned long long)r->asked, (unsigned long long)r->revision);
    s->webs->lists_checked++;
    sim_tell(s, "%s lists %s: %u in %u pages at r%llu", r->web.name, r->kind->key, r->count,
             r->pages, (unsigned long long)r->revision);
}

static void reader_answered(void *arg, const struct web_answer *a)
{
    struct reader *r = arg;
    struct sim *s = r->web.sim;
    if (a->http != 200) {
        if (a->http == 410) s->webs->expired++;
        if (a->http && a->http != 410 && a->http < 500)
            sim_fail(s, "%s: a list is answered %d: %.*s", r->web.name, a->http,
                     (int)mp_str(mp_get(a->doc, "message")).n, mp_str(mp_get(a->doc, "message")).p);
        reader_record(r, a->http);
        if (!a->http) web_move(&r->web);
        reader_think(r);
        return;
    }
    uint64_t revision = web_revision(a->doc);
    if (r->pages && lie_now(s, LIE_PAGE_OTHER)) r->revision--;
    if (r->pages++ && revision != r->revision)
        sim_fail(s, "%s: a page of revision %llu after one of %llu", r->web.name,
                 (unsigned long long)revision, (unsigned long long)r->revision);
    r->revision = revision;
    if (r->pages == 1) reader_record(r, 200);
    s->webs->pages++;
    for (struct mp_iter it = mp_items(mp_get(a->doc, "items")); mp_iter_next(&it); r->count++)
        mp_put(&r->items, it.value);
    struct str token = mp_str(mp_path(a->doc, "metadata.continue"));
    if (token.n) {
        if (sim_chance(s, 200)) web_move(&r->web); /* the next page from another master */
        reader_page(r, token);
        return;
    }
    reader_complete(r);
    reader_think(r);
}

static void reader_page(struct reader *r, struct str token)
{
    buf_auto struct buf target = BUF_INIT;
    buf_printf(&target, "%s?limit=%u", r->path, r->limit);
    if (token.n)
        buf_printf(&target, "&continue=%.*s", (int)token.n, token.p);
    else if (r->asked)
        buf_printf(&target, "&resourceVersion=%llu&resourceVersionMatch=%s",
                   (unsigned long long)r->asked, r->exact ? "Exact" : "NotOlderThan");
    else if (!r->op)
        buf_puts(&target, "&resourceVersion=0");
    web_call(&r->web, "GET", target.data, NULL, NULL, reader_answered, r);
}

static void reader_next(void *arg)
{
    struct reader *r = arg;
    struct sim *s = r->web.sim;
    if (!s->writing) return;
    size_t what = sim_below(s, sizeof readable / sizeof *readable);
    uint64_t how = sim_below(s, 10); /* exact ones are seldom: they replay the log */
    r->path = readable[what].path;
    r->kind = kind_by_key(str_of(readable[what].kind));
    r->ns = readable[what].ns ? istr_of(readable[what].ns) : NULL;
    r->limit = sim_chance(s, 500) ? 0 : (unsigned)sim_between(s, 1, 20);
    r->asked = how < 4 && s->truth.revision ? 1 + sim_below(s, s->truth.revision) : 0;
    r->exact = how < 2;
    if (how > 5) { /* the newest: it takes part in the history */
        struct op op = {.kind = OP_LIST, .client = 200, .web = true, .invoked_us = s->now_us};
        r->op = history_begin(s, op) + 1;
    }
    if (sim_chance(s, 200)) web_move(&r->web);
    reader_page(r, (struct str){0});
}

void web_lists_start(struct sim *s)
{
    struct web_lists *all = s->webs->lists = mem_new(struct web_lists);
    all->count = (unsigned)sim_between(s, 1, 3);
    all->readers = mem_zalloc(all->count * sizeof *all->readers);
    for (unsigned i = 0; i < all->count; i++) {
        struct reader *r = &all->readers[i];
        mem_auto char *name = mem_printf("l%u", i + 1);
        web_init(&r->web, s, name);
        reader_think(r);
    }
}
