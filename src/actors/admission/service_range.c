#include "actors/admission/service_range.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

enum { NETWORK = 10 << 24 | 96 << 16 };

uint32_t service_address_index(struct str text)
{
    char zero_ended[INET_ADDRSTRLEN];
    struct in_addr address;
    if (!text.n || text.n >= sizeof zero_ended) return SLOTS_NONE;
    memcpy(zero_ended, text.p, text.n);
    zero_ended[text.n] = '\0';
    if (inet_pton(AF_INET, zero_ended, &address) != 1) return SLOTS_NONE;
    uint32_t index = ntohl(address.s_addr) - NETWORK - 1;
    return index < SERVICE_ADDRESSES ? index : SLOTS_NONE;
}

void service_address_text(uint32_t index, char out[SERVICE_ADDRESS_TEXT])
{
    uint32_t a = NETWORK + 1 + index;
    snprintf(out, SERVICE_ADDRESS_TEXT, "%u.%u.%u.%u", a >> 24, a >> 16 & 255, a >> 8 & 255,
             a & 255);
}
