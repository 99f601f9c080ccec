#include "actors/controllers/recorder.h"

#include "actors/controllers/acting.h"
#include "base/digest.h"
#include "base/mem.h"
#include "proto/timefmt.h"

#include <stdio.h>

enum { TOLD_SLOTS = 1024, AGAIN_MS = 600 * 1000, RATE_PER_S = 500, RATE_BURST = 2000 };

/* What was told lately, so that telling it again is counting. A cache: slots are simply
 * overwritten. */
struct told {
    struct digest key; /* of object, reason and message; zero: free */
    char *name;
    istr ns;
    uint32_t count;
    int64_t first_s;
    uint64_t last_ms;
};

struct recorder {
    struct system *system;
    char *component;
    istr who;
    uint64_t filled_ms;
    uint32_t tokens; /* thousandths */
    struct told told[TOLD_SLOTS];
};

struct recorder *recorder_new(struct system *s, const char *component)
{
    struct recorder *r = mem_new(struct recorder);
    r->system = s;
    r->component = mem_strdup(component);
    mem_auto char *who = mem_printf("system:%s", component);
    r->who = istr_of(who);
    r->tokens = RATE_BURST * 1000U;
    return r;
}

void recorder_free(struct recorder *r)
{
    if (!r) return;
    for (unsigned i = 0; i < TOLD_SLOTS; i++) mem_free(r->told[i].name);
    mem_free(r->component);
    mem_free(r);
}

static bool take_token(struct recorder *r, uint64_t now_ms)
{
    uint64_t passed = now_ms - r->filled_ms;
    r->filled_ms = now_ms;
    if (passed > 60000) passed = 60000;
    uint64_t tokens = r->tokens + passed * RATE_PER_S;
    r->tokens = (uint32_t)(tokens < RATE_BURST * 1000U ? tokens : RATE_BURST * 1000U);
    if (r->tokens < 1000) return false;
    r->tokens -= 1000;
    return true;
}

static void put_pair(struct buf *b, const char *key, struct str value)
{
    mp_put_z(b, key);
    mp_put_str(b, value);
}

static void put_about(struct buf *b, const struct object *o)
{
    char uid[UID_TEXT], revision[24];
    uid_text(&o->id->uid, uid);
    snprintf(revision, sizeof revision, "%llu", (unsigned long long)o->revision);
    mp_put_z(b, "involvedObject");
    mp_put_map(b, o->id->ns ? 6 : 5);
    put_pair(b, "kind", str_of(o->id->kind->kind));
    if (o->id->ns) put_pair(b, "namespace", istr_str(o->id->ns));
    put_pair(b, "name", object_name(o));
    put_pair(b, "uid", str_of(uid));
    put_pair(b, "apiVersion", str_of(o->id->kind->versions[0].api_version));
    put_pair(b, "resourceVersion", str_of(revision));
}

static struct doc *event_body(const struct recorder *r, const struct told *t,
                              const struct object *about, const char *type, const char *reason,
                              const char *message, int64_t now_s)
{
    char first[TIME_TEXT], last[TIME_TEXT];
    time_format_s(t->first_s, first);
    time_format_s(now_s, last);
    buf_auto struct buf b = BUF_INIT;
    mp_put_map(&b, 9);
    mp_put_z(&b, "metadata");
    mp_put_map(&b, 0);
    put_about(&b, about);
    put_pair(&b, "reason", str_of(reason));
    put_pair(&b, "message", str_of(message));
    mp_put_z(&b, "source");
    mp_put_map(&b, 1);
    put_pair(&b, "component", str_of(r->component));
    put_pair(&b, "firstTimestamp", str_of(first));
    put_pair(&b, "lastTimestamp", str_of(last));
    mp_put_z(&b, "count");
    mp_put_int(&b, t->count);
    put_pair(&b, "type", str_of(type));
    return doc_from_buf(&b);
}

static struct digest told_key(const struct object *about, const char *reason, const char *message)
{
    struct digest_part parts[] = {{&about->id->uid, sizeof about->id->uid},
                                  {reason, strlen(reason) + 1},
                                  {message, strlen(message)}};
    return digest_of_parts(parts, 3);
}

/* The slot of this message: with what was told of it if that is fresh and still there, else begun
 * anew. */
static struct told *told_slot(struct recorder *r, const struct object *about, const char *reason,
                              const char *message, uint64_t now_ms)
{
    struct digest key = told_key(about, reason, message);
    struct told *t = &r->told[key.lane[0] % TOLD_SLOTS];
    if (t->name && digest_equal(&t->key, &key) && now_ms - t->last_ms < AGAIN_MS &&
        world_get(system_world(r->system), kind_event, t->ns, str_of(t->name)))
        return t;
    unsigned char random[8];
    uint64_t tag;
    struct host *host = system_host(r->system);
    host->random(host, random, sizeof random);
    memcpy(&tag, random, sizeof tag);
    mem_free(t->name);
    *t = (struct told){.key = key, .first_s = acting_wall_s(r->system)};
    /* Room for the dot and sixteen digits within the longest name. */
    int keep = about->id->name_len < 236 ? (int)about->id->name_len : 236;
    t->name = mem_printf("%.*s.%016llx", keep, about->id->name, (unsigned long long)tag);
    t->ns = about->id->ns ? about->id->ns : istr_of("default");
    return t;
}

void recorder_tell(struct recorder *r, const struct object *about, const char *type,
                   const char *reason, const char *format, ...)
{
    uint64_t now_ms = acting_now_ms(r->system);
    if (!system_leads(r->system) || !take_token(r, now_ms)) return;
    char message[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    struct told *t = told_slot(r, about, reason, message, now_ms);
    t->count++;
    t->last_ms = now_ms;
    struct command *c = command_new(t->count == 1 ? COMMAND_CREATE : COMMAND_UPDATE, kind_event,
                                    t->ns, str_of(t->name), r->who);
    c->cause = about->revision;
    c->body = event_body(r, t, about, type, reason, message, acting_wall_s(r->system));
    system_send(r->system, c);
}
