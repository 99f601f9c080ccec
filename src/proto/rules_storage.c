/* Persistent volumes and claims. */
#include "proto/checker.h"
#include "proto/quantity.h"

#include <stdio.h>

static void storage_check_modes(struct checker *c, struct mp modes)
{
    static const char *const known[] = {"ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", NULL};
    unsigned i = 0;
    for (struct mp_iter it = mp_items(modes); mp_iter_next(&it); i++) {
        char sub[24];
        bool good = false;
        for (size_t k = 0; known[k]; k++) good |= mp_is(it.value, known[k]);
        snprintf(sub, sizeof sub, "accessModes[%u]", i);
        if (!good) check_unsupported(c, sub, mp_str(it.value), known);
    }
}

/* What of a volume's spec is not the place where its data lives. */
static bool storage_is_source(struct str field)
{
    static const char *const others[] = {
        "accessModes",  "capacity",         "claimRef",   "mountOptions",
        "nodeAffinity", "storageClassName", "volumeMode", "persistentVolumeReclaimPolicy"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (str_is(field, others[i])) return false;
    return true;
}

static void storage_check_source_kept(struct checker *c, const struct check_scope *at)
{
    for (unsigned i = 0; i < at->type->field_count; i++) {
        const char *field = at->type->fields[i].name;
        struct mp before = mp_get(at->old, field), now = at->values[i];
        if (!storage_is_source(str_of(field)) || (before.type == MP_END && now.type == MP_END) ||
            mp_same(before, now))
            continue;
        check_forbidden(c, "persistentvolumesource",
                        "spec.persistentvolumesource is immutable after creation");
        return;
    }
}

check_fn check_volume_source;
void check_volume_source(struct checker *c, const struct check_scope *at)
{
    if (at->old.type == MP_MAP) storage_check_source_kept(c, at);
    unsigned sources = 0;
    char field[64];
    storage_check_modes(c, check_get(at, "accessModes"));
    for (struct mp_iter it = mp_items(at->object); mp_iter_next(&it);) {
        if (!storage_is_source(it.key) || sources++ == 0) continue;
        snprintf(field, sizeof field, "%.*s", (int)it.key.n, it.key.n ? it.key.p : "");
        check_forbidden(c, field, "may not specify more than 1 volume type");
    }
    if (!sources) check_required(c, "", "must specify a volume type");
    struct mp capacity = check_get(at, "capacity");
    if (!check_empty(capacity) && mp_get(capacity, "storage").type == MP_END)
        check_required(c, "capacity[storage]", NULL);
}

/* A claim asks once; afterwards it may only grow, or be told its volume. */
static void claim_check_update(struct checker *c, const struct check_scope *at)
{
    for (unsigned i = 0; i < at->type->field_count; i++) {
        const char *field = at->type->fields[i].name;
        struct mp before = mp_get(at->old, field), now = at->values[i];
        bool named = !strcmp(field, "volumeName") && check_empty(before);
        if (named || (before.type == MP_END && now.type == MP_END)) continue;
        if (!strcmp(field, "resources") || mp_same(before, now)) continue;
        check_forbidden(c, "",
                        "spec is immutable after creation except resources.requests for bound "
                        "claims");
        return;
    }
}

check_fn check_claim;
void check_claim(struct checker *c, const struct check_scope *at)
{
    storage_check_modes(c, check_get(at, "accessModes"));
    struct mp storage = mp_get(mp_get(check_get(at, "resources"), "requests"), "storage");
    int64_t bytes = 0;
    if (storage.type == MP_END)
        check_required(c, "resources[storage]", NULL);
    else if (quantity_milli(mp_str(storage), &bytes) && bytes <= 0)
        check_invalid(c, "resources[storage]", storage, "must be greater than zero");
    if (at->old.type == MP_MAP) claim_check_update(c, at);
}
