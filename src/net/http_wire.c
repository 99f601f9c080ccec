/* The line ends of a request, checked on our own.
 *
 * Debian builds http_parser in its lenient mode: any byte passes after CR, chunks need not end in
 * CRLF, folded header lines are joined. Where two readers of one byte stream disagree about such
 * things, a request can be smuggled past the first. The parser tells us where names, values and
 * body bytes lie; whatever is between them is looked at here: CR and LF only as pairs, no line that
 * begins with white space, CRLF right after each chunk. */
#include "net/http_internal.h"

bool http_wire_skip(struct http_wire *w, const char *to)
{
    for (; w->cursor < to; w->cursor++) {
        char c = *w->cursor;
        if (w->after_chunk && c != '\r') return false;
        if ((w->last == '\r') != (c == '\n')) return false;
        if (w->last == '\n' && (c == ' ' || c == '\t')) return false;
        w->after_chunk = false;
        w->last = c;
    }
    return true;
}

bool http_wire_content(struct http_wire *w, const char *at, size_t n, bool chunk)
{
    if (!http_wire_skip(w, at)) return false;
    if (!n) return true;
    if (!chunk && w->last == '\n' && (*at == ' ' || *at == '\t')) return false;
    w->after_chunk = chunk;
    w->cursor = at + n;
    w->last = 'x';
    return true;
}
