/* A keyframe's head from arbitrary bytes, and arbitrary bytes as a whole keyframe file: the trailer
 * must keep LMDB from seeing any of it. */
#include "store/keyframe_inside.h"

#include <assert.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void fuzz_file(const uint8_t *data, size_t n)
{
    int fd = memfd_create("keyframe", MFD_CLOEXEC);
    if (fd < 0) return;
    char path[64];
    struct error err = {0};
    struct keyframe_trailer t;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (write(fd, data, n) == (ssize_t)n) {
        int rc = keyframe_file_check(path, &err);
        assert(rc == 0 || rc == E_CORRUPT);
        /* With a trailer it passes, and the trailer says what it was given. */
        const struct keyframe_meta meta = {.revision = n, .index = 7};
        assert(keyframe_trailer_add(path, &meta, &err) == 0);
        rc = keyframe_file_check(path, &err);
        assert(rc == 0 || n == 0);
        if (rc == 0) assert(keyframe_trailer_read(path, &t, &err) == 0 && t.revision == n);
    }
    close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct keyframe_meta meta;
    uint32_t records_crc = 0;
    fuzz_file(data, n);
    keyframe_head_decode(data, n, &meta, &records_crc);
    if (n < 8) return 0;
    buf_auto struct buf fixed = BUF_INIT;
    buf_append(&fixed, data, n);
    uint32_t crc = crc32c(0, data + 4, n - 4);
    memcpy(fixed.data, &crc, sizeof crc);
    if (keyframe_head_decode(fixed.data, fixed.len, &meta, &records_crc) == 0) {
        buf_auto struct buf again = BUF_INIT;
        keyframe_head_encode(&meta, records_crc, &again);
        assert(again.len == fixed.len && memcmp(again.data, fixed.data, again.len) == 0);
    }
    return 0;
}
