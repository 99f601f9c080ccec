/* logship-sim: the command line. */
#include "runner.h"

#include <getopt.h>
#include <sys/personality.h>
#include <unistd.h>

static const char usage[] =
    "logship-sim --seed N [--verbose]             one seed; prints its trace hash\n"
    "logship-sim --seeds FROM..TO [--minutes M]   many, until one fails\n"
    "            [--jobs J]                       processes at a time (1)\n"
    "            [--profile P]                    swarm (the usual), harass, disk, keyframes,\n"
    "                                             replace, s1 to s8, lag-..., or mixed (all)\n"
    "            [--guard-off S1..S8]             without one of the guards around libraft (in\n"
    "                                             its own profile, if none is named)\n"
    "            [--shrink]                       a failure is told as shortly as it can be\n"
    "            [--without-faults 3,5-9]         leaves these out, by number\n"
    "            [--clients N] [--nodes N]        no more than these\n"
    "            [--masters 3|5]                  so many; then --nodes is exact, too\n"
    "            [--require-marks]                fails when a rare branch was not reached\n"
    "            [--except-marks A,B]              but for these\n"
    "            [--reach A,B or all]             goes on until these are; fails when they are "
    "not\n"
    "            [--lie NAME]                     a checker is told what is not so: it must fail\n"
    "            [--summary FILE]                 lines of key and value\n";

static const struct option options[] = {{"seed", required_argument, 0, 's'},
                                        {"seeds", required_argument, 0, 'r'},
                                        {"minutes", required_argument, 0, 'm'},
                                        {"jobs", required_argument, 0, 'j'},
                                        {"guard-off", required_argument, 0, 'g'},
                                        {"profile", required_argument, 0, 'p'},
                                        {"without-faults", required_argument, 0, 'w'},
                                        {"clients", required_argument, 0, 'c'},
                                        {"nodes", required_argument, 0, 'n'},
                                        {"summary", required_argument, 0, 'f'},
                                        {"shrink", no_argument, 0, 'k'},
                                        {"require-marks", no_argument, 0, 'q'},
                                        {"except-marks", required_argument, 0, 'x'},
                                        {"reach", required_argument, 0, 'R'},
                                        {"lie", required_argument, 0, 'l'},
                                        {"masters", required_argument, 0, 'M'},
                                        {"verbose", no_argument, 0, 'v'},
                                        {"harass", no_argument, 0, 'h'},
                                        {0, 0, 0, 0}};

static bool main_seeds(struct run *run, char option, const char *text)
{
    unsigned long long a, b;
    run->one = option == 's';
    int n = run->one ? sscanf(text, "%llu", &a) : sscanf(text, "%llu..%llu", &a, &b);
    if (n < 1 || (n == 1 && !run->one)) return false;
    run->first = a;
    run->last = run->one ? a : b;
    return true;
}

static bool main_profile(struct run *run, const char *name)
{
    struct sim s = {0};
    run->profile = name;
    return profile_choose(&s, name, 0);
}

static bool main_guard(struct run *run, const char *name)
{
    if (name[0] != 'S' || name[1] < '1' || name[1] > '8' || name[2]) return false;
    static const char *const made_for[] = {"s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8"};
    run->guards_off |= 1u << (name[1] - '1');
    if (!run->profile) run->profile = made_for[name[1] - '1'];
    return true;
}

static bool main_option(struct run *run, char c)
{
    switch (c) {
    case 's':
    case 'r':
        return main_seeds(run, c, optarg);
    case 'm':
        run->minutes = strtoull(optarg, NULL, 10);
        if (run->last == 0) run->last = UINT64_MAX;
        return run->minutes > 0;
    case 'j':
        run->jobs = (unsigned)strtoul(optarg, NULL, 10);
        return run->jobs > 0 && run->jobs <= 256;
    case 'g':
        return main_guard(run, optarg);
    case 'p':
        return main_profile(run, optarg);
    case 'h':
        return main_profile(run, "harass");
    case 'w':
        without_parse(run, optarg);
        return true;
    case 'c':
        run->clients = (unsigned)strtoul(optarg, NULL, 10);
        return run->clients > 0;
    case 'n':
        run->nodes = (unsigned)strtoul(optarg, NULL, 10);
        return run->nodes > 0 && run->nodes <= NODES_MAX;
    case 'M':
        run->masters = (unsigned)strtoul(optarg, NULL, 10);
        return run->masters == 3 || run->masters == 5;
    case 'l':
        run->lie = lie_find(optarg);
        return run->lie != LIE_NONE;
    case 'f':
        run->summary = optarg;
        return true;
    case 'x':
        run->except = optarg;
        return true;
    case 'R':
        run->reach = optarg;
        return marks_known(optarg);
    case 'k':
        return run->shrink = true;
    case 'q':
        return run->require_marks = true;
    case 'v':
        return run->verbose = true;
    default:
        return false;
    }
}

/* Memory that is never given back, so that everything after it lies elsewhere. */
static void shake_keep(size_t n)
{
    struct kept {
        struct kept *next;
    };
    static struct kept *all;
    struct kept *k = mem_alloc(n);
    k->next = all;
    all = k;
}

int main(int argc, char **argv)
{
    /* Addresses must not differ between two runs: some tables are keyed by them. */
    int persona = personality(0xffffffff);
    if (persona != -1 && !(persona & ADDR_NO_RANDOMIZE) &&
        personality((unsigned long)persona | ADDR_NO_RANDOMIZE) != -1)
        execv("/proc/self/exe", argv);
    struct run run = {.jobs = 1};
    const char *shake = getenv("LOGSHIP_SIM_SHAKE"); /* other addresses: nothing may change */
    for (int i = 0; shake && i < atoi(shake); i++) shake_keep(100 + (size_t)i * 7);
    if (argc == 2 && strcmp(argv[1], "--help") == 0) return fputs(usage, stdout) < 0;
    bool ok = true;
    for (int c; ok && (c = getopt_long(argc, argv, "", options, NULL)) != -1;)
        ok = main_option(&run, (char)c);
    if (!run.profile) run.profile = "swarm";
    if (!ok || run.last == 0 || optind < argc) {
        fputs(usage, stderr);
        return 2;
    }
    run.began = runner_wall_s();
    return run.one ? runner_one(&run) : runner_many(&run);
}
