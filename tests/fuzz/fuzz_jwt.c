/* Tokens of service accounts: whatever the bytes, they are none that the key signed; and whatever a
 * token claims, it is read without harm, and what was read is written and read again as it was. */
#include "api/account_claims.h"
#include "net/jwt.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct jwt_key *fuzz_key(void)
{
    static struct jwt_key *key;
    char file[] = "/tmp/logship-fuzz-key-XXXXXX";
    struct error err = {0};
    if (key) return key;
    int fd = mkstemp(file);
    assert(fd >= 0);
    close(fd);
    unlink(file);
    int rc = jwt_key_make(file, &err);
    if (!rc) rc = jwt_key_load(&key, file, &err);
    unlink(file);
    if (rc) abort();
    return key;
}

static void fuzz_claims(struct str json)
{
    struct buf memory buf_auto = BUF_INIT, again buf_auto = BUF_INIT, text buf_auto = BUF_INIT,
                      user buf_auto = BUF_INIT;
    struct account_claims claims, same;
    if (!account_claims_read(json, &memory, &claims)) return;
    account_claims_user(&claims, &user);
    account_claims_write(&claims, &text);
    assert(account_claims_read((struct str){text.data, text.len}, &again, &same));
    assert(str_eq(claims.ns, same.ns) && str_eq(claims.name, same.name));
    assert(str_eq(claims.uid, same.uid) && claims.bound == same.bound);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct buf claims buf_auto = BUF_INIT;
    struct str bytes = {(const char *)data, n};
    schema_init();
    assert(!jwt_verify(fuzz_key(), bytes, &claims));
    fuzz_claims(bytes);
    return 0;
}
