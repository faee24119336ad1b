/*
 * The libFuzzer program. It fuzzes the target that it is called after: build/fuzz/fuzz_records
 * is a link to it.
 */
#include <unistd.h>

#include "base/mem.h"
#include "tests/fuzz/targets.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
const char *__lsan_default_suppressions(void); // NOLINT(bugprone-reserved-identifier)

/* libfyaml 0.7 loses 4 KiB where it gives up within a long quoted scalar. */
const char *__lsan_default_suppressions(void) // NOLINT(bugprone-reserved-identifier)
{
    return "leak:libfyaml.so\n";
}

static void (*target)(struct str text);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    static const struct {
        const char *name;
        void (*run)(struct str text);
    } targets[] = {
#define ROW(name) {#name, fuzz_##name},
        FUZZ_TARGETS(ROW)};
    (void)argc;
    struct str name = str_from((*argv)[0]);
    for (size_t i = 0; i < COUNT_OF(targets); i++)
        if (str_ends(name, str_from(targets[i].name)))
            target = targets[i].run;
    if (!target) {
        fprintf(stderr, "%s: call it fuzz_TARGET\n", (*argv)[0]);
        exit(2);
    }
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    target((struct str){(const char *)bytes, size});
    return 0;
}
