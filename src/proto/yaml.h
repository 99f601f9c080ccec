/* YAML to msgpack, as Kubernetes reads it: the subset that JSON can say.
 *
 * libyaml (behind yaml.c) parses; here its events become a document. Text that is JSON is taken as
 * JSON, which is much faster and the usual case. Plain scalars are typed as in YAML 1.1 by the
 * readers of Kubernetes: null, booleans (true, yes, on ...), integers (also 0x, 0o, 0), floats, and
 * text for all else; quoted ones are text. Bounded: depth as documents have it (mp.h), bytes in as
 * for JSON, and aliases count with what they stand for, so that a small text cannot become a large
 * document. Merge keys (<<) are understood. One document only; keys must be scalars, each once. */
#ifndef LOGSHIP_PROTO_YAML_H
#define LOGSHIP_PROTO_YAML_H

#include "base/buf.h"
#include "base/error.h"

/* Appends one msgpack value to out, or nothing. E_INVALID with line and column; E_TOOBIG. */
int yaml_parse(const char *text, size_t n, struct buf *out, struct error *err);

#endif
