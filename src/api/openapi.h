/* What the files about OpenAPI share. Private to the api room. */
#ifndef LOGSHIP_API_OPENAPI_H
#define LOGSHIP_API_OPENAPI_H

#include "api/inner.h"
#include "api/openapi_library.h"

/* Answers with the text, or 304 when the client has it already. Takes the reference. `caching`:
 * header lines. */
void openapi_send(struct request *r, struct openapi_text *text, const char *type,
                  const char *caching);
extern const char openapi_may_change[]; /* caching: ask again each time */

bool openapi_reads(struct request *r); /* GET or HEAD, else answered 405 */
/* The custom kinds that are served now; good until the loop turns. */
void openapi_customs(struct request *r, struct openapi_customs *out);
/* A media range that takes JSON. */
bool openapi_is_json(const struct media *m);

#endif
