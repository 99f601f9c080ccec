/* A segment's file with damage in it, as steps of four bytes: page, place in the page, bits. What
 * the walk over its pages lets through, LMDB and the checksums of records can be trusted with. */
#include "base/mem.h"
#include "store/inside.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FUZZ_RECORDS = 60, FUZZ_PAGE = 4096, FUZZ_BIG = 6000 };

static char fuzz_dir[] = "/tmp/logship-fuzz-pages-XXXXXX", *fuzz_path;
static char *fuzz_whole;
static size_t fuzz_size;

static void fuzz_remove(void)
{
    mem_auto char *command = mem_printf("rm -rf %s", fuzz_dir);
    if (system(command)) abort(); // NOLINT: a directory of our own
}

static void fuzz_fill(struct store *s)
{
    static char payload[FUZZ_BIG];
    struct error err = {0};
    for (uint64_t i = 1; i <= FUZZ_RECORDS; i++) {
        struct record r = {.index = i, .term = 1, .type = 1, .payload = {payload, 20 * i}};
        if (i % 20 == 0) r.payload.n = FUZZ_BIG; /* in pages of its own */
        if (store_append(s, &r, 1, &err)) abort();
    }
    if (store_truncate(s, FUZZ_RECORDS - 2, &err)) abort(); /* so that there are free pages */
}

static void fuzz_make(void)
{
    struct store *s;
    struct error err = {0};
    struct stat st;
    if (!mkdtemp(fuzz_dir)) abort();
    atexit(fuzz_remove);
    struct store_options o = {
        .dir = fuzz_dir, .create = true, .no_sync = true, .segment_bytes = 1 << 20};
    if (store_open(&s, &o, &err) || store_slot_set(s, 1, 0, &err)) abort();
    fuzz_fill(s);
    store_close(s);
    fuzz_path = mem_printf("%s/log/%020d.mdb", fuzz_dir, 1);
    int fd = open(fuzz_path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st)) abort();
    fuzz_size = (size_t)st.st_size;
    fuzz_whole = mem_alloc(fuzz_size);
    if (read(fd, fuzz_whole, fuzz_size) != (ssize_t)fuzz_size) abort();
    close(fd);
}

static void fuzz_damage(const uint8_t *data, size_t n)
{
    mem_auto char *bytes = mem_copy(fuzz_whole, fuzz_size);
    for (; n >= 4; data += 4, n -= 4) {
        size_t at = (size_t)data[0] * FUZZ_PAGE + ((size_t)data[1] << 8 | data[2]) % FUZZ_PAGE;
        bytes[at % fuzz_size] ^= (char)data[3];
    }
    int fd = open(fuzz_path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, bytes, fuzz_size) != (ssize_t)fuzz_size) abort();
    close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct error err = {0};
    struct check_result result = {0};
    if (!fuzz_whole) fuzz_make();
    fuzz_damage(data, n);
    struct segment seg = {.first = 1, .path = fuzz_path, .name = "segment"};
    const struct check_job job = {&seg, UINT64_MAX, true};
    int rc = check_named(NULL, &job, &result, &err);
    assert(rc == 0 || rc == E_CORRUPT);
    if (rc == 0) assert(result.last.index == result.records);
    return 0;
}
