/* A line with a type, a line with the live object (JSON, or nothing), and the configuration: what
 * comes of an apply, forced or not, is a valid document or an error. */
#include "proto/apply.h"
#include "proto/json.h"

#include <assert.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct type *type_of(struct str name)
{
    static const char *const names[] = {"core.v1.Pod", "core.v1.Service", "core.v1.ConfigMap",
                                        "apps.v1.ReplicaSet"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_is(name, names[i])) return type_by_name(names[i]);
    return NULL;
}

static bool read_object(const struct type *type, struct str json, struct buf *out)
{
    buf_auto struct buf raw = BUF_INIT;
    if (json_parse(json.p, json.n, &raw, NULL)) return false;
    struct mp v = mp_read(raw.data, raw.len);
    return v.type == MP_MAP && admit_structure(type, v, out, NULL, NULL) == 0;
}

static void apply_once(const struct type *type, struct mp live, struct mp config, bool force)
{
    buf_auto struct buf out = BUF_INIT, managed = BUF_INIT;
    struct causes conflicts = {0};
    struct error err = {0};
    struct apply a = {
        {.type = type, .manager = STR("fuzz"), .api_version = STR("v1")}, force, live, config};
    int rc = apply_config(&a, &out, &managed, &conflicts, &err);
    assert(rc == 0 || rc == E_INVALID || rc == E_CONFLICT);
    assert(rc == 0 || (out.len == 0 && managed.len == 0 && err.text[0] != '\0'));
    assert((rc == E_CONFLICT) == (conflicts.count > 0));
    if (rc == 0) assert(mp_valid(out.data, out.len));
    if (rc == 0 && managed.len) assert(mp_valid(managed.data, managed.len));
    if (conflicts.count) {
        buf_auto struct buf message = BUF_INIT;
        apply_conflict_message(&conflicts, &message);
    }
    causes_free(&conflicts);
}

static void track_both(const struct type *type, struct mp before, struct mp after)
{
    buf_auto struct buf managed = BUF_INIT;
    struct writer w = {.type = type, .manager = STR("fuzz"), .api_version = STR("v1")};
    managed_track(&w, before, after, mp_path(after, "metadata.managedFields"), &managed);
    assert(!managed.len || mp_valid(managed.data, managed.len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str rest = {(const char *)data, size}, name, live_text;
    buf_auto struct buf a = BUF_INIT, b = BUF_INIT;
    schema_init();
    if (!str_split(&rest, '\n', &name) || !str_split(&rest, '\n', &live_text) || !rest.p) return 0;
    const struct type *type = type_of(name);
    if (!type || !read_object(type, rest, &b)) return 0;
    struct mp live = {0}, config = mp_read(b.data, b.len);
    if (live_text.n && read_object(type, live_text, &a)) live = mp_read(a.data, a.len);
    apply_once(type, live, config, false);
    apply_once(type, live, config, true);
    track_both(type, live, config);
    return 0;
}
