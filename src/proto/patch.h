/* Patches, as pure functions from documents to documents. Output is appended to out as msgpack, and
 * only on success. E_INVALID: the patch itself is wrong; E_NOTFOUND: it does not apply to this
 * target (a test failed, a path is missing); E_TOOBIG: it would take too much work. */
#ifndef LOGSHIP_PROTO_PATCH_H
#define LOGSHIP_PROTO_PATCH_H

#include "base/error.h"
#include "proto/mp.h"
#include "proto/schema.h"

int patch_json(struct mp target, struct mp operations, struct buf *out,
               struct error *err); /* RFC 6902 */
int patch_merge(struct mp target, struct mp patch, struct buf *out,
                struct error *err); /* RFC 7386 */
/* Kubernetes' strategic merge, driven by the type's patch strategies; directives $patch (replace,
 * delete, merge), $retainKeys, $setElementOrder/x, $deleteFromPrimitiveList/x. */
int patch_strategic(const struct type *type, struct mp target, struct mp patch, struct buf *out,
                    struct error *err);

#endif
