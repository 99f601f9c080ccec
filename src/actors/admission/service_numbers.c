/* Services: the address and the node ports that they get, and whether those that they ask for are
 * to be had. As Kubernetes' API server does it, in its words. */
#include "actors/admission/service_numbers.h"

#include <stdio.h>

/* Anywhere, but the same whenever this is decided again. */
static uint32_t somewhere(const struct numbers *n, uint32_t of)
{
    const struct actor *a = n->r->actor;
    const struct world *w = n->r->world;
    struct digest_part parts[] = {{w->cluster, strlen(w->cluster)},
                                  {&w->revision, sizeof w->revision},
                                  {a->ns, strlen(a->ns)},
                                  {a->name, a->name_len},
                                  {&n->taken, sizeof n->taken}};
    struct digest d = digest_of_parts(parts, sizeof parts / sizeof *parts);
    return (uint32_t)(d.lane[0] % of);
}

uint32_t numbers_choose(const struct numbers *n, const struct slots *range, uint32_t band)
{
    uint32_t from = band + somewhere(n, range->size - band), found = slots_next(range, from);
    bool round = found < from; /* past the end: nothing is free behind `from` */
    return round ? slots_next(range, band) : found;
}

bool numbers_refuse_field(struct numbers *n, const char *field, const char *value, const char *why)
{
    struct result_cause *cause = &n->r->out->result.cause;
    deciding_invalid(n->r->out, n->r->actor, "%s: Invalid value: %s: %s", field, value, why);
    *cause = (struct result_cause){.reason = "FieldValueInvalid", .field = istr_of(field)};
    snprintf(cause->message, sizeof cause->message, "Invalid value: %s: %s", value, why);
    return false;
}

bool numbers_refuse(struct numbers *n, const char *why)
{
    result_refuse(&n->r->out->result, 500, "InternalError", "Internal error occurred: %s", why);
    return false;
}

static bool refuse_address(struct numbers *n, struct str ip, const char *why)
{
    char value[64], text[200];
    snprintf(value, sizeof value, "[]string{\"%.*s\"}", (int)ip.n, ip.p);
    snprintf(text, sizeof text, "failed to allocated ip:%.*s with error:%s", (int)ip.n, ip.p, why);
    return numbers_refuse_field(n, "spec.clusterIPs", value, text);
}

static bool masters_own(const struct numbers *n)
{
    const struct actor *a = n->r->actor;
    return strcmp(a->ns, "default") == 0 && str_is(actor_name(a), "kubernetes");
}

static bool asked_address(struct numbers *n, struct str ip)
{
    uint32_t index = service_address_index(ip);
    if (str_eq(ip, mp_str(mp_get(n->old, "clusterIP")))) return true;
    if (index == SLOTS_NONE)
        return refuse_address(n, ip,
                              "provided IP is not in the valid range. The range of valid IPs "
                              "is " SERVICE_CIDR);
    if (slots_taken(&n->all->addresses, index) && !(index == SERVICE_MASTERS && masters_own(n)))
        return refuse_address(n, ip, "provided IP is already allocated");
    return true;
}

static bool admit_address(struct numbers *n)
{
    struct str given = mp_str(mp_get(n->spec, "clusterIP"));
    if (mp_is(mp_get(n->spec, "type"), "ExternalName") || str_is(given, "None")) return true;
    if (given.n) return asked_address(n, given);
    n->address = numbers_choose(n, &n->all->addresses, SERVICE_ADDRESS_BAND);
    if (n->address != SLOTS_NONE) return true;
    return numbers_refuse(n, "failed to allocate a serviceIP: range is full");
}

static void write_numbers(struct numbers *n)
{
    char text[SERVICE_ADDRESS_TEXT];
    buf_auto struct buf one = BUF_INIT, list = BUF_INIT, health = BUF_INIT;
    if (n->address != SLOTS_NONE) {
        service_address_text(n->address, text);
        mp_put_z(&one, text);
        mp_put_array(&list, 1);
        mp_put_z(&list, text);
        admission_set(n->r, "spec.clusterIP", &one);
        admission_set(n->r, "spec.clusterIPs", &list);
    }
    if (n->list.len) admission_set(n->r, "spec.ports", &n->list);
    if (!n->health) return;
    mp_put_int(&health, n->health);
    admission_set(n->r, "spec.healthCheckNodePort", &health);
}

bool admit_service_numbers(struct admission_request *r)
{
    struct numbers n = {.r = r,
                        .all = r->allotments,
                        .spec = mp_get(r->body, "spec"),
                        .old = mp_get(r->old, "spec"),
                        .address = SLOTS_NONE};
    bool good = admit_address(&n) && numbers_admit_ports(&n) && numbers_admit_health_port(&n);
    if (good) write_numbers(&n);
    numbers_give_back(&n);
    return good;
}
