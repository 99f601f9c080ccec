#include "api/impersonate.h"

#include "base/mem.h"
#include "proto/mp.h"

#include <ctype.h>
#include <strings.h>

#define EXTRA   "Impersonate-Extra-"
#define ACCOUNT "system:serviceaccount:"

struct header {
    struct str name, value;
};

static bool header_is(struct str name, const char *header)
{
    return name.n == strlen(header) && strncasecmp(name.p, header, name.n) == 0;
}

static bool header_is_extra(struct str name)
{
    size_t n = sizeof EXTRA - 1;
    return name.n > n && strncasecmp(name.p, EXTRA, n) == 0;
}

static bool header_concerns(struct str name)
{
    return header_is(name, "Impersonate-User") || header_is(name, "Impersonate-Group") ||
           header_is(name, "Impersonate-Uid") || header_is_extra(name);
}

static bool impersonate_refuse(struct request *r, int code, const char *why, struct str what)
{
    reply_error(r, code, NULL, why, (int)what.n, what.p);
    return false;
}

bool impersonate(struct request *r)
{
    struct header h, about = {0};
    bool masters = false;
    for (unsigned i = 0; http_header_at(r->x, i, &h.name, &h.value); i++) {
        if (!header_concerns(h.name)) continue;
        about = h;
        if (!str_is_utf8(h.name) || !str_is_utf8(h.value))
            return impersonate_refuse(r, 400, "the header %.*s is not UTF-8", h.name);
        masters |= header_is(h.name, "Impersonate-Group") && str_is(h.value, "system:masters");
    }
    if (!about.name.n) return true;
    struct str user = http_header(r->x, "Impersonate-User");
    if (!user.n)
        return impersonate_refuse(r, 500, "requested %.*s without impersonating a user",
                                  about.name);
    r->user = istr_get(user);
    r->masters = r->masters && masters;
    r->impersonates = true;
    return true;
}

/* --- who that is --- */

static bool group_decides(struct str group)
{
    return str_is(group, "system:authenticated") || str_is(group, "system:unauthenticated");
}

/* Those of a service account are known; others have those that are asked for. */
static uint32_t put_groups(struct request *r, struct str user, struct buf *out)
{
    struct header h;
    uint32_t count = 0;
    bool anonymous = str_is(user, "system:anonymous"), decided = false;
    for (unsigned i = 0; http_header_at(r->x, i, &h.name, &h.value); i++) {
        if (!header_is(h.name, "Impersonate-Group")) continue;
        decided |= anonymous ? str_is(h.value, "system:unauthenticated") : group_decides(h.value);
        mp_put_str(out, h.value);
        count++;
    }
    if (!count && str_starts(user, ACCOUNT)) {
        struct str rest = {user.p + sizeof ACCOUNT - 1, user.n - sizeof ACCOUNT + 1}, ns;
        buf_auto struct buf group = BUF_INIT;
        str_split(&rest, ':', &ns);
        buf_printf(&group, "system:serviceaccounts:%.*s", (int)ns.n, ns.p);
        mp_put_z(out, "system:serviceaccounts");
        mp_put_str(out, (struct str){group.data, group.len});
        count = 2;
    }
    if (decided) return count;
    mp_put_z(out, anonymous ? "system:unauthenticated" : "system:authenticated");
    return count + 1;
}

static int hex_digit(char c)
{
    return isdigit((unsigned char)c)    ? c - '0'
           : isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10
                                        : -1;
}

/* In lower case, with %2F and the like taken for what they stand for. */
static void extra_key(struct str name, struct buf *out)
{
    for (size_t i = sizeof EXTRA - 1; i < name.n; i++) {
        bool coded = name.p[i] == '%' && i + 2 < name.n && hex_digit(name.p[i + 1]) >= 0 &&
                     hex_digit(name.p[i + 2]) >= 0;
        if (coded)
            buf_putc(out, (char)(hex_digit(name.p[i + 1]) * 16 + hex_digit(name.p[i + 2])));
        else
            buf_putc(out, (char)tolower((unsigned char)name.p[i]));
        i += coded ? 2 : 0;
    }
}

static bool extra_came_before(struct request *r, unsigned at, struct str name)
{
    struct header h;
    for (unsigned i = 0; i < at && http_header_at(r->x, i, &h.name, &h.value); i++)
        if (h.name.n == name.n && strncasecmp(h.name.p, name.p, name.n) == 0) return true;
    return false;
}

static uint32_t put_extras(struct request *r, struct buf *out)
{
    struct header h, same;
    uint32_t count = 0;
    for (unsigned i = 0; http_header_at(r->x, i, &h.name, &h.value); i++) {
        buf_auto struct buf key = BUF_INIT;
        if (!header_is_extra(h.name) || extra_came_before(r, i, h.name)) continue;
        extra_key(h.name, &key);
        if (!str_is_utf8((struct str){key.data, key.len})) continue;
        mp_put_str(out, (struct str){key.data, key.len});
        size_t mark = mp_begin(out);
        uint32_t values = 0;
        for (unsigned j = i; http_header_at(r->x, j, &same.name, &same.value); j++) {
            if (same.name.n != h.name.n || strncasecmp(same.name.p, h.name.p, h.name.n) != 0)
                continue;
            mp_put_str(out, same.value);
            values++;
        }
        mp_end_array(out, mark, values);
        count++;
    }
    return count;
}

void impersonate_put_user(struct request *r, struct buf *out)
{
    struct str user = istr_str(r->user), uid = http_header(r->x, "Impersonate-Uid");
    buf_auto struct buf extras = BUF_INIT;
    size_t mark = mp_begin(&extras);
    uint32_t extra = put_extras(r, &extras);
    mp_end_map(&extras, mark, extra);
    mp_put_map(out, 2u + (uid.n > 0) + (extra > 0));
    mp_put_z(out, "username");
    mp_put_str(out, user);
    if (uid.n) {
        mp_put_z(out, "uid");
        mp_put_str(out, uid);
    }
    mp_put_z(out, "groups");
    mark = mp_begin(out);
    mp_end_array(out, mark, put_groups(r, user, out));
    if (!extra) return;
    mp_put_z(out, "extra");
    mp_put_raw(out, (struct str){extras.data, extras.len});
}
