/* What differs by more than names in the versions of ingresses. */
#include "proto/schema_tables.h"

/* serviceName and servicePort of the beta versions are an object in the stable one. */
static void backend_put_service(struct mp name, struct mp port, struct buf *out)
{
    bool numbered = port.type != MP_STR, has_port = port.type != MP_END;
    mp_put_z(out, "service");
    mp_put_map(out, 1 + (uint32_t)has_port);
    mp_put_z(out, "name");
    mp_put_str(out, mp_str(name).p ? mp_str(name) : STR(""));
    if (!has_port) return;
    mp_put_z(out, "port");
    mp_put_map(out, 1);
    mp_put_z(out, numbered ? "number" : "name");
    mp_put(out, port);
}

static uint32_t backend_put_names(struct mp service, struct buf *out)
{
    struct mp name = mp_get(service, "name"), port = mp_get(service, "port");
    struct mp named = mp_get(port, "name"), number = mp_get(port, "number");
    struct mp shown = mp_str(named).n ? named : number;
    mp_put_z(out, "serviceName");
    mp_put(out, name);
    if (shown.type == MP_END) return 1;
    mp_put_z(out, "servicePort");
    mp_put(out, shown);
    return 2;
}

convert_fn convert_ingress_backend;
void convert_ingress_backend(enum conversion how, struct mp object, struct buf *out)
{
    size_t mark = mp_begin(out);
    uint32_t count = 0;
    struct mp name = mp_get(object, "serviceName"), port = mp_get(object, "servicePort");
    struct mp service = mp_get(object, "service"), resource = mp_get(object, "resource");
    if (how == TO_STORED && (name.type != MP_END || port.type != MP_END)) {
        backend_put_service(name, port, out);
        count++;
    }
    if (how == FROM_STORED && mp_get(service, "name").type != MP_END)
        count += backend_put_names(service, out);
    if (resource.type != MP_END) {
        mp_put_z(out, "resource");
        mp_put(out, resource);
        count++;
    }
    mp_end_map(out, mark, count);
}
