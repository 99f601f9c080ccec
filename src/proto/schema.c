#include "proto/schema.h"

#include "proto/schema_custom.h"
#include "proto/schema_tables.h"

#include <assert.h>

const struct kind *kind_pod, *kind_node, *kind_namespace, *kind_replicaset, *kind_rc, *kind_secret,
    *kind_configmap, *kind_serviceaccount, *kind_service, *kind_endpoints, *kind_event, *kind_lease,
    *kind_crd, *kind_limitrange, *kind_quota, *kind_pvc, *kind_pv, *kind_priorityclass,
    *kind_storageclass, *kind_runtimeclass, *kind_job, *kind_endpointslice, *kind_component,
    *kind_apiservice, *kind_ingress, *kind_ingressclass;

unsigned kind_builtin_count(void)
{
    return schema_kind_count;
}

unsigned kind_count(void)
{
    return schema_kind_count + schema_custom_count();
}

const struct kind *kind_at(unsigned index)
{
    if (index < schema_kind_count) return &schema_kinds[index];
    const struct kind *k = schema_custom_at(index - schema_kind_count);
    assert(k);
    return k;
}

static const struct kind *schema_builtin(struct str key)
{
    unsigned low = 0, high = schema_kind_count;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        int order = str_cmp(key, str_of(schema_kinds[middle].key));
        if (order == 0) return &schema_kinds[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const struct kind *kind_by_key(struct str key)
{
    const struct kind *k = schema_builtin(key);
    return k ? k : schema_custom(key);
}

bool kind_known(struct str key)
{
    return schema_builtin(key) || schema_custom_known(key);
}

static const struct kind *schema_found(unsigned kind, unsigned at, const struct kind_version **out)
{
    if (out) *out = &schema_kinds[kind].versions[at];
    return &schema_kinds[kind];
}

const struct kind *kind_by_path(struct str group, struct str version, struct str resource,
                                const struct kind_version **out_version)
{
    unsigned low = 0, high = schema_path_count;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        const struct path_entry *e = &schema_paths[middle];
        int order = str_cmp(group, str_of(e->group));
        if (!order) order = str_cmp(version, str_of(e->version));
        if (!order) order = str_cmp(resource, str_of(e->resource));
        if (!order) return schema_found(e->kind, e->at, out_version);
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const struct kind *kind_by_gvk(struct str api_version, struct str kind,
                               const struct kind_version **out_version)
{
    unsigned low = 0, high = schema_gvk_count;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        const struct gvk_entry *e = &schema_gvks[middle];
        int order = str_cmp(api_version, str_of(e->api_version));
        if (!order) order = str_cmp(kind, str_of(e->name));
        if (!order) return schema_found(e->kind, e->at, out_version);
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const struct type *type_by_name(const char *name)
{
    unsigned low = 0, high = schema_type_count;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        int order = strcmp(name, schema_types[middle].name);
        if (order == 0) return &schema_types[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

/* As str_cmp, without first looking for the end of a text that differs early. */
static int schema_order(struct str name, const char *text)
{
    for (size_t i = 0; i < name.n; i++) {
        unsigned char a = (unsigned char)name.p[i], b = (unsigned char)text[i];
        if (!b) return 1;
        if (a != b) return a < b ? -1 : 1;
    }
    return text[name.n] ? -1 : 0;
}

const struct field *type_field(const struct type *type, struct str name)
{
    unsigned low = 0, high = type->field_count;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        int order = schema_order(name, type->fields[middle].name);
        if (order == 0) return &type->fields[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

void schema_init(void)
{
    static const struct {
        const struct kind **slot;
        const char *key;
    } named[] = {
        {&kind_pod, "pods"},
        {&kind_node, "nodes"},
        {&kind_namespace, "namespaces"},
        {&kind_replicaset, "replicasets.apps"},
        {&kind_rc, "replicationcontrollers"},
        {&kind_secret, "secrets"},
        {&kind_configmap, "configmaps"},
        {&kind_serviceaccount, "serviceaccounts"},
        {&kind_service, "services"},
        {&kind_endpoints, "endpoints"},
        {&kind_event, "events"},
        {&kind_lease, "leases.coordination.k8s.io"},
        {&kind_crd, "customresourcedefinitions.apiextensions.k8s.io"},
        {&kind_limitrange, "limitranges"},
        {&kind_quota, "resourcequotas"},
        {&kind_pvc, "persistentvolumeclaims"},
        {&kind_pv, "persistentvolumes"},
        {&kind_priorityclass, "priorityclasses.scheduling.k8s.io"},
        {&kind_storageclass, "storageclasses.storage.k8s.io"},
        {&kind_runtimeclass, "runtimeclasses.node.k8s.io"},
        {&kind_job, "jobs.batch"},
        {&kind_endpointslice, "endpointslices.discovery.k8s.io"},
        {&kind_component, "componentstatuses"},
        {&kind_apiservice, "apiservices.apiregistration.k8s.io"},
        {&kind_ingress, "ingresses.networking.k8s.io"},
        {&kind_ingressclass, "ingressclasses.networking.k8s.io"},
    };
    for (size_t i = 0; i < sizeof named / sizeof *named; i++) {
        *named[i].slot = kind_by_key(str_of(named[i].key));
        assert(*named[i].slot);
    }
}
