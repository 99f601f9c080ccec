/* The rows of the kinds that are told as lists of cells. */
#include "proto/table_plain.h"

#define CELL(name)                                                                                 \
    {                                                                                              \
        .how = CELL_##name                                                                         \
    }
#define AT(name, at)                                                                               \
    {                                                                                              \
        .how = CELL_##name, .path = at                                                             \
    }
#define OR(name, at, text)                                                                         \
    {                                                                                              \
        .how = CELL_##name, .path = at, .otherwise = text                                          \
    }
#define CODE(function)                                                                             \
    {                                                                                              \
        .how = CELL_CODE, .put = (function)                                                        \
    }
#define TEMPLATE "spec.template.spec"

static const struct cell cells_daemonset[] = {
    CELL(NAME),
    AT(INT, "status.desiredNumberScheduled"),
    AT(INT, "status.currentNumberScheduled"),
    AT(INT, "status.numberReady"),
    AT(INT, "status.updatedNumberScheduled"),
    AT(INT, "status.numberAvailable"),
    OR(LABELS, TEMPLATE ".nodeSelector", "<none>"),
    CELL(AGE),
    AT(NAMES, TEMPLATE),
    AT(IMAGES, TEMPLATE),
    OR(SELECTOR, "spec.selector", "<none>"),
    CELL(END),
};
static const struct cell cells_deployment[] = {
    CELL(NAME),
    CODE(cell_ready),
    AT(INT, "status.updatedReplicas"),
    AT(INT, "status.availableReplicas"),
    CELL(AGE),
    AT(NAMES, TEMPLATE),
    AT(IMAGES, TEMPLATE),
    OR(SELECTOR, "spec.selector", "<none>"),
    CELL(END),
};
static const struct cell cells_statefulset[] = {
    CELL(NAME), CODE(cell_ready), CELL(AGE), AT(NAMES, TEMPLATE), AT(IMAGES, TEMPLATE), CELL(END),
};
static const struct cell cells_revision[] = {
    CELL(NAME), CODE(cell_controller), AT(INT, "revision"), CELL(AGE), CELL(END),
};
static const struct cell cells_job[] = {
    CELL(NAME),
    CODE(cell_completions),
    CODE(cell_duration),
    CELL(AGE),
    AT(NAMES, TEMPLATE),
    AT(IMAGES, TEMPLATE),
    OR(SELECTOR, "spec.selector", "<none>"),
    CELL(END),
};
static const struct cell cells_cronjob[] = {
    CELL(NAME),
    AT(TEXT, "spec.schedule"),
    OR(WORD, "spec.suspend", "<unset>"),
    AT(COUNT, "status.active"),
    OR(SINCE, "status.lastScheduleTime", "<none>"),
    CELL(AGE),
    AT(NAMES, "spec.jobTemplate." TEMPLATE),
    AT(IMAGES, "spec.jobTemplate." TEMPLATE),
    OR(SELECTOR, "spec.jobTemplate.spec.selector", "<none>"),
    CELL(END),
};
static const struct cell cells_podtemplate[] = {
    CELL(NAME),
    AT(NAMES, "template.spec"),
    AT(IMAGES, "template.spec"),
    OR(LABELS, "template.metadata.labels", "<none>"),
    CELL(END),
};
static const struct cell cells_pdb[] = {
    CELL(NAME),
    OR(TEXT, "spec.minAvailable", "N/A"),
    OR(TEXT, "spec.maxUnavailable", "N/A"),
    AT(INT, "status.disruptionsAllowed"),
    CELL(AGE),
    CELL(END),
};
static const struct cell cells_psp[] = {
    CELL(NAME),
    AT(BOOL, "spec.privileged"),
    AT(ITEMS, "spec.allowedCapabilities"),
    AT(TEXT, "spec.seLinux.rule"),
    AT(TEXT, "spec.runAsUser.rule"),
    AT(TEXT, "spec.fsGroup.rule"),
    AT(TEXT, "spec.supplementalGroups.rule"),
    AT(BOOL, "spec.readOnlyRootFilesystem"),
    AT(ITEMS, "spec.volumes"),
    CELL(END),
};
static const struct cell cells_ingress[] = {
    CELL(NAME),
    OR(TEXT, "spec.ingressClassName", "<none>"),
    CODE(cell_hosts),
    CODE(cell_addresses),
    CODE(cell_ingress_ports),
    CELL(AGE),
    CELL(END),
};
static const struct cell cells_ingressclass[] = {
    CELL(NAME), AT(TEXT, "spec.controller"), CODE(cell_parameters), CELL(AGE), CELL(END),
};
static const struct cell cells_netpol[] = {
    CELL(NAME),
    OR(SELECTOR, "spec.podSelector", "<none>"),
    CELL(AGE),
    CELL(END),
};
static const struct cell cells_volume[] = {
    CELL(NAME),
    AT(TEXT, "spec.capacity.storage"),
    CODE(cell_volume_modes),
    AT(TEXT, "spec.persistentVolumeReclaimPolicy"),
    CODE(cell_volume_status),
    CODE(cell_volume_claim),
    CODE(cell_volume_class),
    AT(TEXT, "status.reason"),
    CELL(AGE),
    OR(TEXT, "spec.volumeMode", "<unset>"),
    CELL(END),
};
static const struct cell cells_claim[] = {
    CELL(NAME),
    CODE(cell_volume_status),
    AT(TEXT, "spec.volumeName"),
    CODE(cell_claim),
    CODE(cell_volume_class),
    CELL(AGE),
    OR(TEXT, "spec.volumeMode", "<unset>"),
    CELL(END),
};
static const struct cell cells_hpa[] = {
    CELL(NAME),
    CODE(cell_scaled),
    CODE(cell_targets),
    OR(TEXT, "spec.minReplicas", "<unset>"),
    AT(INT, "spec.maxReplicas"),
    AT(INT, "status.currentReplicas"),
    CELL(AGE),
    CELL(END),
};
static const struct cell cells_binding[] = {
    CELL(NAME), CODE(cell_role), CELL(AGE), CODE(cell_subjects), CELL(END),
};
static const struct cell cells_csr[] = {
    CELL(NAME),
    CELL(AGE),
    OR(TEXT, "spec.signerName", "<none>"),
    AT(TEXT, "spec.username"),
    CODE(cell_condition),
    CELL(END),
};
static const struct cell cells_storageclass[] = {
    CODE(cell_class_name),
    AT(TEXT, "provisioner"),
    OR(TEXT, "reclaimPolicy", "Delete"),
    OR(TEXT, "volumeBindingMode", "Immediate"),
    AT(BOOL, "allowVolumeExpansion"),
    CELL(AGE),
    CELL(END),
};
static const struct cell cells_quota[] = {CELL(NAME), CELL(AGE), CODE(cell_quota), CELL(END)};
static const struct cell cells_priority[] = {CELL(NAME), AT(INT, "value"),
                                             AT(BOOL, "globalDefault"), CELL(AGE), CELL(END)};
static const struct cell cells_runtime[] = {CELL(NAME), AT(TEXT, "handler"), CELL(AGE), CELL(END)};
static const struct cell cells_attachment[] = {
    CELL(NAME),
    AT(TEXT, "spec.attacher"),
    AT(TEXT, "spec.source.persistentVolumeName"),
    AT(TEXT, "spec.nodeName"),
    AT(BOOL, "status.attached"),
    CELL(AGE),
    CELL(END),
};
static const struct cell cells_slice[] = {
    CELL(NAME),
    AT(TEXT, "addressType"),
    CODE(cell_slice_ports),
    CODE(cell_slice_endpoints),
    CELL(AGE),
    CELL(END),
};
static const struct cell cells_csinode[] = {CELL(NAME), AT(COUNT, "spec.drivers"), CELL(AGE),
                                            CELL(END)};
static const struct cell cells_csidriver[] = {
    CELL(NAME),
    AT(BOOL, "spec.attachRequired"),
    AT(BOOL, "spec.podInfoOnMount"),
    OR(ITEMS, "spec.volumeLifecycleModes", "<unset>"),
    CELL(AGE),
    CELL(END),
};
static const struct cell cells_webhooks[] = {CELL(NAME), AT(COUNT, "webhooks"), CELL(AGE),
                                             CELL(END)};
static const struct cell cells_apiservice[] = {
    CELL(NAME), CODE(cell_api_server), CODE(cell_available), CELL(AGE), CELL(END),
};
static const struct cell cells_flowschema[] = {
    CELL(NAME),
    AT(TEXT, "spec.priorityLevelConfiguration.name"),
    AT(TEXT, "spec.matchingPrecedence"),
    OR(TEXT, "spec.distinguisherMethod.type", "<none>"),
    CELL(AGE),
    CODE(cell_dangling),
    CELL(END),
};
static const struct cell cells_prioritylevel[] = {
    CELL(NAME),
    AT(TEXT, "spec.type"),
    OR(TEXT, "spec.limited.assuredConcurrencyShares", "<none>"),
    OR(TEXT, "spec.limited.limitResponse.queuing.queues", "<none>"),
    OR(TEXT, "spec.limited.limitResponse.queuing.handSize", "<none>"),
    OR(TEXT, "spec.limited.limitResponse.queuing.queueLengthLimit", "<none>"),
    CELL(AGE),
    CELL(END),
};
static const struct cell cells_component[] = {CELL(NAME), CODE(cell_component), CELL(END)};
static const struct cell cells_storageversion[] = {
    CELL(NAME),
    OR(TEXT, "status.commonEncodingVersion", "<unset>"),
    CODE(cell_storage_versions),
    CELL(AGE),
    CELL(END),
};

static const struct {
    const char *key;
    const struct cell *cells;
} table_plain_kinds[] = {
    {"apiservices.apiregistration.k8s.io", cells_apiservice},
    {"certificatesigningrequests.certificates.k8s.io", cells_csr},
    {"componentstatuses", cells_component},
    {"clusterrolebindings.rbac.authorization.k8s.io", cells_binding},
    {"controllerrevisions.apps", cells_revision},
    {"cronjobs.batch", cells_cronjob},
    {"csidrivers.storage.k8s.io", cells_csidriver},
    {"csinodes.storage.k8s.io", cells_csinode},
    {"daemonsets.apps", cells_daemonset},
    {"deployments.apps", cells_deployment},
    {"endpointslices.discovery.k8s.io", cells_slice},
    {"flowschemas.flowcontrol.apiserver.k8s.io", cells_flowschema},
    {"horizontalpodautoscalers.autoscaling", cells_hpa},
    {"ingressclasses.networking.k8s.io", cells_ingressclass},
    {"ingresses.networking.k8s.io", cells_ingress},
    {"jobs.batch", cells_job},
    {"mutatingwebhookconfigurations.admissionregistration.k8s.io", cells_webhooks},
    {"networkpolicies.networking.k8s.io", cells_netpol},
    {"persistentvolumeclaims", cells_claim},
    {"persistentvolumes", cells_volume},
    {"poddisruptionbudgets.policy", cells_pdb},
    {"podsecuritypolicies.policy", cells_psp},
    {"podtemplates", cells_podtemplate},
    {"priorityclasses.scheduling.k8s.io", cells_priority},
    {"prioritylevelconfigurations.flowcontrol.apiserver.k8s.io", cells_prioritylevel},
    {"resourcequotas", cells_quota},
    {"rolebindings.rbac.authorization.k8s.io", cells_binding},
    {"runtimeclasses.node.k8s.io", cells_runtime},
    {"statefulsets.apps", cells_statefulset},
    {"storageclasses.storage.k8s.io", cells_storageclass},
    {"storageversions.internal.apiserver.k8s.io", cells_storageversion},
    {"validatingwebhookconfigurations.admissionregistration.k8s.io", cells_webhooks},
    {"volumeattachments.storage.k8s.io", cells_attachment},
};

const struct cell *table_plain_cells(const struct kind *kind)
{
    for (size_t i = 0; i < sizeof table_plain_kinds / sizeof *table_plain_kinds; i++)
        if (!strcmp(table_plain_kinds[i].key, kind->key)) return table_plain_kinds[i].cells;
    return NULL;
}
