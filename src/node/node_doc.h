/* The Node object as its agent writes it: labels in the body, the facts of the machine in the
 * status. Pure. */
#ifndef LOGSHIP_NODE_NODE_DOC_H
#define LOGSHIP_NODE_NODE_DOC_H

#include "base/buf.h"
#include "base/mem.h"

#include <stdbool.h>
#include <stdint.h>

struct node_facts {
    const char *name, *address;
    const char *cpu, *memory, *storage; /* storage: what pods may write outside of volumes */
    unsigned pods;
    const char *const *labels; /* "key=value", NULL-terminated, or NULL */
    const char *boot_id, *machine_id, *kernel, *os_image, *runtime, *architecture;
    unsigned port; /* of the log listener, 0: none */
    int64_t ready_since_s;
    const char *not_ready; /* why the node cannot run pods, or NULL */
    bool brief;            /* Ready as the only condition */
};
void node_put_body(const struct node_facts *f, struct buf *out);
void node_put_status(const struct node_facts *f, struct buf *out);

#endif
