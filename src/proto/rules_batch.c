/* Jobs, and when they start. */
#include "proto/checker.h"
#include "proto/selector.h"

#include "base/mem.h"

/* A job that selects its pods by its own uid cannot be told which that is. */
static void job_own_labels(struct checker *c, struct str name, struct mp labels)
{
    struct mp given = mp_get(labels, "job-name");
    mem_auto char *must = mem_printf("must be '%.*s'", (int)name.n, name.n ? name.p : "");
    const char *wrong = name_check_label_value(name);
    if (given.type != MP_END && !str_eq(mp_str(given), name))
        check_invalid(c, "template.metadata.labels[job-name]", labels, must);
    else if (given.type == MP_END && wrong)
        check_invalid_str(c, "template.labels", name, wrong);
    if (mp_get(labels, "controller-uid").type != MP_END)
        check_invalid(c, "template.metadata.labels[controller-uid]", labels,
                      "must be the uid that the job is about to get");
}

static void job_own_selector(struct checker *c, struct str name, struct mp by)
{
    buf_auto struct buf own = BUF_INIT;
    struct selector *selector = NULL;
    mp_put_map(&own, 2);
    mp_put_z(&own, "controller-uid");
    mp_put_z(&own, "");
    mp_put_z(&own, "job-name");
    mp_put_str(&own, name);
    if (by.type != MP_MAP || selector_from_doc(by, &selector, NULL)) return;
    if (mp_path(by, "matchLabels.controller-uid").type != MP_END ||
        !selector_matches(selector, mp_whole(own.data, own.len)))
        check_invalid(c, "selector", by, "`selector` not auto-generated");
    selector_free(selector);
}

static void job_given_selector(struct checker *c, struct mp by, struct mp labels)
{
    struct selector *selector = NULL;
    if (by.type != MP_MAP || selector_from_doc(by, &selector, NULL)) return;
    if (!selector_matches(selector, labels))
        check_invalid(c, "template.metadata.labels",
                      labels.type == MP_MAP ? labels : mp_read("\x80", 1),
                      "`selector` does not match template `labels`");
    selector_free(selector);
}

/* The jobs of a cron job get theirs one by one. */
static void cron_selector(struct checker *c, struct mp by, bool manual)
{
    static const char *const choices[] = {"nil", "false", NULL};
    if (by.type != MP_END) check_invalid(c, "selector", by, "`selector` will be auto-generated");
    if (manual) check_unsupported(c, "manualSelector", STR("true"), choices);
}

static void job_selector(struct checker *c, const struct check_scope *at, struct mp labels)
{
    struct mp by = check_get(at, "selector");
    struct str name = mp_str(mp_path(c->root, "metadata.name"));
    bool manual = mp_bool(check_get(at, "manualSelector"), false);
    if (!at->outer || strcmp(at->outer->type->name, "batch.v1.Job") != 0) {
        cron_selector(c, by, manual);
    } else if (manual || check_is_update(c)) {
        if (manual && by.type == MP_END) check_required(c, "selector", NULL);
        job_given_selector(c, by, labels);
    } else {
        job_own_labels(c, name, labels);
        job_own_selector(c, name, by);
    }
}

check_fn check_job_template;
void check_job_template(struct checker *c, const struct check_scope *at)
{
    static const char *const policies[] = {"OnFailure", "Never", NULL};
    struct mp template = check_get(at, "template"), labels = mp_path(template, "metadata.labels");
    struct mp policy = mp_path(template, "spec.restartPolicy");
    if (mp_get(template, "spec").type == MP_MAP && !mp_is(policy, "OnFailure") &&
        !mp_is(policy, "Never"))
        check_unsupported(c, "template.spec.restartPolicy", mp_str(policy), policies);
    job_selector(c, at, labels);
}

/* The template of a cron job may change, that of a job may not. */
check_fn check_job_update;
void check_job_update(struct checker *c, const struct check_scope *at)
{
    static const char *const fixed[] = {"spec.completions", "spec.selector", "spec.template"};
    if (at->old.type != MP_MAP) return;
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) {
        struct mp now = mp_path(at->object, fixed[i]), before = mp_path(at->old, fixed[i]);
        if (now.type == MP_END && before.type == MP_END) continue;
        if (!mp_same(now, before)) check_invalid(c, fixed[i], now, "field is immutable");
    }
}

/* ---- schedules: minute, hour, day, month, weekday; or a word for the usual ones */

struct cron_range {
    int low, high;
    const char *names; /* of three letters each, from `low` on; or NULL */
};

static bool cron_number(struct str *s, const struct cron_range *r, int *out)
{
    size_t n = 0;
    int value = 0;
    for (; n < s->n && n < 4 && s->p[n] >= '0' && s->p[n] <= '9'; n++)
        value = value * 10 + (s->p[n] - '0');
    for (size_t i = 0; n == 0 && r->names && s->n >= 3 && r->names[i]; i += 3) {
        if (strncasecmp(s->p, r->names + i, 3) != 0) continue;
        value = r->low + (int)i / 3;
        n = 3;
    }
    *out = value;
    s->p += n;
    s->n -= n;
    return n > 0;
}

static bool cron_take(struct str *s, char c)
{
    if (!s->n || *s->p != c) return false;
    s->p++;
    s->n--;
    return true;
}

/* One of the parts between commas: a star, a number or a range, perhaps with a step. */
static bool cron_part(struct str s, const struct cron_range *r)
{
    int low = r->low, high = r->high, step = 1;
    if (!cron_take(&s, '*') && !cron_take(&s, '?')) {
        if (!cron_number(&s, r, &low)) return false;
        high = low;
        if (cron_take(&s, '-') && !cron_number(&s, r, &high)) return false;
    }
    static const struct cron_range steps = {1, 9999, NULL};
    if (cron_take(&s, '/') && !cron_number(&s, &steps, &step)) return false;
    return s.n == 0 && step > 0 && low >= r->low && low <= high && high <= r->high;
}

static bool cron_field(struct str s, const struct cron_range *r)
{
    struct str part;
    while (str_split(&s, ',', &part))
        if (!cron_part(part, r)) return false;
    return true;
}

static bool cron_valid(struct str s)
{
    static const struct cron_range ranges[] = {{0, 59, NULL},
                                               {0, 23, NULL},
                                               {1, 31, NULL},
                                               {1, 12, "janfebmaraprmayjunjulaugsepoctnovdec"},
                                               {0, 6, "sunmontuewedthufrisat"}};
    static const char *const words[] = {"@yearly", "@annually", "@monthly", "@weekly",
                                        "@daily",  "@midnight", "@hourly"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (str_is(s, words[i])) return true;
    if (str_starts(s, "@every ")) return s.n > 7;
    size_t count = 0;
    struct str field;
    while (str_split(&s, ' ', &field)) {
        if (!field.n) continue;
        if (count == 5 || !cron_field(field, &ranges[count])) return false;
        count++;
    }
    return count == 5;
}

/* Its jobs get eleven characters more. */
check_fn check_cron_name;
void check_cron_name(struct checker *c, const struct check_scope *at)
{
    enum { CRON_NAME_MAX = 52 };
    struct mp name = mp_path(at->object, "metadata.name");
    if (!check_is_update(c) && mp_str(name).n > CRON_NAME_MAX)
        check_invalid(c, "metadata.name", name, "must be no more than 52 characters");
}

check_fn check_cron_schedule;
void check_cron_schedule(struct checker *c, const struct check_scope *at)
{
    struct mp schedule = check_get(at, "schedule");
    if (!check_empty(schedule) && !cron_valid(mp_str(schedule)))
        check_invalid(c, "schedule", schedule,
                      "must be five fields (minute, hour, day, month, weekday) or a word such as "
                      "@hourly");
}
