/* The numbers that this master's last starts drew, in a file that is replaced at every start. */
#include "store/files.h"
#include "store/inside.h"

#include <assert.h>
#include <stddef.h>

static const char lives_name[] = "lives", lives_magic[8] = "lives 01";

struct lives_bytes {
    char magic[8];
    struct store_lives lives;
    uint64_t crc; /* of what is before */
};
enum { LIVES_CRC = offsetof(struct lives_bytes, crc) };
static_assert(sizeof(struct lives_bytes) == 8 + 16 + 8 * STORE_LIVES_MAX + 8,
              "no padding: it is written as it is");

int store_lives_get(struct store *s, struct store_lives *out, struct error *err)
{
    mem_auto char *path = mem_printf("%s/%s", s->dir, lives_name);
    struct lives_bytes bytes;
    size_t n;
    int rc = files_read(path, &bytes, sizeof bytes, &n, err);
    if (rc) return rc;
    if (n != sizeof bytes || memcmp(bytes.magic, lives_magic, sizeof lives_magic) != 0 ||
        bytes.crc != crc32c(0, &bytes, LIVES_CRC) || bytes.lives.count > STORE_LIVES_MAX)
        return error_set(err, E_CORRUPT, "%s is damaged", lives_name);
    *out = bytes.lives;
    return 0;
}

int store_lives_set(struct store *s, const struct store_lives *lives, struct error *err)
{
    struct lives_bytes bytes = {.lives = *lives};
    memcpy(bytes.magic, lives_magic, sizeof lives_magic);
    bytes.crc = crc32c(0, &bytes, LIVES_CRC);
    return files_replace(s->dir, lives_name, &bytes, sizeof bytes, !s->no_sync, err);
}
