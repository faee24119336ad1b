#include "tests/support/json_cases.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "tests/support/suite.h"

/* What stands between < and >: a repetition or hexadecimal bytes. */
static void put_marked(struct buf *buf, struct str mark)
{
    if (mark.len > 2 && mark.ptr[1] == '*') {
        int64_t times = 0;
        ck_assert(str_to_int64(str_slice(mark, 2, mark.len), &times));
        while (times-- > 0)
            buf_put_byte(buf, mark.ptr[0]);
        return;
    }
    for (size_t i = 0; i < mark.len; i += 3) {
        char hex[3] = {mark.ptr[i], mark.ptr[i + 1], '\0'};
        buf_put_byte(buf, (char)strtoul(hex, NULL, 16));
    }
}

struct str json_case_text(struct str notation)
{
    AUTO_BUF(buf, MIB(1));
    while (notation.len) {
        struct str plain, mark;
        struct str rest = str_cut(notation, '<', &plain);
        buf_put(&buf, plain);
        if (!rest.ptr)
            break;
        notation = str_cut(rest, '>', &mark);
        put_marked(&buf, mark);
    }
    return (struct str){mem_dup(buf.ptr ? buf.ptr : "", buf.len), buf.len};
}

struct json_cases json_cases_read(struct arena *arena)
{
    FILE *file = fopen("tests/tables/json.txt", "r");
    ck_assert_msg(file, "run at the project's root");
    struct json_cases all = {0};
    size_t capacity = 0, size = 0;
    char *line = NULL;
    ssize_t len;
    for (int number = 1; (len = getline(&line, &size, file)) >= 0; number++) {
        struct str text = {line, (size_t)len - (len && line[len - 1] == '\n')};
        if (text.len < 2 || text.ptr[0] == '#')
            continue;
        ARENA_GROW(arena, all.cases, all.count, capacity);
        all.cases[all.count++] = (struct json_case){
            text.ptr[0], number, json_case_text(str_slice(text, 2, text.len))};
    }
    free(line);
    fclose(file);
    return all;
}

void json_cases_done(struct json_cases *cases)
{
    for (size_t i = 0; i < cases->count; i++)
        free((void *)(uintptr_t)cases->cases[i].text.ptr);
}
