/* Which life each start was. */
#include "cluster.h"

#include "raft/lives.h"
#include "store/store.h"

struct lives_scene {
    char dir[64];
    struct disk disk;
    struct quorum quorum;
};

static void lives_open(struct lives_scene *s)
{
    struct error err = {0};
    snprintf(s->dir, sizeof s->dir, "/tmp/logship-lives-XXXXXX");
    assert_non_null(mkdtemp(s->dir));
    const struct store_options options = {.dir = s->dir, .create = true, .no_sync = true};
    memset(&s->disk, 0, sizeof s->disk);
    if (store_open(&s->disk.store, &options, &err)) fail_msg("%s", err.text);
}

static void lives_close(struct lives_scene *s)
{
    mem_auto char *command = mem_printf("rm -rf %s", s->dir);
    store_close(s->disk.store);
    assert_int_equal(system(command), 0);
}

/* One that is nothing but a start. */
static void lives_start(struct lives_scene *s, uint64_t boot, uint64_t life)
{
    memset(&s->quorum, 0, sizeof s->quorum);
    s->quorum.options.disk = &s->disk;
    s->quorum.past.known.boot = boot;
    s->quorum.past.known.life = life;
    lives_begin(&s->quorum);
}

static void every_start_is_remembered(void **state)
{
    struct lives_scene s;
    (void)state;
    lives_open(&s);
    for (uint64_t boot = 1; boot <= 5; boot++) lives_start(&s, boot, boot * 100);
    for (uint64_t boot = 1; boot <= 5; boot++)
        assert_int_equal(lives_at(&s.quorum, boot), boot * 100);
    assert_int_equal(lives_at(&s.quorum, 0), 0);
    assert_int_equal(lives_at(&s.quorum, 6), 0);
    lives_close(&s);
}

static void of_very_many_the_last_ones_are(void **state)
{
    enum { MANY = STORE_LIVES_MAX + 10 };
    struct lives_scene s;
    (void)state;
    lives_open(&s);
    for (uint64_t boot = 1; boot <= MANY; boot++) lives_start(&s, boot, boot * 100);
    assert_int_equal(lives_at(&s.quorum, 10), 0);
    assert_int_equal(lives_at(&s.quorum, 11), 1100);
    assert_int_equal(lives_at(&s.quorum, MANY), MANY * 100);
    lives_close(&s);
}

static void a_start_that_nobody_heard_of_is_drawn_again(void **state)
{
    struct lives_scene s;
    (void)state;
    lives_open(&s);
    lives_start(&s, 1, 100);
    lives_start(&s, 2, 200); /* it ended before it counted itself */
    lives_start(&s, 2, 222);
    assert_int_equal(lives_at(&s.quorum, 1), 100);
    assert_int_equal(lives_at(&s.quorum, 2), 222);
    lives_close(&s);
}

static void what_could_not_be_noted_is_unknown(void **state)
{
    struct lives_scene s;
    (void)state;
    lives_open(&s);
    lives_start(&s, 1, 100);
    lives_start(&s, 4, 400);
    assert_int_equal(lives_at(&s.quorum, 1), 100);
    assert_int_equal(lives_at(&s.quorum, 2), 0);
    assert_int_equal(lives_at(&s.quorum, 3), 0);
    assert_int_equal(lives_at(&s.quorum, 4), 400);
    lives_start(&s, 40000, 7);
    assert_int_equal(lives_at(&s.quorum, 4), 0);
    assert_int_equal(lives_at(&s.quorum, 40000), 7);
    lives_close(&s);
}

static void a_damaged_list_is_begun_anew(void **state)
{
    struct lives_scene s;
    struct store_lives lives;
    struct error err;
    (void)state;
    lives_open(&s);
    lives_start(&s, 1, 100);
    mem_auto char *path = mem_printf("%s/lives", s.dir);
    FILE *f = fopen(path, "r+");
    assert_non_null(f);
    assert_int_equal(fseek(f, 30, SEEK_SET), 0);
    assert_int_equal(fputc('x', f), 'x');
    fclose(f);
    assert_int_equal(store_lives_get(s.disk.store, &lives, &err), E_CORRUPT);
    lives_start(&s, 2, 200);
    assert_int_equal(lives_at(&s.quorum, 1), 0);
    assert_int_equal(lives_at(&s.quorum, 2), 200);
    lives_close(&s);
}

int main(void)
{
    trace_level = TRACE_ERROR + 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_start_is_remembered),
        cmocka_unit_test(of_very_many_the_last_ones_are),
        cmocka_unit_test(a_start_that_nobody_heard_of_is_drawn_again),
        cmocka_unit_test(what_could_not_be_noted_is_unknown),
        cmocka_unit_test(a_damaged_list_is_begun_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
