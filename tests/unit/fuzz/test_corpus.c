#include <dirent.h>

#include "base/buf.h"
#include "base/mem.h"
#include "config/read_file.h"
#include "tests/fuzz/targets.h"
#include "tests/support/suite.h"

/*
 * The corpus that `make fuzz` keeps, and what it once found, with every `make test`: a broken
 * promise aborts, and the last name on stderr is the input's.
 */
static void replay_file(const char *path, void (*target)(struct str text))
{
    AUTO_BUF(buf, MIB(4));
    struct err err = ERR_INIT;
    ck_assert_ok(read_file(path, &buf, &err), err);
    char *exact = mem_dup(buf.ptr ? buf.ptr : "", buf.len);
    target((struct str){exact, buf.len});
    mem_free(exact);
}

static void replay(const char *name, void (*target)(struct str text))
{
    AUTO_ARENA struct arena *arena = arena_new();
    const char *folder = arena_printf(arena, "tests/fuzz/corpus/%s", name).ptr;
    DIR *dir = opendir(folder);
    ck_assert_msg(dir != NULL, "%s: run at the project's root", folder);
    size_t count = 0;
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (entry->d_name[0] == '.')
            continue;
        struct str path = arena_printf(arena, "%s/%s", folder, entry->d_name);
        fprintf(stderr, "%s\n", path.ptr);
        replay_file(path.ptr, target);
        count++;
    }
    closedir(dir);
    ck_assert_uint_gt(count, 0);
}

#define REPLAY(name)                                                                           \
    START_TEST(name)                                                                           \
    {                                                                                          \
        replay(#name, fuzz_##name);                                                            \
    }                                                                                          \
    END_TEST
FUZZ_TARGETS(REPLAY)

SUITE("fuzz/corpus", records, expressions, paths, links, times, cron, definitions, messages,
      checkpoints)
