/* Autoscalers of the first version know one metric, the CPU; all else that the stored form has
 * stands in annotations there, as JSON, and comes back from them. The first beta version lacks only
 * the behavior. */
#include "proto/admit.h"
#include "proto/convert.h"
#include "proto/json.h"
#include "proto/schema_tables.h"

#define NOTES "autoscaling.alpha.kubernetes.io/"

/* A part that is kept in an annotation: its type there, and in the stored form. */
static const struct note {
    const char *key, *part, *field;
    const char *type, *stored;
    bool list;
} notes[] = {
    {NOTES "behavior", "spec", "behavior", "autoscaling.v2.HorizontalPodAutoscalerBehavior",
     "autoscaling.v2.HorizontalPodAutoscalerBehavior", false},
    {NOTES "metrics", "spec", "metrics", "autoscaling.v2beta1.MetricSpec",
     "autoscaling.v2.MetricSpec", true},
    {NOTES "current-metrics", "status", "currentMetrics", "autoscaling.v2beta1.MetricStatus",
     "autoscaling.v2.MetricStatus", true},
    {NOTES "conditions", "status", "conditions", "autoscaling.v2.HorizontalPodAutoscalerCondition",
     "autoscaling.v2.HorizontalPodAutoscalerCondition", true},
};
enum { NOTES_BEHAVIOR = 1, NOTES_ALL = sizeof notes / sizeof *notes };

/* Which of the metrics are the CPU's share, and where. */
static const struct share {
    const char *part, *field;     /* of the first version */
    const char *metrics, *values; /* of the stored form */
} shares[] = {
    {"spec", "targetCPUUtilizationPercentage", "metrics", "target"},
    {"status", "currentCPUUtilizationPercentage", "currentMetrics", "current"},
};

static struct mp share_of(const struct share *s, struct mp metric)
{
    struct mp resource = mp_get(metric, "resource");
    bool cpu = mp_is(mp_get(metric, "type"), "Resource") && mp_is(mp_get(resource, "name"), "cpu");
    return cpu ? mp_get(mp_get(resource, s->values), "averageUtilization") : (struct mp){0};
}

static const struct share *share_in(struct str part)
{
    return str_is(part, shares[0].part) ? &shares[0] : &shares[1];
}

/* ---- into the stored form */

/* The annotation's text as a value of the stored form; false: it is none, and stays a text. */
static bool note_read(const struct note *n, struct str text, struct buf *out)
{
    const struct type *type = type_by_name(n->type), *stored = type_by_name(n->stored);
    buf_auto struct buf value = BUF_INIT;
    if (json_parse(text.p, text.n, &value, NULL)) return false;
    struct mp v = mp_read(value.data, value.len);
    if (v.type != (n->list ? MP_ARRAY : MP_MAP)) return false;
    if (n->list) mp_put_array(out, v.count);
    struct mp_iter it = mp_items(v);
    while (!n->list || mp_iter_next(&it)) {
        buf_auto struct buf admitted = BUF_INIT;
        if (admit_structure(type, n->list ? it.value : v, &admitted, NULL, NULL)) return false;
        convert_value_to(type, stored, mp_read(admitted.data, admitted.len), out);
        if (!n->list) break;
    }
    return true;
}

static void share_put_metric(const struct share *s, struct mp share, struct buf *out)
{
    mp_put_map(out, 2);
    mp_put_z(out, "type");
    mp_put_z(out, "Resource");
    mp_put_z(out, "resource");
    mp_put_map(out, 2);
    mp_put_z(out, "name");
    mp_put_z(out, "cpu");
    mp_put_z(out, s->values);
    mp_put_map(out, 1);
    mp_put_z(out, "averageUtilization");
    mp_put(out, share);
}

/* The list from the annotation, with the CPU's share behind it. */
static uint32_t share_put_metrics(const struct share *s, struct mp share, const struct buf *noted,
                                  struct buf *out)
{
    struct mp list = mp_read(noted->data, noted->len);
    uint32_t count = list.type == MP_ARRAY ? list.count : 0;
    bool has = share.type != MP_END;
    if (!count && !has) return 0;
    mp_put_z(out, s->metrics);
    mp_put_array(out, count + has);
    for (struct mp_iter it = mp_items(list); mp_iter_next(&it);) mp_put(out, it.value);
    if (has) share_put_metric(s, share, out);
    return 1;
}

/* spec or status with what the annotations say of it. */
static void part_put_stored(struct str name, struct mp part, const struct buf *noted,
                            unsigned known, struct buf *out)
{
    const struct share *s = share_in(name);
    uint32_t count = 0;
    size_t mark = mp_begin(out);
    for (struct mp_iter it = mp_items(part); mp_iter_next(&it);) {
        if (str_is(it.key, s->field)) continue;
        mp_put_str(out, it.key);
        mp_put(out, it.value);
        count++;
    }
    for (unsigned i = 0; i < known; i++) {
        bool metrics = !strcmp(notes[i].field, s->metrics);
        if (!str_is(name, notes[i].part)) continue;
        if (metrics) {
            count += share_put_metrics(s, mp_get(part, s->field), &noted[i], out);
        } else if (noted[i].len) {
            mp_put_z(out, notes[i].field);
            mp_put_raw(out, (struct str){noted[i].data, noted[i].len});
            count++;
        }
    }
    mp_end_map(out, mark, count);
}

/* ---- out of it */

/* The metrics that the first version has no field for. */
static void note_put_list(const struct note *n, struct mp list, struct buf *out)
{
    const struct type *type = type_by_name(n->type), *stored = type_by_name(n->stored);
    const struct share *s = share_in(str_of(n->part));
    bool metrics = !strcmp(n->field, s->metrics);
    uint32_t count = 0;
    size_t mark = mp_begin(out);
    for (struct mp_iter it = mp_items(list); mp_iter_next(&it);) {
        if (metrics && share_of(s, it.value).type != MP_END) continue;
        convert_value_from(type, stored, it.value, out);
        count++;
    }
    mp_end_array(out, mark, count);
}

static bool note_write(const struct note *n, struct mp object, struct buf *json)
{
    buf_auto struct buf value = BUF_INIT;
    struct mp v = mp_get(mp_get(object, n->part), n->field);
    if (v.type == MP_END) return false;
    if (n->list)
        note_put_list(n, v, &value);
    else
        mp_put(&value, v);
    struct mp kept = mp_read(value.data, value.len);
    if (!kept.count) return false;
    json_write(kept, json);
    return true;
}

static void part_put_shown(struct str name, struct mp part, unsigned known, struct buf *out)
{
    const struct share *s = share_in(name);
    uint32_t count = 0;
    size_t mark = mp_begin(out);
    struct mp share = {0};
    for (struct mp_iter it = mp_items(part); mp_iter_next(&it);) {
        bool noted = false;
        for (unsigned i = 0; i < known; i++)
            noted |= str_is(name, notes[i].part) && str_is(it.key, notes[i].field);
        if (noted) continue;
        mp_put_str(out, it.key);
        mp_put(out, it.value);
        count++;
    }
    struct mp metrics = mp_get(part, s->metrics);
    for (struct mp_iter it = mp_items(metrics); known == NOTES_ALL && mp_iter_next(&it);)
        if (share_of(s, it.value).type != MP_END) share = share_of(s, it.value);
    if (share.type != MP_END) {
        mp_put_z(out, s->field);
        mp_put(out, share);
        count++;
    }
    mp_end_map(out, mark, count);
}

/* ---- both */

/* The annotations, without (on the way in) or with (on the way out) those that keep parts. */
static uint32_t notes_put(enum conversion how, struct mp object, const struct buf *noted,
                          unsigned known, struct buf *out)
{
    struct mp given = mp_get(mp_get(object, "metadata"), "annotations");
    uint32_t count = 0;
    size_t start = out->len;
    mp_put_z(out, "annotations");
    size_t mark = mp_begin(out);
    for (struct mp_iter it = mp_items(given); mp_iter_next(&it);) {
        bool kept = true;
        for (unsigned i = 0; i < known; i++) kept &= !noted[i].len || !str_is(it.key, notes[i].key);
        if (!kept) continue;
        mp_put_str(out, it.key);
        mp_put(out, it.value);
        count++;
    }
    for (unsigned i = 0; how == FROM_STORED && i < known; i++) {
        if (!noted[i].len) continue;
        mp_put_z(out, notes[i].key);
        mp_put_str(out, (struct str){noted[i].data, noted[i].len});
        count++;
    }
    mp_end_map(out, mark, count);
    if (!count) out->len = start;
    return count > 0;
}

static void autoscaler_put_metadata(enum conversion how, struct mp object, const struct buf *noted,
                                    unsigned known, struct buf *out)
{
    uint32_t count = 0;
    size_t mark = mp_begin(out);
    for (struct mp_iter it = mp_items(mp_get(object, "metadata")); mp_iter_next(&it);) {
        if (str_is(it.key, "annotations")) continue;
        mp_put_str(out, it.key);
        mp_put(out, it.value);
        count++;
    }
    count += notes_put(how, object, noted, known, out);
    mp_end_map(out, mark, count);
}

static void autoscaler_convert(enum conversion how, struct mp object, unsigned known,
                               struct buf *out)
{
    struct buf noted[NOTES_ALL] = {0};
    struct mp annotations = mp_path(object, "metadata.annotations");
    for (unsigned i = 0; i < known; i++) {
        struct str text = mp_str(mp_get(annotations, notes[i].key));
        bool good = how == FROM_STORED ? note_write(&notes[i], object, &noted[i])
                                       : text.n && note_read(&notes[i], text, &noted[i]);
        if (!good) buf_clear(&noted[i]);
    }
    uint32_t count = 0;
    size_t mark = mp_begin(out);
    for (struct mp_iter it = mp_items(object); mp_iter_next(&it); count++) {
        bool part = str_is(it.key, "spec") || str_is(it.key, "status");
        mp_put_str(out, it.key);
        if (str_is(it.key, "metadata"))
            autoscaler_put_metadata(how, object, noted, known, out);
        else if (!part)
            mp_put(out, it.value);
        else if (how == TO_STORED)
            part_put_stored(it.key, it.value, noted, known, out);
        else
            part_put_shown(it.key, it.value, known, out);
    }
    mp_end_map(out, mark, count);
    for (unsigned i = 0; i < known; i++) buf_free(&noted[i]);
}

convert_fn convert_autoscaler;
void convert_autoscaler(enum conversion how, struct mp object, struct buf *out)
{
    autoscaler_convert(how, object, NOTES_ALL, out);
}

convert_fn convert_autoscaler_behavior;
void convert_autoscaler_behavior(enum conversion how, struct mp object, struct buf *out)
{
    autoscaler_convert(how, object, NOTES_BEHAVIOR, out);
}
