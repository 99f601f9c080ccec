/* Names, labels and generated suffixes, by Kubernetes' rules (apimachinery validation). */
#ifndef LOGSHIP_PROTO_NAMES_H
#define LOGSHIP_PROTO_NAMES_H

#include "base/error.h"
#include "proto/mp.h"

/* Each returns NULL when the text is good, else Kubernetes' own sentence for the Status cause. */
const char *name_check_dns_label(struct str s);     /* RFC 1123 label, 63 */
const char *name_check_dns_subdomain(struct str s); /* RFC 1123 subdomain, 253 */
const char *name_check_dns_1035(struct str s);      /* services: starts with a letter, 63 */
const char *name_check_path_segment(struct str s);  /* no /, %, not . or .. (roles, ...) */
const char *name_check_config_key(struct str s);    /* keys of configmaps and secrets */
const char *name_check_qualified(struct str s);     /* label keys, finalizers: prefix/name */
const char *name_check_label_value(struct str s);
/* Five characters of the alphabet without vowels and look-alikes, from 8 random bytes. */
void name_suffix(const unsigned char random[8], char out[6]);

#endif
