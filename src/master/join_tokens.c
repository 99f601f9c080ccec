#include "master/join_tokens.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TOKENS_FILE_MAX = 1024 * 1024 };

struct join_tokens {
    char *file;
    struct timespec changed;
    off_t size;
    struct buf text;
};

static int tokens_read(struct join_tokens *t, struct error *err)
{
    buf_clear(&t->text);
    FILE *f = fopen(t->file, "re");
    if (!f) return error_set(err, E_IO, "join tokens %s: %s", t->file, strerror(errno));
    struct stat st;
    if (fstat(fileno(f), &st) == 0) {
        t->changed = st.st_mtim;
        t->size = st.st_size;
    }
    char chunk[4096];
    size_t n;
    while (t->text.len < TOKENS_FILE_MAX && (n = fread(chunk, 1, sizeof chunk, f)) > 0) {
        buf_append(&t->text, chunk, n);
    }
    (void)fclose(f);
    return 0;
}

static void tokens_refresh(struct join_tokens *t)
{
    struct stat st;
    bool there = stat(t->file, &st) == 0;
    if (there && st.st_size == t->size && st.st_mtim.tv_sec == t->changed.tv_sec &&
        st.st_mtim.tv_nsec == t->changed.tv_nsec) {
        return;
    }
    struct error err = {0};
    if (tokens_read(t, &err) < 0) {
        t->size = -1;
        trace_warn("nodes", "%s: no node can join", err.text);
    }
}

int join_tokens_open(struct join_tokens **out, const char *file, struct error *err)
{
    struct join_tokens *t = mem_new(struct join_tokens);
    t->file = mem_strdup(file);
    int rc = tokens_read(t, err);
    if (rc < 0) {
        join_tokens_close(t);
        return rc;
    }
    *out = t;
    return 0;
}

static struct str line_trim(struct str line)
{
    while (line.n && strchr(" \t\r", line.p[0])) line.p++, line.n--;
    while (line.n && strchr(" \t\r", line.p[line.n - 1])) line.n--;
    return line;
}

bool join_tokens_allow(struct join_tokens *t, struct str token)
{
    tokens_refresh(t);
    if (token.n == 0 || token.n > JOIN_TOKEN_MAX) return false;
    bool allowed = false;
    struct str rest = {t->text.data, t->text.len}, line;
    while (rest.p && str_split(&rest, '\n', &line)) {
        line = line_trim(line);
        if (line.n != token.n || line.p[0] == '#') continue;
        if (sodium_memcmp(line.p, token.p, token.n) == 0) allowed = true;
    }
    return allowed;
}

void join_tokens_close(struct join_tokens *t)
{
    if (!t) return;
    mem_free(t->file);
    buf_free(&t->text);
    mem_free(t);
}
