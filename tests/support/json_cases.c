#include "tests/support/json_cases.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "tests/support/lines.h"
#include "tests/support/table.h"

/* What is between < and >: a repetition or hexadecimal bytes. */
static void put_marked(struct buf *buf, struct str mark)
{
    if (mark.len > 2 && mark.ptr[1] == '*') {
        int64_t times = 0;
        if (!str_to_int64(str_slice(mark, 2, mark.len), &times))
            table_die("json.txt", 0, "no number", mark);
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
        struct str rest = str_split(notation, '<', &plain);
        buf_put(&buf, plain);
        if (!rest.ptr)
            break;
        notation = str_split(rest, '>', &mark);
        put_marked(&buf, mark);
    }
    return (struct str){mem_dup(buf.ptr ? buf.ptr : "", buf.len), buf.len};
}

struct json_cases json_cases_read(struct arena *arena)
{
    static const char *const verdicts[] = {"taken", "refused", "either"};
    struct line_cases lines = lines_read(arena, "tests/tables/json.txt");
    struct json_cases all = {ARENA_ARRAY(arena, struct json_case, lines.count), lines.count};
    for (size_t i = 0; i < lines.count; i++) {
        const struct line_case *line = &lines.items[i];
        size_t verdict = 0;
        while (verdict < COUNT_OF(verdicts) && !str_is(line->expected, verdicts[verdict]))
            verdict++;
        if (verdict == COUNT_OF(verdicts))
            table_die(line->path, line->number, "no such verdict", line->expected);
        all.cases[i] = (struct json_case){verdict, line->number, json_case_text(line->input)};
    }
    return all;
}

void json_cases_done(struct json_cases *cases)
{
    for (size_t i = 0; i < cases->count; i++)
        free((void *)(uintptr_t)cases->cases[i].text.ptr);
}
