#include "net/pki.h"

#include "base/mem.h"
#include "net/tls_internal.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    PKI_CA_DAYS = 3650,
    PKI_BACKDATE_S = 300, /* clocks of other machines may be a little behind */
    PKI_NAME_MAX = 255,   /* what struct tls_peer holds */
    DAY_S = 24 * 3600,
};

struct pki_extension {
    int nid;
    const char *value;
};

static const struct pki_extension pki_ca_extensions[] = {
    {NID_basic_constraints, "critical,CA:TRUE"},
    {NID_key_usage, "critical,digitalSignature,keyEncipherment,keyCertSign,cRLSign"},
    {NID_subject_key_identifier, "hash"},
    {NID_authority_key_identifier, "keyid:always"},
};

static const struct pki_extension pki_leaf_extensions[] = {
    {NID_basic_constraints, "critical,CA:FALSE"},
    {NID_key_usage, "critical,digitalSignature,keyEncipherment"},
    {NID_ext_key_usage, "serverAuth,clientAuth"},
    {NID_subject_key_identifier, "hash"},
};

static const struct pki_extension pki_issued_extensions[] = {
    {NID_authority_key_identifier, "keyid:always"},
};

#define PKI_COUNT(table) (sizeof(table) / sizeof(table)[0])

static void pki_cert_drop(X509 **c)
{
    X509_free(*c);
}
static void pki_key_drop(EVP_PKEY **k)
{
    EVP_PKEY_free(*k);
}
#define pki_cert_auto __attribute__((cleanup(pki_cert_drop)))
#define pki_key_auto  __attribute__((cleanup(pki_key_drop)))

/* Writes the new file beside and renames it: nobody ever reads half a key. */
static int pki_write(const char *path, X509 *cert, EVP_PKEY *key, struct error *err)
{
    mem_auto char *fresh = mem_printf("%s.new", path);
    unlink(fresh);
    int fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, key ? 0600 : 0644);
    if (fd < 0) return error_set(err, E_IO, "%s: %s", fresh, strerror(errno));
    BIO *out = BIO_new_fd(fd, BIO_NOCLOSE);
    assert(out);
    bool good = key ? PEM_write_bio_PKCS8PrivateKey(out, key, NULL, NULL, 0, NULL, NULL) == 1
                    : PEM_write_bio_X509(out, cert) == 1;
    BIO_free(out);
    good = good && fsync(fd) == 0;
    good = close(fd) == 0 && good;
    good = good && rename(fresh, path) == 0;
    if (good) return 0;
    int result = error_set(err, E_IO, "%s: cannot be written", path);
    unlink(fresh);
    return result;
}

static int pki_read(const char *path, X509 **cert, EVP_PKEY **key, struct error *err)
{
    BIO *in = BIO_new_file(path, "r");
    if (!in) return tls_error(err, E_IO, path);
    if (cert) *cert = PEM_read_bio_X509(in, NULL, NULL, NULL);
    if (key) *key = PEM_read_bio_PrivateKey(in, NULL, NULL, NULL);
    BIO_free(in);
    return (cert && !*cert) || (key && !*key) ? tls_error(err, E_INVALID, path) : 0;
}

static void pki_number(X509 *cert)
{
    unsigned char serial[16];
    int filled = RAND_bytes(serial, sizeof serial);
    assert(filled == 1);
    serial[0] = (serial[0] & 0x7f) | 0x40; /* positive and of one length */
    BIGNUM *number = BN_bin2bn(serial, sizeof serial, NULL);
    BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert));
    BN_free(number);
}

static bool pki_name(X509_NAME *name, int nid, const char *text)
{
    /* Given its final type, the text is not held to X.520's 64 characters: "system:node:" and a
     * node's name may be longer, and nobody who reads our certificates minds. */
    return strlen(text) <= PKI_NAME_MAX &&
           X509_NAME_add_entry_by_NID(name, nid, V_ASN1_UTF8STRING, (const unsigned char *)text, -1,
                                      -1, 0) == 1;
}

static bool pki_extend(X509 *cert, X509 *issuer, const struct pki_extension *table, size_t n)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, cert, NULL, NULL, 0);
    for (size_t i = 0; i < n; i++) {
        X509_EXTENSION *e = X509V3_EXT_nconf_nid(NULL, &context, table[i].nid, table[i].value);
        bool good = e && X509_add_ext(cert, e, -1) == 1;
        X509_EXTENSION_free(e);
        if (!good) return false;
    }
    return true;
}

static bool pki_alternative(GENERAL_NAMES *all, const char *name)
{
    unsigned char ip[16];
    int size = inet_pton(AF_INET, name, ip) == 1 ? 4 : inet_pton(AF_INET6, name, ip) == 1 ? 16 : 0;
    GENERAL_NAME *one = GENERAL_NAME_new();
    ASN1_STRING *value = size ? ASN1_OCTET_STRING_new() : ASN1_IA5STRING_new();
    assert(one && value);
    bool good = ASN1_STRING_set(value, size ? (const void *)ip : name,
                                size ? size : (int)strlen(name)) == 1;
    GENERAL_NAME_set0_value(one, size ? GEN_IPADD : GEN_DNS, value);
    return good && sk_GENERAL_NAME_push(all, one) > 0;
}

static bool pki_alternatives(X509 *cert, const char *const *names)
{
    if (!names || !names[0]) return true;
    GENERAL_NAMES *all = GENERAL_NAMES_new();
    assert(all);
    bool good = true;
    for (; *names; names++) good = good && pki_alternative(all, *names);
    good = good && X509_add1_ext_i2d(cert, NID_subject_alt_name, all, 0, 0) == 1;
    GENERAL_NAMES_free(all);
    return good;
}

static X509 *pki_cert_new(EVP_PKEY *key, unsigned days)
{
    X509 *cert = X509_new();
    assert(cert);
    X509_set_version(cert, X509_VERSION_3);
    X509_set_pubkey(cert, key);
    pki_number(cert);
    X509_gmtime_adj(X509_getm_notBefore(cert), -PKI_BACKDATE_S);
    X509_gmtime_adj(X509_getm_notAfter(cert), (long)days * DAY_S);
    return cert;
}

static int pki_write_pair(const char *cert_file, X509 *cert, const char *key_file, EVP_PKEY *key,
                          struct error *err)
{
    int result = pki_write(key_file, NULL, key, err);
    return result == 0 ? pki_write(cert_file, cert, NULL, err) : result;
}

int pki_make_ca(const char *cert_file, const char *key_file, const char *common_name,
                struct error *err)
{
    pki_key_auto EVP_PKEY *key = EVP_EC_gen("P-256");
    if (!key) return tls_error(err, E_INVALID, "make a key");
    pki_cert_auto X509 *cert = pki_cert_new(key, PKI_CA_DAYS);
    X509_NAME *name = X509_get_subject_name(cert);
    if (!pki_name(name, NID_commonName, common_name) || !X509_set_issuer_name(cert, name) ||
        !pki_extend(cert, cert, pki_ca_extensions, PKI_COUNT(pki_ca_extensions)) ||
        !X509_sign(cert, key, EVP_sha256()))
        return tls_error(err, E_INVALID, "make the CA certificate");
    return pki_write_pair(cert_file, cert, key_file, key, err);
}

/* ca == NULL: signs itself. */
static int pki_make_leaf(X509 *ca, EVP_PKEY *ca_key, const struct pki_request *request,
                         const char *cert_file, const char *key_file, struct error *err)
{
    pki_key_auto EVP_PKEY *key = EVP_EC_gen("P-256");
    if (!key) return tls_error(err, E_INVALID, "make a key");
    pki_cert_auto X509 *cert = pki_cert_new(key, request->days);
    X509_NAME *name = X509_get_subject_name(cert);
    bool good = pki_name(name, NID_commonName, request->common_name);
    const char *const *o = request->organizations;
    for (; o && *o; o++) good = good && pki_name(name, NID_organizationName, *o);
    good = good && X509_set_issuer_name(cert, ca ? X509_get_subject_name(ca) : name);
    good = good &&
           pki_extend(cert, ca ? ca : cert, pki_leaf_extensions, PKI_COUNT(pki_leaf_extensions));
    if (ca)
        good =
            good && pki_extend(cert, ca, pki_issued_extensions, PKI_COUNT(pki_issued_extensions));
    good = good && pki_alternatives(cert, request->names);
    good = good && X509_sign(cert, ca ? ca_key : key, EVP_sha256());
    if (!good) return tls_error(err, E_INVALID, request->common_name);
    return pki_write_pair(cert_file, cert, key_file, key, err);
}

int pki_issue(const char *ca_cert, const char *ca_key, const struct pki_request *request,
              const char *cert_file, const char *key_file, struct error *err)
{
    pki_cert_auto X509 *ca = NULL;
    pki_key_auto EVP_PKEY *key = NULL;
    int result = pki_read(ca_cert, &ca, NULL, err);
    if (result == 0) result = pki_read(ca_key, NULL, &key, err);
    if (result == 0 && X509_check_private_key(ca, key) != 1)
        result = tls_error(err, E_INVALID, "the CA's certificate and key do not belong together");
    return result == 0 ? pki_make_leaf(ca, key, request, cert_file, key_file, err) : result;
}

int pki_self_sign(const struct pki_request *request, const char *cert_file, const char *key_file,
                  struct error *err)
{
    return pki_make_leaf(NULL, NULL, request, cert_file, key_file, err);
}
