/* The cluster's own CA and the certificates it issues (EC P-256, X.509 v3, files in PEM). */
#ifndef LOGSHIP_NET_PKI_H
#define LOGSHIP_NET_PKI_H

#include "base/error.h"

/* Writes cert_file and key_file (mode 0600), valid for ten years. */
int pki_make_ca(const char *cert_file, const char *key_file, const char *common_name,
                struct error *err);

struct pki_request {
    const char *common_name;
    const char *const *organizations; /* NULL-terminated, may be NULL */
    const char *const
        *names; /* subject alternative names: DNS names and IP addresses; NULL-terminated */
    unsigned days;
    /* Usable for both server and client authentication. */
};
int pki_issue(const char *ca_cert, const char *ca_key, const struct pki_request *request,
              const char *cert_file, const char *key_file, struct error *err);
/* Self-signed, for a node's own listener. */
int pki_self_sign(const struct pki_request *request, const char *cert_file, const char *key_file,
                  struct error *err);

#endif
