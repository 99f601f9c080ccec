/* The numbers that Services get: addresses of 10.96.0.0/12, ports of nodes from 30000 to 32767. The
 * same for all masters, for good: a number stands in the log once it was chosen. */
#ifndef LOGSHIP_ACTORS_ADMISSION_SERVICE_RANGE_H
#define LOGSHIP_ACTORS_ADMISSION_SERVICE_RANGE_H

#include "base/slots.h"
#include "base/str.h"

#define SERVICE_CIDR  "10.96.0.0/12"
#define SERVICE_PORTS "30000-32767"
enum {
    SERVICE_ADDRESSES = (1 << 20) - 2, /* neither the network's own nor the one for all */
    SERVICE_PORT_FIRST = 30000,
    SERVICE_PORT_COUNT = 2768,
    SERVICE_MASTERS = 0,        /* the first address is the masters' own */
    SERVICE_ADDRESS_BAND = 256, /* those that are given last, as in Kubernetes since 1.26 */
    SERVICE_PORT_BAND = 86,
};
#define SERVICE_ADDRESS_TEXT 16

/* The place of an address in the range, or SLOTS_NONE. */
uint32_t service_address_index(struct str text);
void service_address_text(uint32_t index, char out[SERVICE_ADDRESS_TEXT]);
static inline uint32_t service_port_index(int64_t port)
{
    bool within = port >= SERVICE_PORT_FIRST && port < SERVICE_PORT_FIRST + SERVICE_PORT_COUNT;
    return within ? (uint32_t)(port - SERVICE_PORT_FIRST) : SLOTS_NONE;
}

#endif
