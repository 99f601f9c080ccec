/* logship master replace: a master that has lost its disk is replaced under a new id. */
#include "cli/cli.h"

#include "base/mem.h"
#include "base/str.h"
#include "cli/cluster_make.h"
#include "cli/cluster_start.h"
#include "cli/status.h"
#include "net/http_client.h"
#include "proto/json.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { LEADER_TRIES = 100, CATCH_UP_TRIES = 12000, PAUSE_MS = 50, CALL_MS = 15000 };

static const char about[] =
    "Replaces a master whose data is lost, or was refused as an older copy, by an empty one with "
    "a new id, for ever:\n"
    "  logship master replace --dir DIR m2\n"
    "Whatever interrupts it, the same command again completes it. With masters on machines of "
    "their own ask one\n"
    "after the other, until the leader answers which id it is to be:\n"
    "  curl -X POST --cacert ca.crt --cert admin.crt --key admin.key "
    "'https://SERVER/logship/masters?replace=m2'\n"
    "then start 'logship master --id ID' with a certificate for logship-master-ID, an empty --dir "
    "and the lost one's\n"
    "addresses; nothing changes for the others, nodes and clients.";

struct masters_answer {
    int http;
    unsigned long long id;
    bool votes;
    char message[320];
};

static void pause_a_little(void)
{
    nanosleep(&(struct timespec){0, PAUSE_MS * 1000000L}, NULL);
}

/* Asks the master of one seat; false: it does not answer. */
static bool masters_call(const struct cluster_dir *d, unsigned seat, const char *method,
                         const char *target, struct masters_answer *out)
{
    struct error err = {0};
    buf_auto struct buf body = BUF_INIT, packed = BUF_INIT;
    mem_auto char *address = cluster_api_address(d, seat);
    *out = (struct masters_answer){.http = http_fetch(address, cluster_admin_tls(d, &err), method,
                                                      target, NULL, NULL, 0, CALL_MS, &body, &err)};
    if (out->http < 0 || json_parse(body.data, body.len, &packed, NULL)) return false;
    struct mp v = mp_read(packed.data, packed.len);
    struct str message = mp_str(mp_get(v, "message"));
    snprintf(out->message, sizeof out->message, "%.*s", (int)message.n, message.p ? message.p : "");
    out->id = (unsigned long long)mp_i64(mp_get(v, "id"), 0);
    out->votes = mp_bool(mp_get(v, "votes"), false);
    return true;
}

/* Whoever leads gives the seat away. While none does, it is asked again. */
static int replace_ask(const struct cluster_dir *d, unsigned long long lost,
                       unsigned long long *out_id, struct error *err)
{
    mem_auto char *target = mem_printf("/logship/masters?replace=m%llu", lost);
    struct masters_answer a = {.message = "no master answers"};
    for (unsigned tries = 0; tries < LEADER_TRIES; tries++) {
        for (unsigned k = 1; k <= d->settings.masters; k++) {
            struct masters_answer one;
            if (!masters_call(d, k, "POST", target, &one)) continue;
            a = one;
            if (a.http == 200 && a.id) {
                *out_id = a.id;
                return 0;
            }
            if (a.http != 503) return error_set(err, E_CONFLICT, "%s", a.message);
        }
        pause_a_little();
    }
    return error_set(err, E_TIMEOUT, "%s", a.message);
}

static int replace_wait(const struct cluster_dir *d, unsigned seat, struct error *err)
{
    unsigned long long id = cluster_master(d, seat);
    struct processes p;
    for (unsigned tries = 0; tries < CATCH_UP_TRIES; tries++) {
        struct masters_answer a;
        if (masters_call(d, seat, "GET", "/logship/masters", &a) && a.votes) return 0;
        mem_auto char *name = mem_printf("m%llu", id);
        processes_read(d, &p);
        bool runs = processes_find(&p, name) != 0;
        processes_free(&p);
        if (!runs)
            return error_set(err, E_IO, "m%llu ended; %s/logs/m%llu.log says why", id, d->path, id);
        pause_a_little();
    }
    return error_set(err, E_TIMEOUT, "m%llu is not up to date yet; see %s/logs/m%llu.log", id,
                     d->path, id);
}

/* In this order: what is interrupted is found by the next run where it stopped. */
static int replace_run(struct cluster_dir *d, unsigned long long lost,
                       const struct master_tuning *tuning, struct processes *p, struct error *err)
{
    unsigned seat = (unsigned)((lost - 1) % d->settings.masters) + 1;
    mem_auto char *name = mem_printf("m%llu", lost);
    if (processes_find(p, name))
        return error_set(err, E_CONFLICT, "%s runs (pid %d): only what is lost is replaced", name,
                         (int)processes_find(p, name));
    unsigned long long id = 0;
    int rc = replace_ask(d, lost, &id, err);
    if (rc) return rc;
    printf("  m%llu takes the seat of m%llu\n", id, lost);
    rc = cluster_make_master(d, id, err);
    if (cluster_master(d, seat) != id) d->settings.joining = id;
    d->settings.holders[seat - 1] = id;
    if (!rc) rc = cluster_dir_save(d, err);
    if (!rc && cluster_master_is_lost(d, seat))
        return error_set(err, E_NOTFOUND, "the data of m%llu is gone, too: replace m%llu", id, id);
    if (!rc) rc = cluster_start_master(d, tuning, p, seat, err);
    if (!rc) rc = replace_wait(d, seat, err);
    d->settings.joining = 0;
    if (!rc) rc = cluster_dir_save(d, err);
    if (!rc) printf("  m%llu has everything and votes\n", id);
    return rc;
}

int cmd_master_replace(int argc, char **argv)
{
    const char *dir = NULL;
    struct master_tuning tuning = {0};
    int words = 0;
    const struct option_row rows[] = {
        {"dir", OPTION_TEXT, &dir, "DIR  the cluster's directory", true},
        {"election-ms", OPTION_NUMBER, &tuning.election, "MS  as for 'logship up'", false},
        {"node-grace-ms", OPTION_NUMBER, &tuning.node_grace, "MS  the same", false},
        {"keyframe-entries", OPTION_NUMBER, &tuning.keyframe_entries, "N  the same", false},
        {"edges", OPTION_NUMBER, &tuning.edges, "N  the same", false},
    };
    int rc = OPTIONS_PARSE("master replace", about, rows, argc, argv, &words);
    if (rc) return rc > 0 ? 0 : 2;
    uint64_t lost = 0;
    if (words != 1 || argv[1][0] != 'm' || !str_to_u64(str_of(argv[1] + 1), &lost) || !lost) {
        fputs("logship master replace: name the master that is lost, as m2\n", stderr);
        return 2;
    }
    struct cluster_dir d;
    struct processes p;
    struct error err = {0};
    if (cluster_dir_open(&d, dir, NULL, &err)) return cli_fail("master replace", &err);
    processes_read(&d, &p);
    return replace_run(&d, lost, &tuning, &p, &err) ? cli_fail("master replace", &err) : 0;
}
