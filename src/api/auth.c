#include "api/auth.h"

#include "base/buf.h"
#include "base/mem.h"
#include "net/tls.h"
#include "proto/mp.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <strings.h>

struct auth_token {
    unsigned char digest[32]; /* tokens are compared by digest, in constant time */
    istr user;
    char *groups; /* as in the file: with commas */
    bool masters;
};

struct auth {
    size_t count;
    struct auth_token *tokens;
};

static void auth_digest(struct str token, unsigned char out[32])
{
    crypto_generichash(out, 32, (const unsigned char *)token.p, token.n, NULL, 0);
}

/* One field of a csv line; quoted fields may hold commas. */
static struct str auth_field(struct str *line)
{
    struct str field = {0};
    if (line->n && line->p[0] == '"') {
        struct str quoted = {line->p + 1, line->n - 1}, rest;
        str_split(&quoted, '"', &field);
        str_split(&quoted, ',', &rest);
        *line = quoted;
        return field;
    }
    str_split(line, ',', &field);
    return field;
}

static bool auth_lists_masters(struct str groups)
{
    struct str group;
    while (str_split(&groups, ',', &group))
        if (str_is(group, "system:masters")) return true;
    return false;
}

static int auth_add(struct auth *a, struct str line, unsigned number, struct error *err)
{
    struct str token = auth_field(&line), user = auth_field(&line);
    if (!token.n || !user.n)
        return error_set(err, E_INVALID, "line %u: a token and a user are needed", number);
    a->tokens = mem_resize(a->tokens, (a->count + 1) * sizeof *a->tokens);
    struct auth_token *t = &a->tokens[a->count++];
    auth_digest(token, t->digest);
    t->user = istr_get(user);
    auth_field(&line); /* the uid */
    struct str groups = auth_field(&line);
    t->groups = mem_strndup(groups.p ? groups.p : "", groups.n);
    t->masters = auth_lists_masters(groups);
    return 0;
}

int auth_parse(struct auth **out, struct str csv, struct error *err)
{
    struct auth *a = mem_new(struct auth);
    struct str line;
    for (unsigned number = 1; str_split(&csv, '\n', &line); number++) {
        if (line.n && line.p[line.n - 1] == '\r') line.n--;
        if (line.n == 0 || line.p[0] == '#') continue;
        int rc = auth_add(a, line, number, err);
        if (rc) {
            auth_free(a);
            return rc;
        }
    }
    *out = a;
    return 0;
}

int auth_load(struct auth **out, const char *tokens_file, struct error *err)
{
    if (!tokens_file) return auth_parse(out, STR(""), err);
    FILE *file = fopen(tokens_file, "re");
    if (!file) return error_set(err, E_IO, "%s: %s", tokens_file, strerror(errno));
    buf_auto struct buf text = BUF_INIT;
    size_t got;
    do {
        got = fread(buf_reserve(&text, 4096), 1, 4096, file);
        text.len += got;
    } while (got);
    bool failed = ferror(file);
    fclose(file);
    if (failed) return error_set(err, E_IO, "%s: cannot be read", tokens_file);
    int rc = auth_parse(out, (struct str){text.data, text.len}, err);
    return rc ? error_wrap(err, rc, "%s", tokens_file) : 0;
}

void auth_free(struct auth *a)
{
    if (!a) return;
    for (size_t i = 0; i < a->count; i++) mem_free(a->tokens[i].groups);
    mem_free(a->tokens);
    mem_free(a);
}

static const struct auth_token *auth_find(const struct auth *a, struct str token)
{
    unsigned char digest[32];
    auth_digest(token, digest);
    const struct auth_token *found = NULL;
    for (size_t i = 0; i < a->count; i++)
        if (sodium_memcmp(digest, a->tokens[i].digest, sizeof digest) == 0) found = &a->tokens[i];
    return found;
}

istr auth_token_user(const struct auth *a, struct str token)
{
    const struct auth_token *found = auth_find(a, token);
    return found ? found->user : NULL;
}

uint32_t auth_put_token_groups(const struct auth *a, struct str token, struct buf *out)
{
    const struct auth_token *found = auth_find(a, token);
    struct str groups = str_of(found ? found->groups : ""), group;
    uint32_t count = 0;
    for (; str_split(&groups, ',', &group); count++) mp_put_str(out, group);
    return count;
}

uint32_t auth_put_peer_groups(const struct tls_peer *peer, struct buf *out)
{
    for (unsigned i = 0; i < peer->organization_count; i++) mp_put_z(out, peer->organizations[i]);
    return peer->organization_count;
}

static bool auth_peer_masters(const struct tls_peer *peer)
{
    for (unsigned i = 0; i < peer->organization_count; i++)
        if (strcmp(peer->organizations[i], "system:masters") == 0) return true;
    return false;
}

istr auth_user(const struct auth *a, const struct tls_peer *peer, struct str authorization,
               bool *masters)
{
    static const char bearer[] = "Bearer ";
    size_t n = sizeof bearer - 1;
    *masters = false;
    if (authorization.n > n && strncasecmp(authorization.p, bearer, n) == 0) {
        const struct auth_token *found =
            auth_find(a, (struct str){authorization.p + n, authorization.n - n});
        *masters = found && found->masters;
        return found ? found->user : NULL;
    }
    if (authorization.n || !peer || !peer->common_name[0]) return NULL;
    *masters = auth_peer_masters(peer);
    return istr_of(peer->common_name);
}
