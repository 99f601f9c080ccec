/* What an autoscaler looks at. */
#include "proto/checker.h"

check_fn check_metric_spec;
void check_metric_spec(struct checker *c, const struct check_scope *at)
{
    static const char *const sources[][2] = {{"ContainerResource", "containerResource"},
                                             {"External", "external"},
                                             {"Object", "object"},
                                             {"Pods", "pods"},
                                             {"Resource", "resource"}};
    struct mp type = check_get(at, "type");
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
        bool wanted = mp_is(type, sources[i][0]);
        bool present = check_get(at, sources[i][1]).type != MP_END;
        if (wanted && !present)
            check_required(c, sources[i][1],
                           "must populate information for the given metric source");
        else if (!wanted && present)
            check_forbidden(c, sources[i][1], "must populate the given metric source only");
    }
}
