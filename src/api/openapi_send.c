/* Documents on their way: from the kept text in pieces, so that a slow client costs little. */
#include "api/openapi.h"

#include "base/mem.h"

const char openapi_may_change[] = "Cache-Control: no-cache, private\r\n";

enum {
    OPENAPI_PIECE = 64 * 1024,  /* written at once */
    OPENAPI_AHEAD = 256 * 1024, /* may wait in memory for a slow client */
};

/* A text on its way. */
struct openapi_sending {
    struct openapi_text *text;
    size_t at;
};

static void openapi_sending_free(void *state)
{
    struct openapi_sending *s = state;
    openapi_text_unref(s->text);
    mem_free(s);
}

static void openapi_pump(struct http_exchange *x)
{
    struct request *r = http_data(x);
    struct openapi_sending *s = r->state;
    http_stream_on_drain(x, NULL);
    while (s->at < s->text->len) {
        size_t n = s->text->len - s->at;
        if (n > OPENAPI_PIECE) n = OPENAPI_PIECE;
        size_t queued = http_stream_write(x, s->text->bytes + s->at, n);
        s->at += n;
        if (queued <= OPENAPI_AHEAD) continue;
        http_stream_on_drain(x, openapi_pump);
        return;
    }
    http_stream_end(x);
}

static bool openapi_matches(struct str if_none_match, const char *hash)
{
    struct str tag;
    while (str_split(&if_none_match, ',', &tag)) {
        while (tag.n && (tag.p[0] == ' ' || tag.p[0] == '\t')) tag.p++, tag.n--;
        if (str_starts(tag, "W/")) tag.p += 2, tag.n -= 2;
        while (tag.n && (tag.p[tag.n - 1] == ' ' || tag.p[tag.n - 1] == '\t')) tag.n--;
        if (str_is(tag, "*")) return true;
        if (tag.n != DIGEST_HEX + 1 || tag.p[0] != '"' || tag.p[tag.n - 1] != '"') continue;
        if (memcmp(tag.p + 1, hash, DIGEST_HEX - 1) == 0) return true;
    }
    return false;
}

void openapi_send(struct request *r, struct openapi_text *text, const char *type,
                  const char *caching)
{
    buf_printf(&r->headers, "%sETag: \"%s\"\r\nVary: Accept\r\n", caching, text->hash);
    if (openapi_matches(http_header(r->x, "If-None-Match"), text->hash)) {
        http_reply(r->x, 304, NULL, r->headers.data, NULL, 0);
        openapi_text_unref(text);
        return;
    }
    struct openapi_sending *s = mem_new(struct openapi_sending);
    s->text = text;
    r->state = s;
    r->state_free = openapi_sending_free;
    http_stream_begin(r->x, 200, type, r->headers.data);
    openapi_pump(r->x);
}
