#include "proto/strategy.h"

#include "proto/patch.h"

/* Appends the pairs of a merge patch of the spec, and returns how many. */
typedef uint32_t strategy_fn(struct mp spec, struct mp old, struct buf *patch);

static const struct {
    const struct kind *const *kind;
    strategy_fn *spec;
} strategies[] = {
    {&kind_service, strategy_service},
};

static strategy_fn *strategy_of(const struct kind *kind)
{
    for (size_t i = 0; i < sizeof strategies / sizeof *strategies; i++)
        if (*strategies[i].kind == kind) return strategies[i].spec;
    return NULL;
}

bool strategy_apply(const struct kind *kind, struct mp doc, struct mp old, struct buf *out)
{
    strategy_fn *fn = strategy_of(kind);
    struct mp spec = mp_get(doc, "spec");
    if (!fn || spec.type != MP_MAP) return false;
    buf_auto struct buf patch = BUF_INIT;
    struct error err = {0};
    mp_put_map(&patch, 1);
    mp_put_z(&patch, "spec");
    size_t mark = mp_begin(&patch);
    uint32_t pairs = fn(spec, mp_get(old, "spec"), &patch);
    mp_end_map(&patch, mark, pairs);
    return pairs && patch_merge(doc, mp_whole(patch.data, patch.len), out, &err) == 0;
}
