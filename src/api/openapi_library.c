#include "api/openapi_library.h"

#include "base/mem.h"

#include <pthread.h>
#include <xxhash.h>

struct openapi_entry {
    enum openapi_document which;
    char *group, *version;
    uint64_t stamp; /* of the custom kinds in it */
    struct openapi_text *text;
};

struct openapi_library {
    struct openapi_entry *entries;
    size_t count, cap;
};

/* What has no custom kinds in it is the same for every instance. */
static struct openapi_library library_builtin;
static pthread_mutex_t library_lock = PTHREAD_MUTEX_INITIALIZER;

struct openapi_text *openapi_text_new(const struct buf *bytes)
{
    struct openapi_text *t = mem_alloc(sizeof *t + bytes->len);
    struct digest digest = digest_of(bytes->data, bytes->len);
    atomic_init(&t->refs, 1);
    t->len = bytes->len;
    memcpy(t->bytes, bytes->data, bytes->len);
    digest_hex(&digest, t->hash);
    return t;
}

void openapi_text_unref(struct openapi_text *t)
{
    if (t && atomic_fetch_sub(&t->refs, 1) == 1) mem_free(t);
}

struct openapi_library *openapi_library_new(void)
{
    return mem_new(struct openapi_library);
}

void openapi_library_free(struct openapi_library *l)
{
    if (!l) return;
    for (size_t i = 0; i < l->count; i++) {
        openapi_text_unref(l->entries[i].text);
        mem_free(l->entries[i].group);
        mem_free(l->entries[i].version);
    }
    mem_free(l->entries);
    mem_free(l);
}

static bool library_concerns(enum openapi_document which, struct str group, struct str version,
                             const struct openapi_kind *k)
{
    return which != OPENAPI_V3 ||
           (str_is(group, k->version->group) && str_is(version, k->version->version));
}

/* 0: no custom kind is in the document. */
static uint64_t library_stamp(enum openapi_document which, struct str group, struct str version,
                              const struct openapi_customs *customs)
{
    uint64_t stamp = 0;
    for (size_t i = 0; i < customs->count; i++)
        if (library_concerns(which, group, version, &customs->kinds[i]))
            stamp = XXH3_64bits_withSeed(&customs->stamps[i], sizeof customs->stamps[i], stamp) | 1;
    return stamp;
}

static struct openapi_entry *library_find(struct openapi_library *l, enum openapi_document which,
                                          struct str group, struct str version)
{
    for (size_t i = 0; i < l->count; i++) {
        struct openapi_entry *e = &l->entries[i];
        if (e->which == which && str_is(group, e->group) && str_is(version, e->version)) return e;
    }
    if (l->count == l->cap) {
        l->cap = l->cap * 2 + 8;
        l->entries = mem_resize(l->entries, l->cap * sizeof *l->entries);
    }
    struct openapi_entry *e = &l->entries[l->count++];
    *e = (struct openapi_entry){.which = which,
                                .group = mem_strndup(group.p, group.n),
                                .version = mem_strndup(version.p, version.n)};
    return e;
}

static struct openapi_text *library_make(enum openapi_document which, struct str group,
                                         struct str version, const struct openapi_customs *customs)
{
    buf_auto struct buf out = BUF_INIT;
    if (which == OPENAPI_V3)
        openapi_v3_put(group, version, customs->kinds, customs->count, &out);
    else
        openapi_v2_put(which == OPENAPI_V2_JSON ? OPENAPI_JSON : OPENAPI_PROTOBUF, customs->kinds,
                       customs->count, &out);
    return openapi_text_new(&out);
}

struct openapi_text *openapi_library_get(struct openapi_library *l, enum openapi_document which,
                                         struct str group, struct str version,
                                         const struct openapi_customs *customs)
{
    uint64_t stamp = library_stamp(which, group, version, customs);
    if (which != OPENAPI_V3) group = version = STR("");
    bool shared = stamp == 0;
    if (shared) {
        pthread_mutex_lock(&library_lock);
        l = &library_builtin;
    }
    struct openapi_entry *e = library_find(l, which, group, version);
    if (!e->text || e->stamp != stamp) {
        openapi_text_unref(e->text);
        e->text = library_make(which, group, version, customs);
        e->stamp = stamp;
    }
    struct openapi_text *text = e->text;
    atomic_fetch_add(&text->refs, 1);
    if (shared) pthread_mutex_unlock(&library_lock);
    return text;
}
