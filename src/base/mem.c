#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void *mem_require(void *memory)
{
    if (!memory) {
        fputs("logship: out of memory\n", stderr);
        abort();
    }
    return memory;
}

void *mem_alloc(size_t size)
{
    return mem_require(malloc(size ? size : 1));
}

void *mem_zalloc(size_t size)
{
    return mem_require(calloc(1, size ? size : 1));
}

void *mem_resize(void *old, size_t size)
{
    return mem_require(realloc(old, size ? size : 1));
}

void *mem_copy(const void *from, size_t size)
{
    void *copy = mem_alloc(size);
    if (size) memcpy(copy, from, size);
    return copy;
}

char *mem_strdup(const char *text)
{
    return mem_require(strdup(text));
}

char *mem_strndup(const char *text, size_t n)
{
    char *copy = mem_alloc(n + 1);
    if (n) memcpy(copy, text, n);
    copy[n] = '\0';
    return copy;
}

char *mem_printf(const char *format, ...)
{
    char *text = NULL;
    va_list args;
    va_start(args, format);
    int n = vasprintf(&text, format, args);
    va_end(args);
    return mem_require(n < 0 ? NULL : text);
}
