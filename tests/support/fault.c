#include "tests/support/fault.h"

#include <stdarg.h>
#include <stdio.h>

#include "tests/support/truth.h"

void fault_note(const char *numbers, const char *words, int64_t again, const char *fmt, ...)
{
    va_list args;
    printf("fault\t%s\t%s\t", numbers, words);
    va_start(args, fmt);
    vprintf(fmt, args);
    va_end(args);
    if (truth_checks)
        printf("\t%lld\t%lld", (long long)truth_lost, (long long)truth_doubled);
    else
        printf("\t-\t-");
    if (again >= 0)
        printf("\t%lld\n", (long long)again);
    else
        printf("\t-\n");
}
