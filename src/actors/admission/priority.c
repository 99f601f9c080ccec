/* Priority: from the name of a class to the number that the scheduler goes by. */
#include "actors/admission/plugin.h"

struct class
{
    struct str name, preemption;
    int64_t value;
};

static struct class class_of(const struct object *o)
{
    struct class c = {object_name(o), mp_str(doc_path(o->body, "preemptionPolicy")),
                      mp_i64(doc_path(o->body, "value"), 0)};
    if (!c.preemption.n) c.preemption = STR("PreemptLowerPriority");
    return c;
}

/* What a pod gets that names no class. Only one class can be made the default; should there be two
 * all the same, the lower one counts. */
static struct class class_default(struct world *w)
{
    struct class chosen = {{0}, STR("PreemptLowerPriority"), 0};
    for (struct actor *a = world_first(w, kind_priorityclass, NULL); a; a = world_next(a, NULL)) {
        if (!mp_bool(doc_path(a->object->body, "globalDefault"), false)) continue;
        struct class c = class_of(a->object);
        if (!chosen.name.n || c.value < chosen.value) chosen = c;
    }
    return chosen;
}

static void set_str(struct admission_request *r, const char *path, struct str text)
{
    buf_auto struct buf value = BUF_INIT;
    mp_put_str(&value, text);
    admission_set(r, path, &value);
}

bool admit_priority(struct admission_request *r)
{
    struct mp spec = mp_get(r->body, "spec"), given = mp_get(spec, "priority");
    struct str named = mp_str(mp_get(spec, "priorityClassName"));
    struct str policy = mp_str(mp_get(spec, "preemptionPolicy"));
    const struct object *o = named.n ? world_get(r->world, kind_priorityclass, NULL, named) : NULL;
    if (named.n && !o)
        return admission_forbid(r, "no PriorityClass with name %.*s was found", (int)named.n,
                                named.p);
    struct class c = o ? class_of(o) : class_default(r->world);
    if (given.type != MP_END && mp_i64(given, 0) != c.value)
        return admission_forbid(r,
                                "the integer value of priority (%lld) must not be provided in pod "
                                "spec; priority admission controller computed %lld from the given "
                                "PriorityClass name",
                                (long long)mp_i64(given, 0), (long long)c.value);
    if (policy.n && !str_eq(policy, c.preemption))
        return admission_forbid(r,
                                "the string value of PreemptionPolicy (%.*s) must not be provided "
                                "in pod spec; priority admission controller computed %.*s from the "
                                "given PriorityClass name",
                                (int)policy.n, policy.p, (int)c.preemption.n, c.preemption.p);
    bool bare = given.type == MP_END, silent = !policy.n; /* the spec may move from here on */
    if (!named.n && c.name.n) set_str(r, "spec.priorityClassName", c.name);
    if (bare) {
        buf_auto struct buf value = BUF_INIT;
        mp_put_int(&value, c.value);
        admission_set(r, "spec.priority", &value);
    }
    if (silent) set_str(r, "spec.preemptionPolicy", c.preemption);
    return true;
}

bool admit_priority_class(struct admission_request *r)
{
    if (!mp_bool(mp_get(r->body, "globalDefault"), false)) return true;
    struct class other = class_default(r->world);
    if (!other.name.n || str_eq(other.name, actor_name(r->actor))) return true;
    return admission_forbid(
        r, "PriorityClass %.*s is already marked as default. Only one default can exist",
        (int)other.name.n, other.name.p);
}
