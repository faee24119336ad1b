#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

/*
 * PAGETIDE_TEST_FAIL_ALLOCATION=N: the N-th allocation of the process fails, whoever makes it,
 * the program or a library of it; with 0 none does, and the process says at its end how many
 * there were. A sanitizer has an allocator of its own, which this leaves alone.
 */
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

/* Those of glibc, below the names that are taken here. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *ptr, size_t size);

static const char *wanted;
static long failing;
static atomic_long made;

__attribute__((constructor)) static void begin(void)
{
    wanted = getenv("PAGETIDE_TEST_FAIL_ALLOCATION");
    failing = wanted ? strtol(wanted, NULL, 10) : 0;
}

__attribute__((destructor)) static void end(void)
{
    if (wanted && !failing)
        fprintf(stderr, "allocations %ld\n", (long)made);
}

static bool fails(void)
{
    if (!wanted || ++made != failing)
        return false;
    errno = ENOMEM;
    return true;
}

void *malloc(size_t size)
{
    return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return fails() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *ptr, size_t size)
{
    return size && fails() ? NULL : __libc_realloc(ptr, size);
}

#endif
