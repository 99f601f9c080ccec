#include "actors/tokens.h"

bool token_is_of(const struct object *secret, const struct object *account)
{
    if (!token_is_secret(secret) || secret->id->ns != account->id->ns) return false;
    struct mp annotations = doc_path(secret->body, "metadata.annotations");
    struct uid uid;
    return str_eq(mp_str(mp_get(annotations, TOKEN_ACCOUNT)), object_name(account)) &&
           uid_parse(mp_str(mp_get(annotations, TOKEN_ACCOUNT_ID)), &uid) &&
           uid_equal(&uid, &account->id->uid);
}
