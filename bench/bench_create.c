/* What a created object costs an edge before it becomes a command: from the JSON of a small pod, as
 * the schedule benchmark sends it, through every stage of POST. Prints microseconds an object, each
 * stage with what went before it taken away.
 * usage: bench_create [ROUNDS] */
#include "api/ownership.h"
#include "api/prepare.h"
#include "proto/admit.h"
#include "proto/json.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROUNDS = 20000 };

static const char pod_json[] =
    "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"bench-1234\",\"labels\":"
    "{\"app\":\"bench\"}},\"spec\":{\"containers\":[{\"name\":\"main\",\"image\":\"busybox\","
    "\"resources\":{\"requests\":{\"cpu\":\"100m\",\"memory\":\"64Mi\"}}}]}}";

enum stage { JSON, STRUCTURE, PLACE, DEFAULTS, VALIDATE, MANAGED, OWNED, SPLIT, PROVE, STAGES };
static const char *const stage_names[STAGES] = {
    "json_parse",    "admit_structure", "prepare",      "admit_defaults", "admit_validate",
    "managed_track", "ownership_put",   "object_split", "mp_valid"};

/* The stages share their buffers, as they do in a request. */
struct work {
    struct buf json, structure, placed, begun, whole, managed, owned;
};

static struct mp work_read(const struct buf *b)
{
    return mp_read(b->data, b->len);
}

static int work_place(struct work *w)
{
    prepare_place(kind_pod, work_read(&w->structure), (struct str){0}, STR("default"), &w->placed);
    prepare_new(kind_pod, work_read(&w->placed), STR("bench"), &w->begun);
    return 0;
}

static int work_validate(struct work *w)
{
    struct causes causes = {0};
    admit_validate(kind_pod, work_read(&w->whole), (struct mp){0}, NULL, &causes);
    int found = (int)causes.count;
    causes_free(&causes);
    return found;
}

static int work_track(struct work *w, const struct kind_version *served)
{
    struct writer writer = {
        .type = served->type,
        .manager = STR("bench"),
        .api_version = STR("v1"),
        .scope = WRITES_BUT_STATUS,
        .now_s = 1700000000,
    };
    managed_track(&writer, (struct mp){0}, work_read(&w->whole), (struct mp){0}, &w->managed);
    return 0;
}

static int work_split(struct work *w, struct error *err)
{
    struct object_parts parts = {0};
    int rc = object_split(kind_pod, work_read(&w->owned), &parts, err);
    doc_unref(parts.body);
    doc_unref(parts.status);
    return rc;
}

static int work_stage(struct work *w, enum stage stage, const struct kind_version *served,
                      struct error *err)
{
    switch (stage) {
    case JSON:
        return json_parse(pod_json, sizeof pod_json - 1, &w->json, err);
    case STRUCTURE:
        return admit_structure(served->type, work_read(&w->json), &w->structure, NULL, err);
    case PLACE:
        return work_place(w);
    case DEFAULTS:
        return admit_defaults(kind_pod, work_read(&w->begun), &w->whole), 0;
    case VALIDATE:
        return work_validate(w);
    case MANAGED:
        return work_track(w, served);
    case OWNED:
        return ownership_put(work_read(&w->whole), &w->managed, &w->owned), 0;
    case SPLIT:
        return work_split(w, err);
    default:
        return !mp_valid(w->owned.data, w->owned.len);
    }
}

static int work_once(int stages)
{
    struct error err = {0};
    struct work w = {0};
    const struct kind_version *served = kind_pod->versions;
    int rc = 0;
    for (int stage = 0; stage < stages && rc == 0; stage++)
        rc = work_stage(&w, (enum stage)stage, served, &err);
    struct buf *all[] = {&w.json,  &w.structure, &w.placed, &w.begun,
                         &w.whole, &w.managed,   &w.owned};
    for (size_t i = 0; i < sizeof all / sizeof(struct buf *); i++) buf_free(all[i]);
    return rc;
}

static double now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

int main(int argc, char **argv)
{
    int rounds = argc > 1 ? atoi(argv[1]) : ROUNDS;
    double before = 0;
    if (sodium_init() < 0) return 1; /* which also chooses the fastest digest */
    schema_init();
    for (int stages = 1; stages <= STAGES; stages++) {
        double start = now_us();
        for (int i = 0; i < rounds; i++)
            if (work_once(stages)) return puts("the pod was refused"), 1;
        double each = (now_us() - start) / rounds;
        printf("%-16s %6.2f us, all to here %6.2f us\n", stage_names[stages - 1], each - before,
               each);
        before = each;
    }
    return 0;
}
