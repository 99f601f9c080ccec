#include "cli/cli.h"

#include "base/mem.h"
#include "base/str.h"

#include <stdio.h>

static void options_help(const char *verb, const char *about, const struct option_row *rows,
                         size_t count)
{
    printf("usage: logship %s [options]\n\n%s\n\noptions:\n", verb, about);
    for (size_t i = 0; i < count; i++) {
        char left[64];
        const char *meaning = rows[i].meaning;
        if (rows[i].type == OPTION_FLAG) {
            snprintf(left, sizeof left, "--%s", rows[i].name);
        } else {
            const char *gap = strstr(meaning, "  ");
            snprintf(left, sizeof left, "--%s %.*s", rows[i].name, (int)(gap - meaning), meaning);
            meaning = gap + 2;
        }
        printf("  %-26s %s%s\n", left, meaning, rows[i].required ? " (required)" : "");
    }
    printf("  %-26s this text\n", "--help");
}

static const struct option_row *options_find(const struct option_row *rows, size_t count,
                                             const char *word, size_t n)
{
    for (size_t i = 0; i < count; i++)
        if (strlen(rows[i].name) == n && memcmp(rows[i].name, word, n) == 0) return &rows[i];
    return NULL;
}

static bool options_store(const struct option_row *row, const char *value)
{
    struct option_list *list = row->value;
    switch (row->type) {
    case OPTION_TEXT:
        *(const char **)row->value = value;
        return true;
    case OPTION_NUMBER: {
        uint64_t number;
        if (!str_to_u64(str_of(value), &number)) return false;
        *(unsigned long long *)row->value = number;
        return true;
    }
    case OPTION_LIST:
        list->items = mem_resize(list->items, (list->count + 2) * sizeof *list->items);
        list->items[list->count++] = value;
        list->items[list->count] = NULL;
        return true;
    default:
        return false;
    }
}

static int options_mistake(const char *verb, const char *text, const char *word)
{
    fprintf(stderr, "logship %s: %s: %s\nTry 'logship %s --help'.\n", verb, word, text, verb);
    return -1;
}

int options_parse(const char *verb, const char *about, const struct option_row *rows, size_t count,
                  int argc, char **argv, int *words)
{
    int kept = 0;
    bool given[64] = {false};
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i];
        if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
            options_help(verb, about, rows, count);
            return 1;
        }
        /* "-o json" and "-f" as kubectl users type them: one-letter options */
        bool short_form = word[0] == '-' && word[1] && word[1] != '-' && !word[2];
        if (strncmp(word, "--", 2) != 0 && !short_form) {
            argv[++kept] = argv[i];
            continue;
        }
        const char *name = word + (short_form ? 1 : 2);
        const char *equal = strchr(name, '=');
        size_t n = equal ? (size_t)(equal - name) : strlen(name);
        const struct option_row *row = options_find(rows, count, name, n);
        if (!row) return options_mistake(verb, "no such option", word);
        given[row - rows] = true;
        if (row->type == OPTION_FLAG) {
            if (equal) return options_mistake(verb, "takes no value", word);
            *(bool *)row->value = true;
            continue;
        }
        const char *value = equal ? equal + 1 : ++i < argc ? argv[i] : NULL;
        if (!value) return options_mistake(verb, "needs a value", word);
        if (!options_store(row, value)) return options_mistake(verb, "needs a number", word);
    }
    for (size_t i = 0; i < count; i++)
        if (rows[i].required && !given[i]) {
            fprintf(stderr, "logship %s: --%s is needed\nTry 'logship %s --help'.\n", verb,
                    rows[i].name, verb);
            return -1;
        }
    if (words)
        *words = kept;
    else if (kept)
        return options_mistake(verb, "not understood", argv[1]);
    return 0;
}

int cli_fail(const char *verb, const struct error *err)
{
    fprintf(stderr, "logship %s: %s\n", verb, err->text[0] ? err->text : error_name(err->code));
    return 1;
}
