/* The command line: one file a verb. */
#ifndef LOGSHIP_CLI_CLI_H
#define LOGSHIP_CLI_CLI_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct verb {
    const char *name;
    const char *summary;               /* one line for `logship --help` */
    int (*run)(int argc, char **argv); /* argv[0] is the verb; returns the exit status */
};

extern const struct verb verb_up, verb_down, verb_master, verb_node, verb_simnodes, verb_log,
    verb_replay, verb_verify, verb_bench;

int cmd_master_replace(int argc, char **argv); /* logship master replace */

/* Options of a verb, as a table: parsing and --help come from it. Values are "--name VALUE" or
 * "--name=VALUE". */
enum option_type { OPTION_TEXT, OPTION_NUMBER, OPTION_FLAG, OPTION_LIST };

struct option_list {
    const char **items; /* NULL-terminated */
    size_t count;
};

struct option_row {
    const char *name; /* "dir" */
    enum option_type type;
    void *value;         /* const char **, unsigned long long *, bool *, struct option_list * */
    const char *meaning; /* "DIR  where everything is kept" : the first word names the value */
    bool required;
};

/* 0: go on; 1: help was shown (exit 0); negative: the mistake was told (exit 2). Words that are no
 * options are left in argv[1..*words]. */
int options_parse(const char *verb, const char *about, const struct option_row *rows, size_t count,
                  int argc, char **argv, int *words);
#define OPTIONS_PARSE(verb, about, rows, argc, argv, words)                                        \
    options_parse(verb, about, rows, sizeof(rows) / sizeof(rows)[0], argc, argv, words)

/* Says "logship VERB: text" on stderr and returns 1. */
int cli_fail(const char *verb, const struct error *err);

#endif
