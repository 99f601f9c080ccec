/* logship master: one master process. `up` starts three; this is what it runs. */
#include "cli/cli.h"

#include "base/mem.h"
#include "base/trace.h"
#include "master/master.h"

#include <stdio.h>
#include <string.h>

static const char about[] = "Runs one master of a quorum until it is stopped by SIGTERM.\n"
                            "All masters get the same --cluster and the same --peer, "
                            "--node-port-of list, in the same order;\n"
                            "--id says which of them this is (from 1); one that has replaced "
                            "another has its seat, and the\n"
                            "id that 'logship master replace' gave it.";

struct master_words {
    const char *dir, *name, *cluster, *api, *node, *ca, *cert, *key, *tokens, *join_tokens,
        *seal_key, *account_key;
    unsigned long long id, edges, heartbeat, election, keyframe_entries, keyframe_mib, node_grace;
    struct option_list peers, node_addresses, api_addresses;
    bool debug;
};

static int master_start(const struct master_words *w)
{
    struct quorum_server *servers = mem_zalloc(w->peers.count * sizeof *servers);
    for (size_t i = 0; i < w->peers.count; i++)
        servers[i] = (struct quorum_server){i + 1, w->peers.items[i]};
    struct master_options options = {
        .name = w->name ? w->name : mem_printf("m%llu", w->id),
        .dir = w->dir,
        .cluster = w->cluster,
        .id = w->id,
        .servers = servers,
        .server_count = (unsigned)w->peers.count,
        .node_addresses = w->node_addresses.items,
        .api_addresses = w->api_addresses.count ? w->api_addresses.items : &w->api,
        .api_count = w->api_addresses.count ? (unsigned)w->api_addresses.count : 1,
        .api_address = w->api,
        .node_address = w->node,
        .edges = (unsigned)w->edges,
        .ca_file = w->ca,
        .cert_file = w->cert,
        .key_file = w->key,
        .tokens_file = w->tokens,
        .join_token_file = w->join_tokens,
        .seal_key_file = w->seal_key,
        .account_key_file = w->account_key,
        .heartbeat_ms = (unsigned)w->heartbeat,
        .election_ms = (unsigned)w->election,
        .keyframe_entries = w->keyframe_entries,
        .keyframe_bytes = w->keyframe_mib << 20,
        .node_grace_ms = (unsigned)w->node_grace,
    };
    struct error err = {0};
    return master_run(&options, &err) ? cli_fail("master", &err) : 0;
}

static int cmd_master(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "replace") == 0) return cmd_master_replace(argc - 1, argv + 1);
    struct master_words w = {0};
    const struct option_row rows[] = {
        {"dir", OPTION_TEXT, &w.dir, "DIR  its data directory", true},
        {"id", OPTION_NUMBER, &w.id, "N  its number, from 1", true},
        {"name", OPTION_TEXT, &w.name, "NAME  what it is called (m<id>)", false},
        {"cluster", OPTION_TEXT, &w.cluster, "UUID  the cluster's id", true},
        {"peer", OPTION_LIST, &w.peers, "ADDR  peer address of each master, in order", true},
        {"node-port-of", OPTION_LIST, &w.node_addresses,
         "ADDR  node address of each master, in order", true},
        {"api-of", OPTION_LIST, &w.api_addresses,
         "ADDR  API address of each master, for pods (its own)", false},
        {"api", OPTION_TEXT, &w.api, "ADDR  where it serves the API", true},
        {"node", OPTION_TEXT, &w.node, "ADDR  where nodes connect", true},
        {"ca", OPTION_TEXT, &w.ca, "FILE  the cluster's CA certificate", true},
        {"cert", OPTION_TEXT, &w.cert, "FILE  its certificate", true},
        {"key", OPTION_TEXT, &w.key, "FILE  its private key", true},
        {"tokens", OPTION_TEXT, &w.tokens, "FILE  bearer tokens: token,user,uid,\"groups\"", false},
        {"join-tokens", OPTION_TEXT, &w.join_tokens, "FILE  tokens that nodes join with", true},
        {"seal-key", OPTION_TEXT, &w.seal_key, "FILE  32 bytes that seal Secrets", true},
        {"account-key", OPTION_TEXT, &w.account_key,
         "FILE  RSA key that signs service accounts' tokens", false},
        {"edges", OPTION_NUMBER, &w.edges, "N  threads for HTTP and nodes (1)", false},
        {"heartbeat-ms", OPTION_NUMBER, &w.heartbeat, "MS  Raft heartbeat (100)", false},
        {"election-ms", OPTION_NUMBER, &w.election, "MS  Raft election timeout (1000)", false},
        {"keyframe-entries", OPTION_NUMBER, &w.keyframe_entries, "N  a keyframe after N entries",
         false},
        {"keyframe-mib", OPTION_NUMBER, &w.keyframe_mib, "N  or after N MiB of log", false},
        {"node-grace-ms", OPTION_NUMBER, &w.node_grace,
         "MS  silence after which a node is lost (40000)", false},
        {"debug", OPTION_FLAG, &w.debug, "trace more", false},
    };
    int rc = OPTIONS_PARSE("master", about, rows, argc, argv, NULL);
    if (rc) return rc > 0 ? 0 : 2;
    if (w.debug) trace_level = TRACE_DEBUG;
    bool replaces = w.peers.count > 1 && w.id > w.peers.count;
    if (w.id < 1 || (w.id > w.peers.count && !replaces) ||
        w.node_addresses.count != w.peers.count) {
        fprintf(stderr,
                "logship master: --id must be one of the %zu masters, and --peer and "
                "--node-port-of must name each\n",
                w.peers.count);
        return 2;
    }
    return master_start(&w);
}

const struct verb verb_master = {"master", "runs one master process", cmd_master};
