/* Regular expressions as Go reads and runs them: RE2's syntax, in time linear in the text, with
 * bounded memory; so patterns may come from anybody. Unanchored, as in JSON schemas. A compiled
 * pattern may be used by any thread. */
#ifndef LOGSHIP_PROTO_REGEX_H
#define LOGSHIP_PROTO_REGEX_H

#include "base/error.h"
#include "base/str.h"

#include <stdbool.h>

struct regex;

/* E_INVALID: "error parsing regexp: missing ): `(a`". */
int regex_compile(struct str pattern, struct regex **out, struct error *err);
void regex_free(void *regex); /* a struct regex; NULL is fine */
bool regex_matches(const struct regex *r, struct str text);

#endif
