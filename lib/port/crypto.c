#include "port/crypto.h"

#include <openssl/crypto.h>

#include "base/mem.h"

static void *alloc(size_t size, const char *file, int line)
{
    (void)file, (void)line;
    return size ? mem_lib_malloc(size) : NULL;
}

static void *resize(void *ptr, size_t size, const char *file, int line)
{
    (void)file, (void)line;
    return mem_lib_realloc(ptr, size);
}

static void release(void *ptr, const char *file, int line)
{
    (void)file, (void)line;
    mem_free(ptr);
}

void crypto_init(void)
{
    CRYPTO_set_mem_functions(alloc, resize, release);
}
