/* JSON to msgpack and back.
 *
 * In: simdjson (behind json_parse.cpp) proves syntax and UTF-8; we bound depth
 * and size and write canonical msgpack (mp.h). Duplicate keys: the last one wins, as in Kubernetes.
 * Integers outside 64 bits become doubles. Out: a plain writer; strings escaped as Go's encoder
 * does
 * (<, >, & and U+2028/9 as \u escapes; kubectl does not care, but diffs against Kubernetes do). bin
 * is written as base64. No pretty-printing here. */
#ifndef LOGSHIP_PROTO_JSON_H
#define LOGSHIP_PROTO_JSON_H

#include "base/buf.h"
#include "base/error.h"
#include "proto/mp.h"

enum { JSON_BODY_MAX = 3 * 1024 * 1024 }; /* as Kubernetes' request limit */

/* Appends one msgpack value to out. On failure err reads like "invalid character at byte 17" .
 * Thread-safe (the parser is per thread). */
int json_parse(const char *text, size_t n, struct buf *out, struct error *err);
/* Appends the value as compact JSON. */
void json_write(struct mp value, struct buf *out);
void json_write_str(struct str s, struct buf *out); /* with quotes */

#endif
