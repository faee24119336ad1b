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

/* Two levels, so that an argument such as __LINE__ is expanded before it is pasted. */
#define PASTE(a, b)  PASTE_(a, b)
#define PASTE_(a, b) a##b

/* Moves a pointer out: yields its value and sets it to NULL. */
#define TAKE(ptr) TAKE_INTO(ptr, PASTE(take_, __LINE__))
#define TAKE_INTO(ptr, name)                                                                   \
    ({                                                                                         \
        __typeof__(ptr) name = (ptr);                                                          \
        (ptr) = NULL;                                                                          \
        name;                                                                                  \
    })

#define KIB(n)     ((size_t)(n) << 10)
#define MIB(n)     ((size_t)(n) << 20)
#define SECONDS(n) ((int64_t)(n)*1000)

#endif
