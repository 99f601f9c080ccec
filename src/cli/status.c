#include "cli/status.h"

#include "base/mem.h"
#include "net/http_client.h"
#include "proto/json.h"

#include <stdio.h>

struct tls_config *cluster_admin_tls(const struct cluster_dir *d, struct error *err)
{
    static struct tls_config *tls;
    if (tls) return tls;
    mem_auto char *ca = cluster_file(d, "pki/ca.crt"), *cert = cluster_file(d, "pki/admin.crt"),
                  *key = cluster_file(d, "pki/admin.key");
    return tls_config_load(&tls, cert, key, ca, TLS_PEER_REQUIRED, err) ? NULL : tls;
}

static bool status_ready(const char *address, struct tls_config *tls)
{
    buf_auto struct buf body = BUF_INIT;
    return http_fetch(address, tls, "GET", "/readyz", NULL, NULL, 0, 2000, &body, NULL) == 200;
}

static int status_parse(const struct buf *json, struct cluster_status *out)
{
    buf_auto struct buf packed = BUF_INIT;
    int rc = json_parse(json->data, json->len, &packed, NULL);
    if (rc) return rc;
    struct mp v = mp_read(packed.data, packed.len);
    struct str leader = mp_str(mp_get(v, "leader"));
    snprintf(out->leader, sizeof out->leader, "%.*s", (int)leader.n, leader.p ? leader.p : "");
    out->term = (unsigned long long)mp_i64(mp_get(v, "term"), 0);
    out->revision = (unsigned long long)mp_i64(mp_get(v, "revision"), 0);
    return 0;
}

int cluster_status_get(const struct cluster_dir *d, struct cluster_status *out)
{
    struct error err = {0};
    struct tls_config *tls = cluster_admin_tls(d, &err);
    if (!tls) return err.code;
    for (unsigned k = 1; k <= d->settings.masters; k++) {
        mem_auto char *address = cluster_api_address(d, k);
        buf_auto struct buf body = BUF_INIT;
        int http =
            http_fetch(address, tls, "GET", "/logship/status", NULL, NULL, 0, 2000, &body, &err);
        if (http != 200) continue;
        out->ready = status_ready(address, tls);
        return status_parse(&body, out);
    }
    return E_TIMEOUT;
}
