/* What the disk costs: durable appends one by one and in batches, and reading with all checks.
 * usage: bench_store [DIR] (a directory on the disk to be measured; default: the working directory)
 */
#include "base/mem.h"
#include "store/keyframe.h"
#include "store/store.h"

#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { RECORD_BYTES = 200 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static void check(int rc, const struct error *err)
{
    if (!rc) return;
    fprintf(stderr, "bench_store: %s\n", err->text);
    exit(1);
}

static void bench_append(struct store *s, size_t batch, size_t payload, double seconds)
{
    struct error err = {0};
    mem_auto struct record *records = mem_alloc(batch * sizeof *records);
    mem_auto char *bytes = mem_zalloc(payload);
    uint64_t index = store_bounds(s).last_index, begin = index, commits = 0;
    double start = now(), end = start;
    while (end - start < seconds) {
        for (size_t i = 0; i < batch; i++)
            records[i] = (struct record){.index = ++index,
                                         .term = 1,
                                         .type = 1,
                                         .first_revision = index,
                                         .payload = {bytes, payload}};
        check(store_append(s, records, batch, &err), &err);
        commits++;
        end = now();
    }
    double n = (double)(index - begin), t = end - start;
    printf("append  %7zu B x %4zu a commit  %10.0f records/s %8.0f commits/s %8.1f MB/s\n", payload,
           batch, n / t, (double)commits / t, n * (double)payload / t / 1e6);
}

static void bench_scan(struct store *s)
{
    struct error err = {0};
    struct store_cursor *c;
    struct record r;
    uint64_t n = 0, bytes = 0;
    int rc;
    double start = now();
    check(store_cursor_open(s, 1, &c, &err), &err);
    while ((rc = store_cursor_next(c, &r, &err)) == 0) {
        n++;
        bytes += r.payload.n;
    }
    if (rc != E_NOTFOUND) check(rc, &err);
    store_cursor_close(c);
    double t = now() - start;
    printf("scan    %" PRIu64 " records, checked     %10.0f records/s %26.1f MB/s\n", n,
           (double)n / t, (double)bytes / t / 1e6);
}

static void bench_slots(struct store *s)
{
    struct error err = {0};
    double start = now();
    uint64_t n = 0;
    for (; now() - start < 1; n++) check(store_slot_set(s, 2 + n, 0, &err), &err);
    printf("term and vote                    %10.0f writes/s\n", (double)n / (now() - start));
}

static void bench_keyframe(struct store *s)
{
    enum { RECORDS = 200000, BYTES = 500 };
    struct error err = {0};
    struct keyframe_writer *w;
    struct keyframe *k;
    struct str got;
    char record[BYTES] = {0};
    const struct keyframe_meta meta = {.revision = 1, .index = 1};
    double start = now();
    check(keyframe_create(s, &meta, &w, &err), &err);
    for (int i = 0; i < RECORDS; i++)
        check(keyframe_add(w, (struct str){record, BYTES}, &err), &err);
    check(keyframe_finish(w, &err), &err);
    double written = now();
    check(keyframe_open(s, UINT64_MAX, &k, &err), &err);
    while (keyframe_next(k, &got, &err) == 0) continue;
    keyframe_close(k);
    double megabytes = (double)RECORDS * BYTES / 1e6;
    printf("keyframe of %.0f MB: written %.0f MB/s, read and checked %.0f MB/s\n", megabytes,
           megabytes / (written - start), megabytes / (now() - written));
}

int main(int argc, char **argv)
{
    mem_auto char *dir = mem_printf("%s/bench-store-XXXXXX", argc > 1 ? argv[1] : ".");
    struct store *s;
    struct error err = {0};
    if (!mkdtemp(dir)) {
        fprintf(stderr, "bench_store: cannot make %s\n", dir);
        return 1;
    }
    check(store_open(&s, &(struct store_options){.dir = dir, .create = true}, &err), &err);
    check(store_slot_set(s, 1, 0, &err), &err);
    bench_append(s, 1, RECORD_BYTES, 2);
    bench_append(s, 10, RECORD_BYTES, 1);
    bench_append(s, 100, RECORD_BYTES, 1);
    bench_append(s, 1000, RECORD_BYTES, 1);
    bench_append(s, 1, 64 << 10, 1);
    bench_append(s, 1, 1 << 20, 1);
    bench_scan(s);
    bench_slots(s);
    bench_keyframe(s);
    double start = now();
    store_close(s);
    check(store_open(&s, &(struct store_options){.dir = dir}, &err), &err);
    printf("reopened and checked in %.0f ms\n", (now() - start) * 1e3);
    store_close(s);
    nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return 0;
}
