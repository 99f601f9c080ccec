/* Paths, Accept headers, continue tokens and token files: whatever the bytes, an answer and no
 * more. */
#include "api/accept.h"
#include "api/auth.h"
#include "api/route.h"
#include "api/snapshot.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    schema_init();
    struct str text = {(const char *)data, size};
    struct route r = route_parse(text, NULL);
    assert((r.type == ROUTE_RESOURCE) <= (r.kind != NULL));
    assert(r.type != ROUTE_RESOURCE || !r.ns.p || r.kind->namespaced);

    struct form form;
    if (accept_form(text, (struct str){0}, &form)) assert(form_id(form) < FORMS);
    accept_aggregated(text);

    buf_auto struct buf memory = BUF_INIT;
    struct token token;
    if (token_decode(text, &memory, &token)) assert(token.revision > 0);

    struct auth *auth = NULL;
    if (auth_parse(&auth, text, NULL) == 0) auth_free(auth);
    return 0;
}
