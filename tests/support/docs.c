#include "tests/support/docs.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/macros.h"
#include "tests/support/pagetide.h"
#include "tests/support/suite.h"

struct str docs_block_after(const char *path, const char *marker)
{
    struct str text = str_from(pagetide_read(path));
    ptrdiff_t at = str_find(text, str_from(marker));
    ck_assert_msg(at >= 0, "%s has no \"%s\"", path, marker);
    struct str rest = str_slice(text, (size_t)at, text.len), fence;
    ptrdiff_t begin = str_find(rest, STR("\n```"));
    ck_assert_msg(begin >= 0, "%s: no block after \"%s\"", path, marker);
    rest = str_split(str_slice(rest, (size_t)begin + 1, rest.len), '\n', &fence);
    ptrdiff_t end = str_starts(rest, STR("```")) ? 0 : str_find(rest, STR("\n```")) + 1;
    ck_assert_msg(str_starts(str_slice(rest, (size_t)end, rest.len), STR("```")),
                  "%s: the block after \"%s\" is not closed", path, marker);
    return str_slice(rest, 0, (size_t)end);
}

struct str docs_next_block(struct str doc, const char *kind, size_t *at)
{
    struct str mark = str_from(pagetide_text("\n```%s\n", kind));
    ptrdiff_t from = str_find(str_slice(doc, *at, doc.len), mark);
    if (from < 0)
        return STR_NONE;
    size_t start = *at + (size_t)from + mark.len;
    ptrdiff_t len = str_find(str_slice(doc, start, doc.len), STR("\n```\n"));
    ck_assert_msg(len >= 0, "a block of %s has no end", kind);
    *at = start + (size_t)len;
    return str_slice(doc, start, *at + 1);
}

const char *docs_replaced(struct str text, const char *old, const char *new)
{
    AUTO_BUF(out, MIB(1));
    struct str from = str_from(old);
    for (ptrdiff_t at; (at = str_find(text, from)) >= 0;) {
        buf_printf(&out, "%.*s%s", (int)at, text.ptr, new);
        text = str_slice(text, (size_t)at + from.len, text.len);
    }
    buf_put(&out, text);
    return pagetide_text("%.*s", STR_ARG(buf_str(&out)));
}

const char *docs_output_of(const char *command)
{
    AUTO_BUF(out, MIB(1));
    char line[8192];
    FILE *pipe = popen(command, "r");
    ck_assert_ptr_nonnull(pipe);
    while (fgets(line, sizeof line, pipe)) {
        size_t end = strcspn(line, "\n");
        while (end && line[end - 1] == ' ')
            end--;
        buf_printf(&out, "%.*s\n", (int)end, line);
    }
    ck_assert_msg(pclose(pipe) == 0, "%s: failed\n%.*s", command, STR_ARG(buf_str(&out)));
    return pagetide_text("%.*s", STR_ARG(buf_str(&out)));
}
