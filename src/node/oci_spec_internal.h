/* The parts of a container's config.json, each in a file of its own. */
#ifndef LOGSHIP_NODE_OCI_SPEC_INTERNAL_H
#define LOGSHIP_NODE_OCI_SPEC_INTERNAL_H

#include "node/oci_spec.h"
#include "node/put.h"

bool oci_privileged(const struct oci_spec *s);
void oci_put_texts(struct put *m, const char *key, const char *const *texts); /* NULL-terminated */

/* Who runs what with which rights, and in which surroundings. */
int oci_put_process(const struct oci_spec *s, struct put *spec, struct error *err);
/* What it sees of files: the usual mounts, the pod's own files, its volumes. */
int oci_put_mounts(const struct oci_spec *s, struct put *spec, struct error *err);

#endif
