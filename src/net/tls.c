#include "net/tls_internal.h"

#include "base/mem.h"

#include <assert.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

struct tls_config {
    SSL_CTX *ctx;
    enum tls_verify verify;
};

int tls_error(struct error *err, int code, const char *what)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    ERR_clear_error();
    return error_set(err, code, "%s: %s", what, reason ? reason : "failed");
}

/* Clients that offer HTTP/2 are told HTTP/1.1; those that ask for nothing get no answer. */
static int tls_on_alpn(SSL *ssl, const unsigned char **out, unsigned char *n,
                       const unsigned char *offered, unsigned offered_n, void *arg)
{
    (void)ssl;
    (void)arg;
    static const unsigned char ours[] = "\x08http/1.1";
    unsigned char *chosen = NULL;
    int found = SSL_select_next_proto(&chosen, n, ours, sizeof ours - 1, offered, offered_n);
    *out = chosen;
    return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

static SSL_CTX *tls_context(void)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_method());
    assert(ctx);
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
                                  "TLS_CHACHA20_POLY1305_SHA256");
    /* Without NO_AUTO_CHAIN the CA's own certificate would be sent along in each handshake, and be
     * kept by the other side for every connection (5 KB). */
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              SSL_MODE_NO_AUTO_CHAIN);
    /* Sessions are resumed from tickets: the server keeps nothing. The id context binds a ticket to
     * this configuration, so that it opens no other door of the process. */
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(ctx, 1);
    unsigned char id[SSL_MAX_SSL_SESSION_ID_LENGTH];
    int filled = RAND_bytes(id, sizeof id);
    assert(filled == 1);
    SSL_CTX_set_session_id_context(ctx, id, sizeof id);
    SSL_CTX_set_alpn_select_cb(ctx, tls_on_alpn, NULL);
    return ctx;
}

static int tls_load_files(SSL_CTX *ctx, const char *cert_file, const char *key_file,
                          const char *ca_file, struct error *err)
{
    ERR_clear_error();
    if (cert_file && SSL_CTX_use_certificate_chain_file(ctx, cert_file) != 1)
        return tls_error(err, E_INVALID, cert_file);
    if (key_file && SSL_CTX_use_PrivateKey_file(ctx, key_file, SSL_FILETYPE_PEM) != 1)
        return tls_error(err, E_INVALID, key_file);
    if (cert_file && SSL_CTX_check_private_key(ctx) != 1)
        return error_set(err, E_INVALID, "%s is not the key of %s", key_file, cert_file);
    if (!ca_file) return 0;
    if (SSL_CTX_load_verify_locations(ctx, ca_file, NULL) != 1)
        return tls_error(err, E_INVALID, ca_file);
    STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(ca_file);
    if (!names) return tls_error(err, E_INVALID, ca_file);
    SSL_CTX_set_client_CA_list(ctx, names); /* tells clients which of their certificates to show */
    return 0;
}

int tls_config_load(struct tls_config **out, const char *cert_file, const char *key_file,
                    const char *ca_file, enum tls_verify verify, struct error *err)
{
    assert(!cert_file == !key_file);
    if (!ca_file && verify != TLS_PEER_NONE)
        return error_set(err, E_INVALID, "TLS: no CA to check the other side against");
    SSL_CTX *ctx = tls_context();
    int result = tls_load_files(ctx, cert_file, key_file, ca_file, err);
    if (result != 0) {
        SSL_CTX_free(ctx);
        return result;
    }
    *out = mem_new(struct tls_config);
    (*out)->ctx = ctx;
    (*out)->verify = verify;
    return 0;
}

int tls_config_client(struct tls_config **out, const char *ca_file, struct error *err)
{
    return tls_config_load(out, NULL, NULL, ca_file, TLS_PEER_REQUIRED, err);
}

void tls_config_free(struct tls_config *c)
{
    if (!c) return;
    SSL_CTX_free(c->ctx);
    mem_free(c);
}

bool tls_checks_server(const struct tls_config *c)
{
    return c->verify != TLS_PEER_NONE;
}

SSL *tls_session(struct tls_config *c, bool server)
{
    static const int server_modes[] = {
        [TLS_PEER_REQUIRED] = SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
        [TLS_PEER_OPTIONAL] = SSL_VERIFY_PEER,
        [TLS_PEER_NONE] = SSL_VERIFY_NONE,
    };
    SSL *ssl = SSL_new(c->ctx);
    assert(ssl);
    if (server) {
        SSL_set_accept_state(ssl);
        SSL_set_verify(ssl, server_modes[c->verify], NULL);
    } else {
        SSL_set_connect_state(ssl);
        SSL_set_verify(ssl, tls_checks_server(c) ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
    }
    return ssl;
}

static int tls_name_text(X509_NAME *name, int at, char out[256], struct error *err)
{
    ASN1_STRING *value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
    unsigned char *utf8 = NULL;
    int n = ASN1_STRING_to_UTF8(&utf8, value);
    bool fits = n >= 0 && n < 256 && memchr(utf8, 0, (size_t)n) == NULL;
    if (fits) {
        memcpy(out, utf8, (size_t)n);
        out[n] = '\0';
    }
    OPENSSL_free(utf8);
    return fits ? 0 : error_set(err, E_DENIED, "a name in the certificate cannot be used");
}

static int tls_read_names(X509_NAME *name, struct tls_peer *peer, struct error *err)
{
    int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
    int result = at >= 0 ? tls_name_text(name, at, peer->common_name, err) : 0;
    enum { MOST = sizeof peer->organizations / sizeof peer->organizations[0] };
    at = -1;
    while (result == 0 && (at = X509_NAME_get_index_by_NID(name, NID_organizationName, at)) >= 0) {
        if (peer->organization_count == MOST)
            return error_set(err, E_DENIED, "more than %d organizations in the certificate", MOST);
        result = tls_name_text(name, at, peer->organizations[peer->organization_count++], err);
    }
    return result;
}

int tls_identify(SSL *ssl, struct tls_peer **out, struct error *err)
{
    X509 *cert = SSL_get0_peer_certificate(ssl);
    /* Without verification the certificate is only a claim. */
    if (!cert || SSL_get_verify_mode(ssl) == SSL_VERIFY_NONE) return 0;
    struct tls_peer *peer = mem_new(struct tls_peer);
    int result = tls_read_names(X509_get_subject_name(cert), peer, err);
    if (result == 0)
        *out = peer;
    else
        mem_free(peer);
    return result;
}
