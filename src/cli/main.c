#include "cli/cli.h"

#include "proto/schema.h"

#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

static const struct verb *const verbs[] = {
    &verb_up,    &verb_down,   &verb_log,  &verb_replay,   &verb_verify,
    &verb_bench, &verb_master, &verb_node, &verb_simnodes,
};

static int usage(FILE *out)
{
    fprintf(out,
            "logship: a Kubernetes-compatible cluster whose every change is in a replicated log\n\n"
            "usage: logship VERB [options]      (logship VERB --help explains each)\n\n");
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
        fprintf(out, "  %-10s %s\n", verbs[i]->name, verbs[i]->summary);
    fprintf(out, "\nA first cluster:  logship up --dir /tmp/ship --detach && "
                 "kubectl --kubeconfig /tmp/ship/kubeconfig get nodes\n");
    return out == stdout ? 0 : 2;
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    if (sodium_init() < 0) return 1;
    schema_init();
    if (argc < 2) return usage(stderr);
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0)
        return usage(stdout);
    if (strcmp(argv[1], "--version") == 0) return puts("logship " LOGSHIP_VERSION) < 0;
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
        if (strcmp(argv[1], verbs[i]->name) == 0) return verbs[i]->run(argc - 1, argv + 1);
    fprintf(stderr, "logship: no verb '%s'\n\n", argv[1]);
    return usage(stderr);
}
