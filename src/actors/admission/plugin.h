/* Inside admission: a request on its way through the plugins, and what they share. */
#ifndef LOGSHIP_ACTORS_ADMISSION_PLUGIN_H
#define LOGSHIP_ACTORS_ADMISSION_PLUGIN_H

#include "actors/admission/admission.h"
#include "actors/deciding.h"

struct allotments;

struct admission_request {
    struct world *world;
    const struct token_mint *mint; /* or NULL */
    struct allotments *allotments;
    const struct actor *actor;
    const struct command *command;
    struct mp body;      /* as it stands */
    struct mp old;       /* of an update: the body before; else MP_END */
    struct buf pages[2]; /* the body lies in one of them once it was changed */
    bool changed;
    struct decision *out;
};

/* True: go on. False: refused, and out says why. */
typedef bool admission_fn(struct admission_request *r);

/* Replaces the value at the dotted path; NULL takes it out. */
void admission_set(struct admission_request *r, const char *path, const struct buf *value);
/* Appends `map` with this key (which may hold dots) set to the value. */
void admission_put_with(struct buf *out, struct mp map, const char *key, const struct buf *value);
/* Replaces every container of the pod's list ("spec.containers") by what `one` appends for it; when
 * all of them return false nothing is changed. */
typedef bool container_fn(void *ctx, struct mp container, struct buf *out);
bool admission_each_container(struct admission_request *r, const char *list, container_fn *one,
                              void *ctx);
/* 403: pods "x" is forbidden: ... */
#define admission_forbid(r, ...) (deciding_forbidden((r)->out, (r)->actor, __VA_ARGS__), false)

admission_fn admit_limits, admit_limits_check, admit_account, admit_priority, admit_priority_class,
    admit_tolerations, admit_runtime_class, admit_protection, admit_storage_class,
    admit_ingress_class, admit_resize, admit_service_numbers;

#endif
