/* The placement loop without quorum, log or network: what the scheduler itself could do. */
#include "actors/scheduler/placer.h"
#include "base/mem.h"
#include "cli/bench.h"
#include "proto/json.h"

#include <stdio.h>
#include <time.h>

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct doc *doc_of_json(const char *json)
{
    buf_auto struct buf packed = BUF_INIT;
    return json_parse(json, strlen(json), &packed, NULL) ? NULL : doc_from_buf(&packed);
}

static void add_node(struct placer *p, uint64_t i)
{
    mem_auto char *name = mem_printf("node-%llu", (unsigned long long)i);
    mem_auto char *body = mem_printf("{\"metadata\":{\"labels\":{\"disk\":\"%s\"}},\"spec\":{}}",
                                     i % 4 ? "hdd" : "ssd");
    struct object *node = object_new(
        ident_new(kind_node, NULL, str_of(name)), doc_of_json(body),
        doc_of_json("{\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\"}],"
                    "\"allocatable\":{\"cpu\":\"64\",\"memory\":\"256Gi\",\"pods\":\"1000\"}}"));
    placer_put_node(p, node);
    object_unref(node);
}

static double place_many(uint64_t nodes, uint64_t pods, const char *const *bodies, unsigned count)
{
    struct placer p;
    struct doc *docs[64];
    placer_init(&p);
    for (uint64_t i = 0; i < nodes; i++) add_node(&p, i);
    for (unsigned i = 0; i < count; i++) docs[i] = doc_of_json(bodies[i]);
    double start = now_s();
    uint64_t placed = 0;
    for (uint64_t i = 0; i < pods; i++) {
        const struct pod_view *view = placer_view(&p, docs[i % count]);
        int64_t place = placer_best(&p, view);
        if (place < 0) break;
        placer_use(&p, p.nodes.rows[place].name, view, 1);
        placed++;
    }
    double seconds = now_s() - start;
    placer_free(&p);
    for (unsigned i = 0; i < count; i++) doc_unref(docs[i]);
    return (double)placed / seconds;
}

#define POD(extra, request)                                                                        \
    "{\"metadata\":{\"ownerReferences\":[{\"uid\":\"" request "\",\"controller\":true}]},"         \
    "\"spec\":{" extra                                                                             \
    "\"containers\":[{\"name\":\"c\",\"resources\":{\"requests\":{\"cpu\":\"" request "\"}}}]}}"

void bench_place(uint64_t nodes, uint64_t pods, struct place_figures *out)
{
    static const char *const one[] = {POD("", "10m")};
    static const char *const selector[] = {POD("\"nodeSelector\":{\"disk\":\"ssd\"},", "10m")};
    static const char *const shapes[] = {POD("", "10m"), POD("", "11m"), POD("", "12m"),
                                         POD("", "13m"), POD("", "14m"), POD("", "15m"),
                                         POD("", "16m"), POD("", "17m")};
    out->per_s = place_many(nodes, pods, one, 1);
    out->selector_per_s = place_many(nodes, pods, selector, 1);
    out->shapes_per_s = place_many(nodes, pods, shapes, 8);
}
