/* 256-bit BLAKE2b digests, and a sum of digests that does not depend on order.
 *
 * The state digest of a cluster is the lane-wise sum of its objects' digests: replacing one object
 * costs one subtraction and one addition. It finds divergence between honest masters; the hash
 * chain of the log (store) is what tampering has to get past. */
#ifndef LOGSHIP_BASE_DIGEST_H
#define LOGSHIP_BASE_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct digest {
    uint64_t lane[4];
};

struct digest_part {
    const void *bytes;
    size_t n;
};

struct digest digest_of(const void *bytes, size_t n);
struct digest digest_of_parts(const struct digest_part *parts, size_t count);
void digest_add(struct digest *sum, const struct digest *d);
void digest_sub(struct digest *sum, const struct digest *d);
bool digest_equal(const struct digest *a, const struct digest *b);
#define DIGEST_HEX 65
void digest_hex(const struct digest *d, char out[DIGEST_HEX]);

uint32_t crc32c(uint32_t seed, const void *bytes, size_t n); /* Castagnoli; start with seed 0 */

#endif
