/* Errors: one idiom for the whole tree.
 *
 * A function that can fail returns int: 0 is success, negative is one of these codes; it fills
 * `struct error *err` (may be NULL) when the caller will want a sentence. Context is added while
 * the error rises (error_wrap), so that a person reads "segment 00000012: record 88123: checksum
 * mismatch" and not an errno. Out-parameters are not touched on failure. */
#ifndef LOGSHIP_BASE_ERROR_H
#define LOGSHIP_BASE_ERROR_H

#define ERROR_CODES(X)                                                                             \
    X(E_INVALID, -1, "invalid input")                                                              \
    X(E_NOTFOUND, -2, "not found")                                                                 \
    X(E_EXISTS, -3, "already exists")                                                              \
    X(E_CONFLICT, -4, "conflict")                                                                  \
    X(E_CORRUPT, -5, "data is damaged")                                                            \
    X(E_IO, -6, "input/output error")                                                              \
    X(E_FULL, -7, "no space left")                                                                 \
    X(E_TIMEOUT, -8, "timed out")                                                                  \
    X(E_BUSY, -9, "busy, try again")                                                               \
    X(E_TOOBIG, -10, "too large")                                                                  \
    X(E_DENIED, -11, "not allowed")                                                                \
    X(E_NOTLEADER, -12, "not the leader")                                                          \
    X(E_UNKNOWN, -13, "outcome unknown")                                                           \
    X(E_CLOSED, -14, "closed")                                                                     \
    X(E_LOCKED, -15, "in use by another process")                                                  \
    X(E_GONE, -16, "no longer available")                                                          \
    X(E_UNSUPPORTED, -17, "not supported")

enum {
#define X(name, value, text) name = value,
    ERROR_CODES(X)
#undef X
};

struct error {
    int code;
    char text[400];
};

/* Both return the code, so that `return error_set(err, E_INVALID, "...")` reads in one line. */
int error_set(struct error *err, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Puts "context: " in front of the text that err already bears. */
int error_wrap(struct error *err, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
const char *error_name(int code); /* "data is damaged" */

/* The result is visibly the code, for compilers and analysers that cannot see into the functions.
 */
static inline int error_same(int code, int filled)
{
    (void)filled;
    return code;
}
#define error_set(err, code, ...)  error_same((code), (error_set)((err), (code), __VA_ARGS__))
#define error_wrap(err, code, ...) error_same((code), (error_wrap)((err), (code), __VA_ARGS__))

#endif
