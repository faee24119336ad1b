#include "tests/support/table.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"

_Noreturn void table_die(const char *path, int line, const char *what, struct str name)
{
    fprintf(stderr, "%s:%d: %s: %.*s\n", path, line, what, STR_ARG(name));
    exit(EXIT_FAILURE);
}

struct str table_text(struct arena *arena, const char *path)
{
    AUTO_BUF(text, MIB(1));
    struct err err = ERR_INIT;
    if (!file_read(path, &text, &err))
        table_die(path, 0, "run at the project's root", str_from(err.text));
    return arena_str(arena, buf_str(&text));
}
