#include "proto/base64.h"

#include <sodium.h>

void base64_encode(struct str bytes, struct buf *out)
{
    size_t room = sodium_base64_encoded_len(bytes.n, sodium_base64_VARIANT_ORIGINAL);
    char *place = buf_reserve(out, room);
    sodium_bin2base64(place, room, (const unsigned char *)bytes.p, bytes.n,
                      sodium_base64_VARIANT_ORIGINAL);
    out->len += room - 1; /* without the final NUL */
}

bool base64_decode(struct str text, struct buf *out)
{
    size_t got, room = text.n / 4 * 3 + 4;
    const char *end;
    unsigned char *place = (unsigned char *)buf_reserve(out, room);
    if (sodium_base642bin(place, room, text.p, text.n, "\r\n", &got, &end,
                          sodium_base64_VARIANT_ORIGINAL))
        return false;
    if (end != text.p + text.n) return false;
    out->len += got;
    out->data[out->len] = '\0';
    return true;
}
