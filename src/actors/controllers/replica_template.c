/* From a set's template to the one body that all its pods share, and the owner reference that binds
 * them. */
#include "actors/controllers/replica_sets.h"

#include "actors/edit.h"

struct mp replica_owner_of(struct mp owners, const struct uid *uid)
{
    for (struct mp_iter it = mp_items(owners); mp_iter_next(&it);) {
        struct uid other;
        if (uid_parse(mp_str(mp_get(it.value, "uid")), &other) && uid_equal(&other, uid))
            return it.value;
    }
    return (struct mp){0};
}

static void put_pair(struct buf *b, const char *key, struct str value)
{
    mp_put_z(b, key);
    mp_put_str(b, value);
}

static void put_owner(struct buf *b, const struct object *set)
{
    char uid[UID_TEXT];
    uid_text(&set->id->uid, uid);
    mp_put_map(b, 6);
    put_pair(b, "apiVersion", str_of(set->id->kind->versions[0].api_version));
    put_pair(b, "kind", str_of(set->id->kind->kind));
    put_pair(b, "name", object_name(set));
    put_pair(b, "uid", str_of(uid));
    mp_put_z(b, "controller");
    mp_put_bool(b, true);
    mp_put_z(b, "blockOwnerDeletion");
    mp_put_bool(b, true);
}

/* Pod names are the set's name, a dash and five characters; the API allows 63 in what it generates.
 */
static struct str name_base(const struct object *set)
{
    struct str name = object_name(set);
    enum { BASE_MAX = 57 };
    return name.n > BASE_MAX ? (struct str){name.p, BASE_MAX} : name;
}

static void put_metadata(struct buf *b, const struct object *set, struct mp template)
{
    static const char *const taken_over[] = {"labels", "annotations", "finalizers"};
    struct mp metadata = mp_get(template, "metadata");
    struct str base = name_base(set);
    uint32_t pairs = 2;
    size_t mark = mp_begin(b);
    mp_put_z(b, "generateName");
    char generate[80];
    memcpy(generate, base.p, base.n);
    generate[base.n] = '-';
    mp_put_str(b, (struct str){generate, base.n + 1});
    for (unsigned i = 0; i < sizeof taken_over / sizeof *taken_over; i++) {
        struct mp v = mp_get(metadata, taken_over[i]);
        if (v.type == MP_END) continue;
        mp_put_z(b, taken_over[i]);
        mp_put(b, v);
        pairs++;
    }
    mp_put_z(b, "ownerReferences");
    mp_put_array(b, 1);
    put_owner(b, set);
    mp_end_map(b, mark, pairs);
}

void replica_template_refresh(struct replica_set *s)
{
    /* After a keyframe was loaded the world has other documents. */
    if (s->template_of == s->object->body && s->pod_body->interned) return;
    doc_unref(s->template_of);
    doc_unref(s->pod_body);
    s->template_of = doc_ref(s->object->body);
    struct mp template = doc_path(s->object->body, "spec.template");
    struct mp spec = mp_get(template, "spec");
    struct str node = mp_str(mp_get(spec, "nodeName"));
    s->pod_node = node.n ? istr_get(node) : NULL;
    buf_auto struct buf b = BUF_INIT;
    mp_put_map(&b, 2);
    mp_put_z(&b, "metadata");
    put_metadata(&b, s->object, template);
    mp_put_z(&b, "spec");
    edit_put(&b, spec, "nodeName", (struct str){0});
    s->pod_body = docs_intern(&s->controller->world->docs, doc_from_buf(&b));
}

/* The pod's body with its owners but for this set, and with this set as its controller when
 * `adopt`. */
static struct doc *body_with_owners(const struct replica_set *s, const struct object *pod,
                                    bool adopt)
{
    struct mp owners = doc_path(pod->body, "metadata.ownerReferences");
    struct mp mine = replica_owner_of(owners, &s->uid);
    buf_auto struct buf list = BUF_INIT;
    uint32_t count = adopt;
    size_t mark = mp_begin(&list);
    for (struct mp_iter it = mp_items(owners); mp_iter_next(&it);) {
        if (it.value.raw.p == mine.raw.p) continue;
        mp_put(&list, it.value);
        count++;
    }
    if (adopt) put_owner(&list, s->object);
    mp_end_array(&list, mark, count);
    return edit_doc(pod->body, "metadata.ownerReferences",
                    count ? edit_value(&list) : (struct str){0});
}

struct doc *replica_adopted_body(const struct replica_set *s, const struct object *pod)
{
    return body_with_owners(s, pod, true);
}

struct doc *replica_released_body(const struct replica_set *s, const struct object *pod)
{
    return body_with_owners(s, pod, false);
}
