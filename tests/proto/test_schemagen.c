/* The compiler of the schema names what is wrong with it, and writes nothing then. */
#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* Where this file was compiled from; the tools are found from there. */
static char *tree_root(void)
{
    mem_auto char *here = mem_strdup(__FILE__);
    char *tests = strstr(here, "/tests/proto/");
    assert_non_null(tests);
    *tests = '\0';
    return mem_strdup(here);
}

static int run(const char *command, struct buf *out)
{
    FILE *f = popen(command, "re");
    assert_non_null(f);
    char chunk[512];
    size_t n;
    while ((n = fread(chunk, 1, sizeof chunk, f))) buf_append(out, chunk, n);
    return pclose(f);
}

/* Compiles the schema with one more line at the end of `file`. */
static int compile_with(const char *dir, const char *file, const char *line, struct buf *said)
{
    mem_auto char *root = tree_root();
    mem_auto char *command = mem_printf("rm -rf '%s'/s && cp -r '%s'/src/proto/schema '%s'/s && "
                                        "chmod -R u+w '%s'/s && printf '%s' >> '%s'/s/%s && "
                                        "python3 '%s'/tools/schemagen.py '%s'/s '%s'/out.c 2>&1",
                                        dir, root, dir, dir, line, dir, file, root, dir, dir);
    return run(command, said);
}

static void bad_lines_are_named(void **state)
{
    static const struct {
        const char *file, *line, *said;
    } cases[] = {
        {"types.tsv", "core.v1.Pod\\tfoo\\tcore.v1.Nope\\n", "unknown type core.v1.Nope"},
        {"types.tsv", "core.v1.Pod\\tspec\\tstring\\n", "duplicate field core.v1.Pod.spec"},
        {"kinds.tsv", "\\tv1\\tPod\\tpods\\tpod\\t\\t\\tcluster\\t\\tall\\tqualified\\n",
         "duplicate kind pods"},
        {"defaults.tsv", "core.v1.PodSpec\\thostIPC\\tabsent\\t\"no\"\\n",
         "the value \"no\" is no bool"},
        {"rules.tsv", "core.v1.PodSpec\\thostIPC\\tpretty\\n", "unknown rule 'pretty'"},
        {"conversions.tsv", "events.v1.Event\\taction\\tdeed\\n",
         "core.v1.Event has no place for events.v1.Event.action"},
        {"conversions.tsv", "events.v1.Event\\taction\\taction\\tconvert_it\\n",
         "either a field and what it is called when stored, or a function"},
        {"types.tsv", "policy.v1beta1.PodDisruptionBudgetSpec\\tmore\\tstring\\n",
         "has no place for policy.v1beta1.PodDisruptionBudgetSpec.more"},
        {"types.tsv", "core.v1.PodSpec\\tmoreover\\tstring\\n",
         "core.v1.PodSpec.moreover has no number in protobuf.tsv"},
        {"descriptions.tsv", "Podd\\t\\tA pod.\\n", "unknown type Podd"},
        {"descriptions.tsv", "Pod\\tspecc\\tWhat.\\n", "no type has a field specc"},
        {"descriptions.tsv", "Pod\\t\\tAgain.\\n", "duplicate description of Pod"},
        {"subresources.tsv", "pods\\tx\\t\\t\\tPod\\tfly\\n", "unknown verb 'fly'"},
    };
    const char *dir = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf said buf_auto = BUF_INIT;
        mem_auto char *out = mem_printf("%s/out.c", dir), *at = mem_printf("%s:", cases[i].file);
        int status = compile_with(dir, cases[i].file, cases[i].line, &said);
        assert_int_equal(WEXITSTATUS(status), 1);
        if (!strstr(said.data, cases[i].said) || !strstr(said.data, at))
            fail_msg("%s: %s", cases[i].line, said.data);
        assert_int_not_equal(access(out, F_OK), 0);
    }
}

static void the_schema_itself_compiles_silently(void **state)
{
    struct buf said buf_auto = BUF_INIT;
    assert_int_equal(compile_with(*state, "types.tsv", "", &said), 0);
    assert_int_equal(said.len, 0);
}

static int setup(void **state)
{
    static char dir[] = "/tmp/schemagen-XXXXXX";
    *state = mkdtemp(dir);
    return *state ? 0 : -1;
}

static int teardown(void **state)
{
    struct buf said buf_auto = BUF_INIT;
    mem_auto char *command = mem_printf("rm -rf '%s'", (char *)*state);
    return run(command, &said);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_lines_are_named),
        cmocka_unit_test(the_schema_itself_compiles_silently),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
