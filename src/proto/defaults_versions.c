/* Defaults that only some versions have, and those of autoscalers. */
#include "proto/schema_tables.h"

/* Requests of the beta version need not name their signer: what the request asks for tells it as
 * far as that can be known without reading it. */
default_fn default_signer;
bool default_signer(const struct default_scope *at, struct mp given, struct buf *out)
{
    (void)at;
    (void)given;
    mp_put_z(out, "kubernetes.io/legacy-unknown");
    return true;
}

/* An autoscaler that names no metrics aims at 80% of the CPU that its pods ask for. */
default_fn default_metrics;
bool default_metrics(const struct default_scope *at, struct mp given, struct buf *out)
{
    (void)at;
    (void)given;
    mp_put_array(out, 1);
    mp_put_map(out, 2);
    mp_put_z(out, "type");
    mp_put_z(out, "Resource");
    mp_put_z(out, "resource");
    mp_put_map(out, 2);
    mp_put_z(out, "name");
    mp_put_z(out, "cpu");
    mp_put_z(out, "target");
    mp_put_map(out, 2);
    mp_put_z(out, "type");
    mp_put_z(out, "Utilization");
    mp_put_z(out, "averageUtilization");
    mp_put_int(out, 80);
    return true;
}

/* Older versions tell a target's type by which value is given. */
default_fn default_metric_target;
bool default_metric_target(const struct default_scope *at, struct mp given, struct buf *out)
{
    static const char *const types[][2] = {{"averageUtilization", "Utilization"},
                                           {"averageValue", "AverageValue"},
                                           {"value", "Value"}};
    (void)given;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (mp_get(at->object, types[i][0]).type == MP_END) continue;
        mp_put_z(out, types[i][1]);
        return true;
    }
    return false;
}
