#include "net/jwt.h"

#include "base/mem.h"
#include "net/tls_internal.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sodium.h>
#include <unistd.h>

enum {
    KEY_BITS = 2048,
    SIGNATURE_MAX = 1024,
    TOKEN_MAX = 16384,
    BASE64 = sodium_base64_VARIANT_URLSAFE_NO_PADDING,
};

struct jwt_key {
    EVP_PKEY *pair;
    struct buf header; /* of every token, encoded */
};

static void encode(const void *bytes, size_t n, struct buf *out)
{
    size_t room = sodium_base64_encoded_len(n, BASE64);
    sodium_bin2base64(buf_reserve(out, room), room, bytes, n, BASE64);
    out->len += room - 1;
}

static bool decode(struct str text, struct buf *out)
{
    size_t n;
    unsigned char *to = (unsigned char *)buf_reserve(out, text.n + 1);
    if (sodium_base642bin(to, text.n + 1, text.p, text.n, NULL, &n, NULL, BASE64)) return false;
    out->len += n;
    return true;
}

int jwt_key_make(const char *file, struct error *err)
{
    EVP_PKEY *pair = EVP_RSA_gen(KEY_BITS);
    if (!pair) return tls_error(err, E_INVALID, "make a key");
    int fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    BIO *out = fd < 0 ? NULL : BIO_new_fd(fd, BIO_CLOSE);
    bool good = out && PEM_write_bio_PKCS8PrivateKey(out, pair, NULL, NULL, 0, NULL, NULL) == 1 &&
                fsync(fd) == 0;
    BIO_free(out);
    EVP_PKEY_free(pair);
    if (good) return 0;
    if (fd >= 0) unlink(file);
    return error_set(err, E_IO, "%s: %s", file, fd < 0 ? strerror(errno) : "cannot be written");
}

/* The key's name is a digest of its public half, so that whoever knows several keys can choose. */
static void make_header(struct jwt_key *k)
{
    unsigned char *der = NULL, digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    int n = i2d_PUBKEY(k->pair, &der);
    int hashed = n > 0 && EVP_Digest(der, (size_t)n, digest, &size, EVP_sha256(), NULL);
    assert(hashed);
    OPENSSL_free(der);
    buf_auto struct buf text = BUF_INIT;
    buf_puts(&text, "{\"alg\":\"RS256\",\"kid\":\"");
    encode(digest, size, &text);
    buf_puts(&text, "\"}");
    encode(text.data, text.len, &k->header);
}

int jwt_key_load(struct jwt_key **out, const char *file, struct error *err)
{
    BIO *in = BIO_new_file(file, "r");
    if (!in) return tls_error(err, E_IO, file);
    EVP_PKEY *pair = PEM_read_bio_PrivateKey(in, NULL, NULL, NULL);
    BIO_free(in);
    if (!pair) return tls_error(err, E_INVALID, file);
    if (!EVP_PKEY_is_a(pair, "RSA") || EVP_PKEY_get_size(pair) > SIGNATURE_MAX) {
        EVP_PKEY_free(pair);
        return error_set(err, E_INVALID, "%s: not an RSA key of a usual size", file);
    }
    struct jwt_key *k = mem_new(struct jwt_key);
    k->pair = pair;
    make_header(k);
    *out = k;
    return 0;
}

void jwt_key_free(struct jwt_key *k)
{
    if (!k) return;
    EVP_PKEY_free(k->pair);
    buf_free(&k->header);
    mem_free(k);
}

void jwt_sign(const struct jwt_key *k, struct str claims, struct buf *out)
{
    size_t begin = out->len, n = SIGNATURE_MAX;
    unsigned char signature[SIGNATURE_MAX];
    buf_append(out, k->header.data, k->header.len);
    buf_putc(out, '.');
    encode(claims.p, claims.n, out);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool good = ctx && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, k->pair) == 1 &&
                EVP_DigestSign(ctx, signature, &n, (unsigned char *)out->data + begin,
                               out->len - begin) == 1;
    assert(good);
    EVP_MD_CTX_free(ctx);
    buf_putc(out, '.');
    encode(signature, n, out);
}

bool jwt_verify(const struct jwt_key *k, struct str token, struct buf *claims)
{
    struct str rest = token, header, payload, last;
    if (token.n > TOKEN_MAX || !str_split(&rest, '.', &header) || !rest.p ||
        !str_split(&rest, '.', &payload) || !rest.p || !str_split(&rest, '.', &last) || rest.p)
        return false;
    /* The header is ours, byte for byte: there is no algorithm to choose. */
    if (!str_eq(header, (struct str){k->header.data, k->header.len})) return false;
    buf_auto struct buf signature = BUF_INIT;
    if (!decode(last, &signature)) return false;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool good = ctx && EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, k->pair) == 1 &&
                EVP_DigestVerify(ctx, (unsigned char *)signature.data, signature.len,
                                 (const unsigned char *)token.p, header.n + 1 + payload.n) == 1;
    EVP_MD_CTX_free(ctx);
    return good && decode(payload, claims);
}
