#include "base/digest.h"

#include <sodium.h>
#include <string.h>

struct digest digest_of_parts(const struct digest_part *parts, size_t count)
{
    crypto_generichash_state state;
    struct digest d;
    crypto_generichash_init(&state, NULL, 0, sizeof d);
    for (size_t i = 0; i < count; i++)
        crypto_generichash_update(&state, parts[i].bytes, parts[i].n);
    crypto_generichash_final(&state, (unsigned char *)&d, sizeof d);
    return d;
}

struct digest digest_of(const void *bytes, size_t n)
{
    return digest_of_parts(&(struct digest_part){bytes, n}, 1);
}

void digest_add(struct digest *sum, const struct digest *d)
{
    for (int i = 0; i < 4; i++) sum->lane[i] += d->lane[i];
}

void digest_sub(struct digest *sum, const struct digest *d)
{
    for (int i = 0; i < 4; i++) sum->lane[i] -= d->lane[i];
}

bool digest_equal(const struct digest *a, const struct digest *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

void digest_hex(const struct digest *d, char out[DIGEST_HEX])
{
    sodium_bin2hex(out, DIGEST_HEX, (const unsigned char *)d, sizeof *d);
}

static uint32_t crc32c_table[256];

__attribute__((constructor)) static void crc32c_fill(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;
        for (int k = 0; k < 8; k++) c = c & 1 ? (c >> 1) ^ 0x82f63b78U : c >> 1;
        crc32c_table[i] = c;
    }
}

static uint32_t crc32c_plain(uint32_t c, const unsigned char *p, size_t n)
{
    while (n--) c = crc32c_table[(c ^ *p++) & 0xff] ^ (c >> 8);
    return c;
}

#ifdef __x86_64__
__attribute__((target("sse4.2"))) static uint32_t crc32c_sse(uint32_t c, const unsigned char *p,
                                                             size_t n)
{
    uint64_t wide = c;
    for (; n >= 8; n -= 8, p += 8) {
        uint64_t word;
        memcpy(&word, p, 8);
        wide = __builtin_ia32_crc32di(wide, word);
    }
    c = (uint32_t)wide;
    while (n--) c = __builtin_ia32_crc32qi(c, *p++);
    return c;
}
#endif

uint32_t crc32c(uint32_t seed, const void *bytes, size_t n)
{
#ifdef __x86_64__
    if (__builtin_cpu_supports("sse4.2")) return ~crc32c_sse(~seed, bytes, n);
#endif
    return ~crc32c_plain(~seed, bytes, n);
}
