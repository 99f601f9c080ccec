/* logship node and logship simnodes: agents that run pods, or pretend to. */
#include "cli/cli.h"

#include "node/node.h"

#include <stddef.h>

static const char about_node[] =
    "Joins a cluster as a node and runs the pods bound to it. Stopped by SIGTERM it leaves the "
    "containers\n"
    "running, and takes them over again when it starts on the same --dir.";

static int cmd_node(int argc, char **argv)
{
    struct node_options o = {.driver = "oci"};
    struct option_list masters = {0}, labels = {0};
    unsigned long long port = 0, pods = 0;
    const struct option_row rows[] = {
        {"name", OPTION_TEXT, &o.name, "NAME  of the node", true},
        {"dir", OPTION_TEXT, &o.dir, "DIR  its files", true},
        {"master", OPTION_LIST, &masters, "ADDR  a master's node address; once for each", true},
        {"token", OPTION_TEXT, &o.token, "TOKEN  to join with", false},
        {"token-file", OPTION_TEXT, &o.token_file, "FILE  whose first line is the token", false},
        {"ca", OPTION_TEXT, &o.ca_file, "FILE  the cluster's CA certificate", true},
        {"label", OPTION_LIST, &labels, "K=V  a label of the node", false},
        {"driver", OPTION_TEXT, &o.driver, "NAME  oci (containers) or sim", false},
        {"address", OPTION_TEXT, &o.address, "IP  it is known by (127.0.0.1)", false},
        {"port", OPTION_NUMBER, &port, "PORT  of its own listener (any)", false},
        {"images", OPTION_TEXT, &o.images, "DIR  OCI layout with the images", false},
        {"pod-cidr", OPTION_TEXT, &o.pod_cidr, "CIDR  of its pods' network (10.88.0.0/24)", false},
        {"cni-conf", OPTION_TEXT, &o.cni_conf, "FILE  CNI configuration list to use instead",
         false},
        {"cni-bin", OPTION_TEXT, &o.cni_bin, "DIR  CNI plugins (/usr/lib/cni)", false},
        {"runtime", OPTION_TEXT, &o.runtime, "NAME  runc or crun (what works here)", false},
        {"cpu", OPTION_TEXT, &o.cpu, "QTY  allocatable cpu (the machine's)", false},
        {"memory", OPTION_TEXT, &o.memory, "QTY  allocatable memory (the machine's)", false},
        {"pods", OPTION_NUMBER, &pods, "N  how many pods it takes (110)", false},
    };
    int rc = OPTIONS_PARSE("node", about_node, rows, argc, argv, NULL);
    if (rc) return rc > 0 ? 0 : 2;
    o.masters = masters.items;
    o.labels = labels.items;
    o.port = (unsigned)port;
    o.pods = (unsigned)pods;
    struct error err = {0};
    return node_run(&o, &err) ? cli_fail("node", &err) : 0;
}

static const char about_simnodes[] = "Joins many simulated nodes from one process, each over a "
                                     "connection of its own. Their pods turn\n"
                                     "Running after --start-ms.";

static int cmd_simnodes(int argc, char **argv)
{
    struct simnodes_options o = {0};
    struct option_list masters = {0}, labels = {0};
    unsigned long long count = 0, first = 0, pods = 0, start = 0, jitter = 0, stop = 0;
    const struct option_row rows[] = {
        {"count", OPTION_NUMBER, &count, "N  nodes", true},
        {"prefix", OPTION_TEXT, &o.prefix, "TEXT  names are TEXT0, TEXT1, ... (sim-)", false},
        {"first", OPTION_NUMBER, &first, "N  number of the first (0)", false},
        {"master", OPTION_LIST, &masters, "ADDR  a master's node address; once for each", true},
        {"token", OPTION_TEXT, &o.token, "TOKEN  to join with", false},
        {"token-file", OPTION_TEXT, &o.token_file, "FILE  whose first line is the token", false},
        {"ca", OPTION_TEXT, &o.ca_file, "FILE  the cluster's CA certificate", true},
        {"label", OPTION_LIST, &labels, "K=V  a label of every node", false},
        {"cpu", OPTION_TEXT, &o.cpu, "QTY  allocatable cpu of each (32)", false},
        {"memory", OPTION_TEXT, &o.memory, "QTY  allocatable memory of each (64Gi)", false},
        {"pods", OPTION_NUMBER, &pods, "N  pods each takes (110)", false},
        {"start-ms", OPTION_NUMBER, &start, "MS  from bound to Running (0)", false},
        {"start-jitter-ms", OPTION_NUMBER, &jitter, "MS  and up to this much more", false},
        {"stop-ms", OPTION_NUMBER, &stop, "MS  from deleted to gone (0)", false},
    };
    int rc = OPTIONS_PARSE("simnodes", about_simnodes, rows, argc, argv, NULL);
    if (rc) return rc > 0 ? 0 : 2;
    o.count = (unsigned)count;
    o.first = (unsigned)first;
    o.masters = masters.items;
    o.labels = labels.items;
    o.pods = (unsigned)pods;
    o.start_ms = (unsigned)start;
    o.start_jitter_ms = (unsigned)jitter;
    o.stop_ms = (unsigned)stop;
    struct error err = {0};
    return simnodes_run(&o, &err) ? cli_fail("simnodes", &err) : 0;
}

const struct verb verb_node = {"node", "runs a node agent", cmd_node};
const struct verb verb_simnodes = {"simnodes", "joins simulated nodes", cmd_simnodes};
