#include "api/versions.h"

#include "base/mem.h"

struct mp version_stored(const struct kind_version *v, struct mp doc, struct buf *own)
{
    if (convert_defaults(v)) {
        admit_version_defaults(v, doc, own);
        doc = mp_read(own->data, own->len);
    }
    if (!convert_needed(v)) return doc;
    struct buf defaulted = *own;
    *own = BUF_INIT;
    convert_to_stored(v, doc, own);
    buf_free(&defaulted);
    return mp_read(own->data, own->len);
}

struct mp version_shown(const struct kind_version *v, struct mp doc, struct buf *own)
{
    if (!convert_needed(v)) return doc;
    convert_from_stored(v, doc, own);
    return mp_read(own->data, own->len);
}

void version_rename(const struct kind_version *v, struct causes *causes)
{
    for (size_t i = 0; convert_needed(v) && i < causes->count; i++) {
        struct buf name = BUF_INIT;
        convert_field_name(v, causes->items[i].field, &name);
        mem_free(causes->items[i].field);
        causes->items[i].field = name.len ? buf_detach(&name) : mem_strdup("");
    }
}
