/* TLS inside a connection. OpenSSL reads from and writes to memory: a BIO of our own that takes
 * ciphertext straight from the loop's read buffer and appends to the connection's output, so that
 * no connection keeps buffers while nothing moves. */
#include "net/conn_internal.h"
#include "net/tls_internal.h"

#include <arpa/inet.h>
#include <assert.h>
#include <openssl/err.h>
#include <pthread.h>

static int conn_bio_read(BIO *bio, char *out, int n)
{
    struct conn *c = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (!c->in_n) {
        BIO_set_retry_read(bio);
        return -1;
    }
    size_t take = c->in_n < (size_t)n ? c->in_n : (size_t)n;
    memcpy(out, c->in, take);
    c->in += take;
    c->in_n -= take;
    return (int)take;
}

static int conn_bio_write(BIO *bio, const char *bytes, int n)
{
    struct conn *c = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (!c->out.data) hub_lend(c->hub, &c->out);
    buf_append(&c->out, bytes, (size_t)n);
    conn_mark(c);
    return n;
}

static long conn_bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH;
}

static BIO_METHOD *conn_bio;

static void conn_bio_make(void)
{
    conn_bio = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "connection");
    assert(conn_bio);
    BIO_meth_set_read(conn_bio, conn_bio_read);
    BIO_meth_set_write(conn_bio, conn_bio_write);
    BIO_meth_set_ctrl(conn_bio, conn_bio_ctrl);
}

void conn_tls_start(struct conn *c, struct tls_config *tls, bool server)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, conn_bio_make);
    c->ssl = tls_session(tls, server);
    BIO *bio = BIO_new(conn_bio);
    assert(bio);
    BIO_set_data(bio, c);
    BIO_set_init(bio, 1);
    SSL_set_bio(c->ssl, bio, bio);
}

void conn_tls_free(struct conn *c)
{
    SSL_free(c->ssl);
    c->ssl = NULL;
    mem_free(c->peer);
    c->peer = NULL;
}

void conn_tls_connect(struct conn *c, const char *host)
{
    unsigned char number[16];
    bool is_ip = inet_pton(AF_INET, host, number) == 1 || inet_pton(AF_INET6, host, number) == 1;
    if (!is_ip) SSL_set_tlsext_host_name(c->ssl, host);
    if (c->check_name && is_ip)
        X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(c->ssl), host);
    else if (c->check_name)
        SSL_set1_host(c->ssl, host);
    conn_tls_input(c, NULL, 0);
}

static void conn_tls_failed(struct conn *c)
{
    long verdict = SSL_get_verify_result(c->ssl);
    unsigned long code = ERR_peek_error();
    if (verdict != X509_V_OK)
        conn_close(c, E_DENIED, "%s: TLS: %s", c->address, X509_verify_cert_error_string(verdict));
    else if (ERR_reason_error_string(code))
        conn_close(c, E_DENIED, "%s: TLS: %s", c->address, ERR_reason_error_string(code));
    else
        conn_close(c, E_IO, "%s: TLS: broken connection", c->address);
    ERR_clear_error();
    conn_forget_plain(c);
    c->goodbye = true; /* after a fatal error OpenSSL has sent its alert and takes no goodbye */
}

/* False: not done yet, or failed. */
static bool conn_tls_handshake(struct conn *c)
{
    ERR_clear_error();
    int result = SSL_do_handshake(c->ssl);
    if (result != 1) {
        if (SSL_get_error(c->ssl, result) != SSL_ERROR_WANT_READ) conn_tls_failed(c);
        return false;
    }
    struct error err;
    if (tls_identify(c->ssl, &c->peer, &err) != 0) {
        conn_close(c, err.code, "%s: %s", c->address, err.text);
        return false;
    }
    conn_opened(c);
    return true;
}

static bool conn_tls_decrypt(struct conn *c)
{
    size_t n = 0;
    ERR_clear_error();
    int result = SSL_read_ex(c->ssl, c->hub->plain, sizeof c->hub->plain, &n);
    if (result == 1) {
        c->events->data(c, c->hub->plain, n);
        return true;
    }
    int problem = SSL_get_error(c->ssl, result);
    if (problem == SSL_ERROR_ZERO_RETURN)
        conn_saw_eof(c);
    else if (problem != SSL_ERROR_WANT_READ)
        conn_tls_failed(c);
    return false;
}

void conn_tls_input(struct conn *c, const char *bytes, size_t n)
{
    c->in = bytes;
    c->in_n = n;
    if (c->state != CONN_HANDSHAKE || conn_tls_handshake(c))
        while (c->state == CONN_OPEN && !c->paused && conn_tls_decrypt(c)) {
        }
    /* The owner paused in the middle of it: the rest is decrypted when it resumes. */
    if (c->state == CONN_OPEN && c->paused && c->in_n) buf_append(&c->held, c->in, c->in_n);
    c->in = NULL;
    c->in_n = 0;
}

bool conn_tls_encrypt(struct conn *c, size_t n)
{
    size_t written = 0;
    ERR_clear_error();
    if (SSL_write_ex(c->ssl, c->plain.data + c->plain_at, n, &written) == 1) {
        assert(written == n);
        return true;
    }
    ERR_clear_error();
    conn_abort(c, E_IO, "%s: TLS: cannot write", c->address);
    return false;
}

void conn_tls_goodbye(struct conn *c)
{
    ERR_clear_error();
    if (SSL_is_init_finished(c->ssl)) SSL_shutdown(c->ssl);
    ERR_clear_error();
}
