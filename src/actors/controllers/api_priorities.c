#include "actors/controllers/api_priorities.h"

enum { CUSTOM_GROUP = 1000, CUSTOM_VERSION = 100, OTHER_GROUP = 16000 };
enum { STABLE = 15, BETA = 9, ALPHA = 1 };

static const struct {
    const char *name;
    int priority;
} groups[] = {
    {"", 18000},
    {"apps", 17800},
    {"events.k8s.io", 17750},
    {"authentication.k8s.io", 17700},
    {"authorization.k8s.io", 17600},
    {"autoscaling", 17500},
    {"batch", 17400},
    {"certificates.k8s.io", 17300},
    {"networking.k8s.io", 17200},
    {"extensions", 17150},
    {"policy", 17100},
    {"rbac.authorization.k8s.io", 17000},
    {"storage.k8s.io", 16800},
    {"apiextensions.k8s.io", 16700},
    {"admissionregistration.k8s.io", 16700},
    {"scheduling.k8s.io", 16600},
    {"coordination.k8s.io", 16500},
    {"node.k8s.io", 16300},
    {"discovery.k8s.io", 16200},
    {"flowcontrol.apiserver.k8s.io", 16100},
    {"internal.apiserver.k8s.io", 16000},
};

/* Where they do not follow from the version's name. */
static const struct {
    const char *group, *version;
    int priority;
} versions[] = {
    {"", "v1", 1},
    {"extensions", "v1beta1", 1},
    {"events.k8s.io", "v1beta1", 5},
    {"autoscaling", "v2", 30},
    {"autoscaling", "v2beta2", 1},
    {"batch", "v2alpha1", 9},
    {"rbac.authorization.k8s.io", "v1beta1", 12},
    {"rbac.authorization.k8s.io", "v1alpha1", 9},
    {"admissionregistration.k8s.io", "v1beta1", 12},
    {"scheduling.k8s.io", "v1beta1", 12},
    {"scheduling.k8s.io", "v1alpha1", 9},
    {"discovery.k8s.io", "v1beta1", 12},
    {"flowcontrol.apiserver.k8s.io", "v1beta1", 12},
    {"flowcontrol.apiserver.k8s.io", "v1alpha1", 9},
    {"internal.apiserver.k8s.io", "v1alpha1", 9},
};

static int version_priority(struct str group, struct str version)
{
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++)
        if (str_is(group, versions[i].group) && str_is(version, versions[i].version))
            return versions[i].priority;
    if (memmem(version.p, version.n, "alpha", 5)) return ALPHA;
    return memmem(version.p, version.n, "beta", 4) ? BETA : STABLE;
}

struct api_priority api_priority_of(struct str group, struct str version, bool custom)
{
    if (custom) return (struct api_priority){CUSTOM_GROUP, CUSTOM_VERSION};
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
        if (str_is(group, groups[i].name))
            return (struct api_priority){groups[i].priority, version_priority(group, version)};
    return (struct api_priority){OTHER_GROUP, version_priority(group, version)};
}
