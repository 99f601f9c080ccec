/* TLS 1.2+ on libuv streams, through OpenSSL and memory BIOs.
 *
 * A tls_config is a certificate, its key and the CA that peers are checked against; immutable after
 * tls_config_load, shared by threads. Certificates are EC P-256, made by pki.h. */
#ifndef LOGSHIP_NET_TLS_H
#define LOGSHIP_NET_TLS_H

#include "base/error.h"
#include "base/str.h"

struct tls_config;

enum tls_verify {
    TLS_PEER_REQUIRED, /* no certificate from the CA, no connection: masters among themselves */
    TLS_PEER_OPTIONAL, /* a client may show one: the API (others come with a token) */
    TLS_PEER_NONE,     /* outgoing only: do not check the server (nodes' self-made certificates) */
};

/* ca_file may be NULL when verify is TLS_PEER_NONE. */
int tls_config_load(struct tls_config **out, const char *cert_file, const char *key_file,
                    const char *ca_file, enum tls_verify verify, struct error *err);
/* As a client only: no certificate of its own, trusts ca_file. */
int tls_config_client(struct tls_config **out, const char *ca_file, struct error *err);
void tls_config_free(struct tls_config *c);

/* Who the other side proved to be; empty texts when it showed no certificate. */
struct tls_peer {
    char common_name[256];
    char organizations[8][256]; /* Kubernetes groups */
    unsigned organization_count;
};

#endif
