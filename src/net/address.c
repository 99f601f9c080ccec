#include "net/conn_internal.h"

#include <string.h>

int address_split(const char *address, char host[256], char port[8], struct error *err)
{
    const char *colon = strrchr(address, ':');
    if (!colon) return error_set(err, E_INVALID, "address \"%s\": no port", address);
    const char *from = address, *to = colon;
    if (from < to && *from == '[' && to[-1] == ']') {
        from++;
        to--;
    } else if (memchr(from, ':', (size_t)(to - from))) {
        return error_set(err, E_INVALID, "address \"%s\": put IPv6 in [brackets]", address);
    }
    uint64_t number;
    if (!str_to_u64(str_of(colon + 1), &number) || number > 65535 || strlen(colon + 1) > 5)
        return error_set(err, E_INVALID, "address \"%s\": bad port", address);
    size_t n = (size_t)(to - from);
    if (n == 0 || n > 255) return error_set(err, E_INVALID, "address \"%s\": bad host", address);
    memcpy(host, from, n);
    host[n] = '\0';
    memcpy(port, colon + 1, strlen(colon + 1) + 1);
    return 0;
}

void address_format(const struct sockaddr *sa, char out[64])
{
    char ip[INET6_ADDRSTRLEN] = "?";
    if (sa->sa_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const void *)sa;
        uv_ip6_name(v6, ip, sizeof ip);
        snprintf(out, 64, "[%s]:%u", ip, ntohs(v6->sin6_port));
    } else {
        const struct sockaddr_in *v4 = (const void *)sa;
        if (sa->sa_family == AF_INET) uv_ip4_name(v4, ip, sizeof ip);
        snprintf(out, 64, "%s:%u", ip, ntohs(v4->sin_port));
    }
}
