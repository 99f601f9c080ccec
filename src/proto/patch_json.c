/* JSON patch, RFC 6902. Operations work on a tree (patch_tree.h), so that a thousand of them cost
 * one copy of the document and not a thousand. */
#include "base/mem.h"
#include "proto/json.h"
#include "proto/patch.h"
#include "proto/patch_tree.h"

enum {
    PATCH_OPERATIONS_MAX = 10000,   /* as in Kubernetes */
    PATCH_COPY_MAX = JSON_BODY_MAX, /* bytes that copy and move may make, all operations together */
    PATCH_WORK_MAX = 50000000,      /* members looked at, all operations together */
};

struct json_patch {
    struct node *root;
    size_t copied, work;
    struct error *err;
};

/* Where a pointer leads: a member of `parent`, or the whole document. */
struct place {
    struct node *parent; /* NULL: the document */
    struct str key;      /* the last step of an object, unescaped; in `memory` */
    int64_t at;          /* the member there is, or -1; of an array also its end */
    struct buf memory;
};

static bool pointer_unescape(struct str step, struct buf *out)
{
    buf_clear(out);
    buf_reserve(out, step.n);
    for (size_t i = 0; i < step.n; i++) {
        char c = step.p[i];
        if (c == '~') {
            if (++i == step.n || (step.p[i] != '0' && step.p[i] != '1')) return false;
            c = step.p[i] == '0' ? '~' : '/';
        }
        buf_putc(out, c);
    }
    return true;
}

/* "-" is the end of an array, which is a place to add to. */
static int64_t pointer_index(const struct node *array, struct str step)
{
    uint64_t index;
    if (str_is(step, "-")) return array->count;
    if (step.n > 1 && step.p[0] == '0') return -1;
    return str_to_u64(step, &index) && index <= array->count ? (int64_t)index : -1;
}

static int pointer_malformed(struct json_patch *p, struct str pointer)
{
    return error_set(p->err, E_INVALID, "invalid JSON pointer \"%.*s\"", (int)pointer.n, pointer.p);
}

static int pointer_missing(struct json_patch *p, struct str pointer)
{
    return error_set(p->err, E_NOTFOUND, "doc is missing path: \"%.*s\": missing value",
                     (int)pointer.n, pointer.p);
}

/* Goes one step from n; fills place. */
static int pointer_step(struct json_patch *p, struct node *n, struct str step, struct str pointer,
                        struct place *place)
{
    if (n->type != MP_MAP && n->type != MP_ARRAY) return pointer_missing(p, pointer);
    node_open(n);
    p->work += n->count + 1;
    if (p->work > PATCH_WORK_MAX)
        return error_set(p->err, E_TOOBIG, "the patch has too many operations for its target");
    if (!pointer_unescape(step, &place->memory)) return pointer_malformed(p, pointer);
    place->key = (struct str){place->memory.data, place->memory.len};
    place->parent = n;
    place->at = n->type == MP_MAP ? node_find(n, place->key) : pointer_index(n, place->key);
    if (n->type == MP_ARRAY && place->at < 0) return pointer_missing(p, pointer);
    return 0;
}

static struct node *place_node(struct json_patch *p, const struct place *place)
{
    if (!place->parent) return p->root;
    bool there = place->at >= 0 && place->at < place->parent->count;
    return there ? place->parent->links[place->at].node : NULL;
}

static int pointer_walk(struct json_patch *p, struct str pointer, struct place *place)
{
    struct str rest = pointer, step;
    struct node *n = p->root;
    place->parent = NULL;
    if (!pointer.n) return 0;
    if (pointer.p[0] != '/') return pointer_malformed(p, pointer);
    str_split(&rest, '/', &step);
    for (int depth = 0; str_split(&rest, '/', &step); depth++) {
        if (!n) return pointer_missing(p, pointer);
        if (depth >= MP_DEPTH_MAX) return pointer_malformed(p, pointer);
        int rc = pointer_step(p, n, step, pointer, place);
        if (rc) return rc;
        n = place_node(p, place);
    }
    return 0;
}

/* The value at a place, closed: bytes of its own that `*out` bears. */
static int patch_take_copy(struct json_patch *p, const struct node *from, struct node **out)
{
    buf_auto struct buf bytes = BUF_INIT;
    if (!node_write(from, 0, &bytes))
        return error_set(p->err, E_INVALID, "the document nests too deeply");
    p->copied += bytes.len;
    if (p->copied > PATCH_COPY_MAX)
        return error_set(p->err, E_TOOBIG, "the patch copies more than %d bytes", PATCH_COPY_MAX);
    struct node *n = node_new(mp_read(bytes.data, bytes.len));
    n->owned = buf_detach(&bytes);
    n->raw.p = n->owned;
    *out = n;
    return 0;
}

/* Takes `value` in any case. */
static int patch_add(struct json_patch *p, struct str path, struct node *value)
{
    struct place place = {0};
    int rc = pointer_walk(p, path, &place);
    if (rc) {
        node_free(value);
    } else if (!place.parent) {
        node_free(p->root);
        p->root = value;
    } else if (place.parent->type == MP_MAP && place.at >= 0) {
        node_replace(place.parent, (uint32_t)place.at, value);
    } else {
        uint32_t at = place.at < 0 ? place.parent->count : (uint32_t)place.at;
        node_insert(place.parent, at, place.key, value);
    }
    buf_free(&place.memory);
    return rc;
}

static int patch_remove(struct json_patch *p, struct str path)
{
    struct place place = {0};
    int rc = pointer_walk(p, path, &place);
    if (!rc && !place.parent) rc = error_set(p->err, E_NOTFOUND, "the whole document stays");
    if (!rc && !place_node(p, &place)) rc = pointer_missing(p, path);
    if (!rc) node_remove(place.parent, (uint32_t)place.at);
    buf_free(&place.memory);
    return rc;
}

static int patch_replace(struct json_patch *p, struct str path, struct node *value)
{
    struct place place = {0};
    int rc = pointer_walk(p, path, &place);
    if (!rc && !place_node(p, &place)) rc = pointer_missing(p, path);
    if (rc) {
        node_free(value);
    } else if (!place.parent) {
        node_free(p->root);
        p->root = value;
    } else {
        node_replace(place.parent, (uint32_t)place.at, value);
    }
    buf_free(&place.memory);
    return rc;
}

/* Values that are not there equal null. */
static int patch_test(struct json_patch *p, struct str path, struct mp wanted)
{
    struct place place = {0};
    buf_auto struct buf bytes = BUF_INIT;
    int rc = pointer_walk(p, path, &place);
    struct node *n = rc ? NULL : place_node(p, &place);
    bool same = wanted.type == MP_NIL;
    if (n) same = node_write(n, 0, &bytes) && mp_same(mp_read(bytes.data, bytes.len), wanted);
    p->work += bytes.len / 16;
    if (!rc && !same)
        rc = error_set(p->err, E_NOTFOUND, "testing value %.*s failed", (int)path.n, path.p);
    buf_free(&place.memory);
    return rc;
}

static int patch_find_copy(struct json_patch *p, struct str from, struct node **out)
{
    struct place place = {0};
    int rc = pointer_walk(p, from, &place);
    struct node *n = rc ? NULL : place_node(p, &place);
    if (!rc && !n) rc = pointer_missing(p, from);
    if (!rc) rc = patch_take_copy(p, n, out);
    buf_free(&place.memory);
    return rc;
}

static int patch_move(struct json_patch *p, struct str from, struct str path)
{
    struct node *value;
    bool inside = path.n > from.n && memcmp(path.p, from.p, from.n) == 0 && path.p[from.n] == '/';
    if (inside)
        return error_set(p->err, E_INVALID, "a value cannot be moved into itself: \"%.*s\"",
                         (int)path.n, path.p);
    int rc = patch_find_copy(p, from, &value);
    if (rc) return rc;
    if (str_eq(from, path)) {
        node_free(value);
        return 0;
    }
    rc = patch_remove(p, from);
    if (!rc) return patch_add(p, path, value);
    node_free(value);
    return rc;
}

static int patch_apply_named(struct json_patch *p, struct str op, struct str path, struct mp from,
                             struct mp value)
{
    struct node *copy;
    if (str_is(op, "remove")) return patch_remove(p, path);
    if (str_is(op, "move") || str_is(op, "copy")) {
        if (from.type != MP_STR) return error_set(p->err, E_INVALID, "\"from\" is missing");
        if (str_is(op, "move")) return patch_move(p, from.s, path);
        int rc = patch_find_copy(p, from.s, &copy);
        return rc ? rc : patch_add(p, path, copy);
    }
    bool test = str_is(op, "test"), add = str_is(op, "add");
    if (!test && !add && !str_is(op, "replace"))
        return error_set(p->err, E_INVALID, "Unexpected kind: %.*s", (int)op.n, op.p ? op.p : "");
    if (value.type == MP_END) return error_set(p->err, E_INVALID, "\"value\" is missing");
    if (test) return patch_test(p, path, value);
    return add ? patch_add(p, path, node_new(value)) : patch_replace(p, path, node_new(value));
}

static int patch_apply(struct json_patch *p, struct mp operation)
{
    struct str op = mp_str(mp_get(operation, "op"));
    struct mp path = mp_get(operation, "path");
    if (operation.type != MP_MAP || path.type != MP_STR)
        return error_set(p->err, E_INVALID, "a JSON patch is an array of {op, path, ...}");
    int rc =
        patch_apply_named(p, op, path.s, mp_get(operation, "from"), mp_get(operation, "value"));
    return rc ? error_wrap(p->err, rc, "%.*s operation does not apply", (int)op.n, op.p ? op.p : "")
              : 0;
}

int patch_json(struct mp target, struct mp operations, struct buf *out, struct error *err)
{
    if (operations.type != MP_ARRAY)
        return error_set(err, E_INVALID, "a JSON patch must be an array of operations");
    if (operations.count > PATCH_OPERATIONS_MAX)
        return error_set(err, E_TOOBIG,
                         "The allowed maximum operations in a JSON patch is %d, got %u",
                         PATCH_OPERATIONS_MAX, operations.count);
    struct json_patch p = {.root = node_new(target), .err = err};
    int rc = 0;
    for (struct mp_iter it = mp_items(operations); !rc && mp_iter_next(&it);)
        rc = patch_apply(&p, it.value);
    size_t before = out->len;
    if (!rc && !node_write(p.root, 0, out)) {
        out->len = before;
        rc = error_set(err, E_INVALID, "the patched document nests too deeply");
    }
    node_free(p.root);
    return rc;
}
