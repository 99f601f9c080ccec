/* What connections need of TLS configurations. Internal to this room. */
#ifndef LOGSHIP_NET_TLS_INTERNAL_H
#define LOGSHIP_NET_TLS_INTERNAL_H

#include "net/tls.h"

#include <openssl/ssl.h>

SSL *tls_session(struct tls_config *c, bool server);
/* Who the other side proved to be; *out is allocated (mem_free), NULL when it showed no
 * certificate. A name that does not fit is an error: a cut one would be somebody else's. */
int tls_identify(SSL *ssl, struct tls_peer **out, struct error *err);
bool tls_checks_server(const struct tls_config *c);           /* false: TLS_PEER_NONE */
int tls_error(struct error *err, int code, const char *what); /* with OpenSSL's newest reason */

#endif
