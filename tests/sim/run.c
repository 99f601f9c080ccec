/* One seed from the beginning to the end. */
#include "medium.h"

#include <sys/stat.h>
#include <unistd.h>

void sim_open(struct sim *s, uint64_t seed)
{
    s->seed = s->random = seed;
    sim_random(s);
    sim_catch(s);
    profile_draw(s);
    vnet_draw(s);
    disk_profile_draw(s);
    profile_draw_apart(s);
    snprintf(s->root, sizeof s->root, "%s/logship-sim-%ld",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", (long)getpid());
    mkdir(s->root, 0700);
    static const char *const addresses[] = {"m1:1", "m2:1", "m3:1", "m4:1", "m5:1"};
    for (unsigned i = 0; i < s->master_count; i++) {
        struct sim_master *m = &s->masters[i];
        *m = (struct sim_master){.sim = s, .position = i, .id = i + 1};
        snprintf(m->name, sizeof m->name, "m%u", i + 1);
        m->dir = mem_printf("%s/%s", s->root, m->name);
        m->medium = medium_new(m);
        int drift = (int)s->profile.drift_ppm;
        m->clock_ppm = (int)sim_below(s, 2 * (uint64_t)drift + 1) - drift;
        s->servers[i] = (struct quorum_server){i + 1, addresses[i]};
        s->node_addresses[i] = addresses[i];
    }
    seams_disk_begin(s);
}

/* Faults begin once there is a cluster to break. */
static void sim_settle(struct sim *s)
{
    s->calm = true;
    for (unsigned i = 0; i < s->master_count; i++) master_boot(&s->masters[i]);
    for (unsigned n = 0;; n++) {
        sim_run(s, 100 * MS);
        struct sim_master *leader = sim_leader(s);
        if (leader && world_get(leader->life->core.world, kind_namespace, NULL, STR("default")))
            break;
        if (n == 300) sim_fail(s, "no cluster came to be within 30 s");
    }
    s->calm = false;
}

void sim_play(struct sim *s)
{
    schema_init();
    sim_settle(s);
    kubelets_start(s);
    clients_start(s);
    if (!s->harassed) webs_start(s);
    disk_readers_start(s);
    scrub_watch_start(s);
    faults_start(s);
    plot_start(s);
    operator_start(s);
    sim_run(s, s->profile.duration_us);
    ending_check(s);
    for (unsigned i = 0; i < s->master_count; i++)
        if (s->masters[i].life) master_crash(&s->masters[i], "the end");
    disks_check(s);
}
