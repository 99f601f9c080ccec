/* One node with real containers, a master that tells it of pods and hears what becomes of them. */
#ifndef LOGSHIP_TESTS_NODE_OCI_SCENE_H
#define LOGSHIP_TESTS_NODE_OCI_SCENE_H

#include "node/fake_master.h"

#include "net/http_client.h"
#include "node/node.h"
#include "proto/json.h"

#include <stdio.h>
#include <unistd.h>

struct seen_pod {
    const char *json; /* the body */
    unsigned char number;
    struct buf status;
    unsigned statuses;
    bool gone, deleted;
    int64_t grace_s;
};

struct scene {
    struct fake_master f;
    struct link *link;
    struct seen_pod pods[8];
    unsigned pod_count, hellos;
    char node_port[16];
    bool (*reached)(struct scene *s);
    struct buf needs;
};

static char scene_root[] = "/tmp/logship-oci-XXXXXX";
static char *scene_dir; /* of the node, outlives the single test */
static char scene_images[128];

static inline void put_json(const char *json, struct buf *out)
{
    struct error err = {0};
    if (json_parse(json, strlen(json), out, &err) < 0) fail_msg("%s", err.text);
}

static inline void say_pod(struct scene *s, struct seen_pod *p)
{
    struct buf buf_auto body = BUF_INIT;
    char name[16];
    put_json(p->json, &body);
    snprintf(name, sizeof name, "pod-%u", p->number);
    struct nodewire m = {.type = NODEWIRE_POD,
                         .ns = STR("default"),
                         .name = str_of(name),
                         .uid = {{p->number}},
                         .revision = 5,
                         .deleted_s = p->deleted ? 1000 : 0,
                         .grace_s = p->grace_s,
                         .body = {body.data, body.len},
                         .status = {p->status.data, p->status.len},
                         .needs = {s->needs.data, s->needs.len}};
    fake_say(s->link, &m);
}

static inline void on_hello(struct scene *s, struct link *l, const struct nodewire *m)
{
    s->hellos++;
    s->link = l;
    struct mp port =
        mp_path(mp_read(m->status.p, m->status.n), "daemonEndpoints.kubeletEndpoint.Port");
    snprintf(s->node_port, sizeof s->node_port, "%d", (int)mp_i64(port, 0));
    fake_say(l, &(struct nodewire){.type = NODEWIRE_WELCOME, .heartbeat_ms = 1000});
    for (unsigned i = 0; i < s->pod_count; i++) {
        if (!s->pods[i].gone) say_pod(s, &s->pods[i]);
    }
    fake_say(l, &(struct nodewire){.type = NODEWIRE_SYNCED});
}

static inline void on_said(struct fake_master *f, struct link *l, const struct nodewire *m)
{
    struct scene *s = f->data;
    if (m->type == NODEWIRE_HELLO) on_hello(s, l, m);
    for (unsigned i = 0; i < s->pod_count; i++) {
        struct seen_pod *p = &s->pods[i];
        if (m->uid.bytes[0] != p->number) continue;
        if (m->type == NODEWIRE_POD_GONE) {
            p->gone = true;
            fake_say(l, &(struct nodewire){.type = NODEWIRE_GONE, .uid = m->uid});
        }
        if (m->type != NODEWIRE_POD_STATUS) continue;
        p->statuses++;
        buf_clear(&p->status);
        buf_append(&p->status, m->status.p, m->status.n);
        if (getenv("LOGSHIP_TEST_SHOW")) {
            struct buf buf_auto json = BUF_INIT;
            json_write(mp_read(m->status.p, m->status.n), &json);
            print_message("pod-%u: %s\n", p->number, json.data);
        }
    }
    if (s->reached(s)) uv_stop(&f->loop);
}

static inline void scene_node(struct scene *s)
{
    fflush(NULL);
    s->f.child = fork();
    assert_true(s->f.child >= 0);
    if (s->f.child) return;
    const char *const masters[] = {s->f.address, NULL};
    struct node_options o = {.name = "n1",
                             .masters = masters,
                             .token = "secret",
                             .ca_file = s->f.ca,
                             .dir = scene_dir,
                             .images = scene_images,
                             .pod_cidr = "10.251.7.0/24"};
    struct error err = {0};
    int rc = node_run(&o, &err);
    if (rc < 0) print_message("node: %s\n", err.text);
    exit(rc < 0 ? 1 : 0);
}

static inline void scene_until(struct scene *s, bool (*reached)(struct scene *s), unsigned limit_ms)
{
    s->reached = reached;
    if (!reached(s)) fake_run(&s->f, limit_ms);
}

static inline struct seen_pod *scene_pod(struct scene *s, const char *json)
{
    struct seen_pod *p = &s->pods[s->pod_count++];
    *p = (struct seen_pod){.json = json, .number = (unsigned char)(getpid() % 200 + s->pod_count)};
    if (s->link) say_pod(s, p);
    return p;
}

static inline bool all_gone(struct scene *s)
{
    for (unsigned i = 0; i < s->pod_count; i++) {
        if (!s->pods[i].gone) return false;
    }
    return true;
}

static inline void scene_delete(struct scene *s, struct seen_pod *p, int64_t grace_s)
{
    p->deleted = true;
    p->grace_s = grace_s;
    say_pod(s, p);
}

static inline int scene_open(void **state)
{
    struct scene *s = mem_new(struct scene);
    fake_open(&s->f);
    s->f.said = on_said;
    s->f.data = s;
    mp_put_array(&s->needs, 0);
    *state = s;
    return 0;
}

static inline int scene_close(void **state)
{
    struct scene *s = *state;
    for (unsigned i = 0; s->link && i < s->pod_count; i++) {
        if (!s->pods[i].gone && !s->pods[i].deleted) scene_delete(s, &s->pods[i], 0);
    }
    if (s->link) scene_until(s, all_gone, 120000);
    for (unsigned i = 0; i < s->pod_count; i++) buf_free(&s->pods[i].status);
    assert_int_equal(fake_stop_child(&s->f), 0);
    fake_close(&s->f);
    buf_free(&s->needs);
    mem_free(s);
    return 0;
}

static inline struct mp pod_at(struct scene *s, unsigned i, const char *path)
{
    return mp_path(mp_read(s->pods[i].status.data, s->pods[i].status.len), path);
}

static inline struct mp container_at(struct scene *s, unsigned pod, unsigned container,
                                     const char *path)
{
    return mp_path(mp_at(pod_at(s, pod, "containerStatuses"), container), path);
}

static inline void assert_log(struct scene *s, unsigned pod, const char *container, unsigned run,
                              const char *expect)
{
    struct uid uid = {{s->pods[pod].number}};
    char text[UID_TEXT];
    uid_text(&uid, text);
    mem_auto char *path = mem_printf("%s/logs/default_pod-%u_%s/%s/%u.log", scene_dir,
                                     s->pods[pod].number, text, container, run);
    char all[4096] = {0};
    FILE *file = fopen(path, "re");
    if (!file) fail_msg("no log %s", path);
    size_t n = fread(all, 1, sizeof all - 1, file);
    all[n] = '\0';
    (void)fclose(file);
    if (!strstr(all, expect)) fail_msg("the log of %s says: %s", container, all);
}

/* --- stories
 * ---------------------------------------------------------------------------------------- */

static inline bool missing(const char *program)
{
    mem_auto char *look = mem_printf("command -v %s >/dev/null 2>&1", program);
    bool absent = system(look) != 0; // NOLINT: fixed names
    if (absent) print_message("skipped: %s is not installed\n", program);
    return absent;
}

#define STORY(test) cmocka_unit_test_setup_teardown(test, scene_open, scene_close)

enum { SCENE_SKIP = 2 };

/* The node's directory and an image, for all tests; 0, SCENE_SKIP or 1, said why. */
static inline int scene_world_open(void)
{
    if (geteuid() != 0) return print_message("skipped: real containers need root\n"), SCENE_SKIP;
    if (missing("conmon") || missing("umoci") || missing("busybox")) return SCENE_SKIP;
    if (missing("runc") && missing("crun")) return SCENE_SKIP;
    if (!mkdtemp(scene_root)) return 1;
    scene_dir = mem_printf("%s/n1", scene_root);
    snprintf(scene_images, sizeof scene_images, "%s/images", scene_root);
    mem_auto char *make = mem_printf("$(dirname %s)/../../scripts/make-image %s >/dev/null 2>&1",
                                     __FILE__, scene_images);
    if (system(make) == 0) return 0; // NOLINT: fixed names
    return print_message("the image could not be made\n"), 1;
}

static inline void scene_world_close(void)
{
    (void)node_wipe(scene_dir, NULL); /* of a story that failed */
    mem_auto char *clean =
        mem_printf("ip link del ls0afb0700; rm -rf --one-file-system %s", scene_root);
    if (system(clean) != 0) print_message("%s stays\n", scene_root); // NOLINT
    mem_free(scene_dir);
}

#endif
