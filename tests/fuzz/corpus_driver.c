/* Runs a fuzz target once over every file of the corpus directories given: the fuzzers' corpora as
 * plain tests. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int corpus_run_file(const char *path)
{
    FILE *f = fopen(path, "re");
    if (!f) return 0;
    struct stat st;
    if (fstat(fileno(f), &st) != 0 || !S_ISREG(st.st_mode)) {
        (void)fclose(f);
        return 0;
    }
    size_t size = (size_t)st.st_size;
    uint8_t *data =
        malloc(size ? size : 1); /* exactly so long: a sanitizer sees every step beyond */
    if (data && fread(data, 1, size, f) == size) (void)LLVMFuzzerTestOneInput(data, size);
    free(data);
    (void)fclose(f);
    return 1;
}

int main(int argc, char **argv)
{
    int files = 0;
    for (int i = 1; i < argc; i++) {
        DIR *dir = opendir(argv[i]);
        struct dirent *entry;
        while (dir && (entry = readdir(dir))) {
            char path[4096];
            (void)snprintf(path, sizeof path, "%s/%s", argv[i], entry->d_name);
            files += corpus_run_file(path);
        }
        if (dir) (void)closedir(dir);
    }
    printf("%d inputs\n", files);
    return files ? EXIT_SUCCESS : EXIT_FAILURE;
}
