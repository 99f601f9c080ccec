/* libraft's encoding of the members: refused, or equal when it is written and read again. */
#include "base/mem.h"
#include "raft/wire.h"

#include <assert.h>
#include <raft.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error err;
    struct raft_configuration conf, again;
    char *exact = mem_copy(data, size);
    if (configuration_read((struct str){exact, size}, &conf, &err) == 0) {
        size_t n;
        char *bytes = configuration_write(&conf, &n);
        assert(configuration_read((struct str){bytes, n}, &again, &err) == 0);
        assert(again.n == conf.n);
        raft_configuration_close(&again);
        raft_configuration_close(&conf);
        raft_free(bytes);
    }
    mem_free(exact);
    return 0;
}
