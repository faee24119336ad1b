#ifndef BASE_MACROS_H
#define BASE_MACROS_H

#include <stddef.h>
#include <stdint.h>

#define MUST_CHECK        __attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))
#define NORETURN          __attribute__((noreturn))
#define CLEANUP(fn)       __attribute__((cleanup(fn)))

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define MIN(a, b)       ((a) < (b) ? (a) : (b))
#define MAX(a, b)       ((a) > (b) ? (a) : (b))

/* The struct that holds `member` at `ptr`. */
#define CONTAINER_OF(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

/* Hands a pointer over: yields it and leaves NULL behind. */
#define TAKE(ptr)                                                                              \
    ({                                                                                         \
        __typeof__(ptr) take_##__LINE__ = (ptr);                                               \
        (ptr) = NULL;                                                                          \
        take_##__LINE__;                                                                       \
    })

#define KIB(n)     ((size_t)(n) << 10)
#define MIB(n)     ((size_t)(n) << 20)
#define SECONDS(n) ((int64_t)(n)*1000)
#define HOURS(n)   ((int64_t)(n)*3600000)

#endif
