/* Inside the numbering of Services: one look at one of them. */
#ifndef LOGSHIP_ACTORS_ADMISSION_SERVICE_NUMBERS_H
#define LOGSHIP_ACTORS_ADMISSION_SERVICE_NUMBERS_H

#include "actors/admission/allotments.h"
#include "actors/admission/plugin.h"

/* What is known of a node port while one Service is looked at. */
enum { HAD = 1, TAKEN = 2, FOR_TCP = 4, FOR_UDP = 8, FOR_SCTP = 16 };

/* One look at one Service. The ports that it takes are given back at the end: they are held once it
 * is decided. */
struct numbers {
    struct admission_request *r;
    struct allotments *all;
    struct mp spec, old;
    uint32_t address;                  /* to be written; SLOTS_NONE: stays as it is */
    int64_t health;                    /* likewise; 0: stays */
    uint8_t ports[SERVICE_PORT_COUNT]; /* HAD, TAKEN, ... */
    unsigned taken;
    struct map shared; /* port -> node port: one for its TCP and its UDP */
    struct buf list;   /* spec.ports, to be written; empty: stays */
};

/* A free number, or SLOTS_NONE. Those of the band at the range's beginning go last: they are for
 * who asks for a certain one. */
uint32_t numbers_choose(const struct numbers *n, const struct slots *range, uint32_t band);
/* 422, about this field; 500. Both return false. */
bool numbers_refuse_field(struct numbers *n, const char *field, const char *value, const char *why);
bool numbers_refuse(struct numbers *n, const char *why);

/* service_ports.c: what was asked for is taken for now, what is missing chosen; false: refused. */
bool numbers_admit_ports(struct numbers *n);
bool numbers_admit_health_port(struct numbers *n);
void numbers_give_back(struct numbers *n);

#endif
