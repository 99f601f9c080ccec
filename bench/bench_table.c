/* Writing a list of pods, without the network: how many a second, and how many bytes, as JSON, as a
 * table and as a table's metadata alone.
 * usage: bench_table [PODS [ROUNDS]] (default: 100000 pods, 5 rounds; the best counts) */
#include "api/encode.h"
#include "base/mem.h"
#include "proto/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { PIECE = 64 * 1024, NODES = 1000 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct doc *doc_of_json(const char *text)
{
    buf_auto struct buf doc = BUF_INIT;
    if (json_parse(text, strlen(text), &doc, NULL)) abort();
    return doc_from_buf(&doc);
}

/* What all pods of a replica set share. */
static struct doc *make_body(void)
{
    return doc_of_json(
        "{\"metadata\":{\"generateName\":\"bench-\",\"labels\":{\"app\":\"bench\"},"
        "\"ownerReferences\":[{\"apiVersion\":\"apps/v1\",\"kind\":\"ReplicaSet\",\"name\":"
        "\"bench\",\"uid\":\"a81493f5-1a93-4c9d-99f4-8dbb9705e41e\",\"controller\":true,"
        "\"blockOwnerDeletion\":true}]},\"spec\":{\"containers\":[{\"name\":\"main\",\"image\":"
        "\"busybox\",\"resources\":{\"requests\":{\"cpu\":\"100m\",\"memory\":\"64Mi\"}},"
        "\"imagePullPolicy\":\"Always\",\"terminationMessagePath\":\"/dev/termination-log\","
        "\"terminationMessagePolicy\":\"File\"}],\"dnsPolicy\":\"ClusterFirst\",\"restartPolicy\":"
        "\"Always\",\"schedulerName\":\"default-scheduler\",\"securityContext\":{},"
        "\"terminationGracePeriodSeconds\":30,\"serviceAccountName\":\"default\"}}");
}

/* The status of a pod that runs is its own: it has an address of its own. */
static struct doc *make_status(unsigned i)
{
    static const char running[] =
        "{\"conditions\":[{\"type\":\"Initialized\",\"status\":\"True\",\"lastTransitionTime\":"
        "\"2026-11-23T10:00:00Z\"},{\"type\":\"Ready\",\"status\":\"True\",\"lastTransitionTime\":"
        "\"2026-11-23T10:00:01Z\"},{\"type\":\"ContainersReady\",\"status\":\"True\","
        "\"lastTransitionTime\":\"2026-11-23T10:00:01Z\"},{\"type\":\"PodScheduled\",\"status\":"
        "\"True\",\"lastTransitionTime\":\"2026-11-23T10:00:00Z\"}],\"containerStatuses\":[{"
        "\"image\":\"busybox\",\"imageID\":\"\",\"name\":\"main\",\"ready\":true,\"restartCount\":"
        "%u,\"started\":true,\"state\":{\"running\":{\"startedAt\":\"2026-11-23T10:00:01Z\"}}}],"
        "\"phase\":\"Running\",\"podIP\":\"10.%u.%u.%u\",\"podIPs\":[{\"ip\":\"10.%u.%u.%u\"}],"
        "\"startTime\":\"2026-11-23T10:00:00Z\",\"qosClass\":\"Burstable\"}";
    unsigned a = i >> 16, b = i >> 8 & 255, c = i & 255;
    mem_auto char *text = mem_printf(running, i % 100 == 0, a, b, c, a, b, c);
    return doc_of_json(text);
}

static struct object *make_pod(unsigned i, struct doc *body)
{
    char name[32], node[32];
    snprintf(name, sizeof name, "bench-%05x", i);
    snprintf(node, sizeof node, "sim-%u", i % NODES);
    struct ident *id = ident_new(kind_pod, istr_of("default"), str_of(name));
    id->created_s = time(NULL) - 100 - i % 300;
    memcpy(id->uid.bytes, &i, sizeof i);
    struct object *o = object_new(id, doc_ref(body), make_status(i));
    o->revision = 1000 + i;
    o->node = istr_of(node);
    return o;
}

/* In an order that is not that of their making: the names of pods are random. */
static struct object **make_pods(unsigned count)
{
    struct object **pods = mem_alloc(count * sizeof(struct object *));
    struct doc *body = make_body();
    uint32_t random = 1;
    for (unsigned i = 0; i < count; i++) pods[i] = make_pod(i, body);
    for (unsigned i = count; i > 1; i--) {
        random = random * 1664525 + 1013904223;
        unsigned j = (unsigned)((uint64_t)random * i >> 32);
        struct object *other = pods[j];
        pods[j] = pods[i - 1];
        pods[i - 1] = other;
    }
    doc_unref(body);
    return pods;
}

static void bench_form(const char *name, struct form form, struct object **pods, unsigned count,
                       unsigned rounds)
{
    const struct encoder e = {.version = kind_pod->versions, .form = form};
    buf_auto struct buf out = BUF_INIT;
    double best = 1e9;
    uint64_t bytes = 0;
    for (unsigned round = 0; round < rounds; round++) {
        double start = now();
        bytes = 0;
        for (size_t at = 0; at < count;) {
            at = encode_items(&e, pods, at, count, PIECE, &out);
            bytes += out.len;
            buf_clear(&out);
        }
        double t = now() - start;
        if (t < best) best = t;
    }
    printf("%-18s %6.2f us each %10.0f/s %8.1f MB/s\n", name, best / count * 1e6, count / best,
           (double)bytes / best / 1e6);
}

int main(int argc, char **argv)
{
    unsigned count = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 100000;
    unsigned rounds = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 5;
    schema_init();
    struct object **pods = make_pods(count);
    bench_form("JSON", (struct form){.kind = FORM_OBJECT}, pods, count, rounds);
    bench_form("Table", (struct form){.kind = FORM_TABLE}, pods, count, rounds);
    bench_form("Table, cells only", (struct form){.kind = FORM_TABLE, .include = INCLUDE_NONE},
               pods, count, rounds);
    bench_form("metadata", (struct form){.kind = FORM_PARTIAL}, pods, count, rounds);
    for (unsigned i = 0; i < count; i++) object_unref(pods[i]);
    mem_free(pods);
    return 0;
}
