#include "worker/signs/link.h"

#include "tests/fuzz/targets.h"

/* The target is what stood between < and >. */
static void check_link(struct str field, struct str link)
{
    if (!link.ptr)
        return;
    FUZZ_CHECK(link.ptr > field.ptr && link.ptr + link.len < field.ptr + field.len, "%zu bytes",
               link.len);
    FUZZ_CHECK(link.ptr[-1] == '<' && link.ptr[link.len] == '>', "%.*s", STR_ARG(link));
    FUZZ_CHECK(str_find_byte(link, '>') < 0, "%.*s", STR_ARG(link));
}

static struct str find(struct str text, struct str rel)
{
    const struct link_wanted wanted = {rel, STR("https://h/r?page=1")};
    bool is_broken;
    return link_find(text, &wanted, &is_broken);
}

void fuzz_links(struct str text)
{
    check_link(text, find(text, STR("next")));
    check_link(text, find(text, STR("prev")));
    const struct http_header headers[] = {{STR("content-type"), STR("a/b")},
                                          {STR("link"), text}};
    const struct link_wanted wanted = {STR("next"), STR("https://h/r?page=1")};
    struct str broken;
    struct str link = link_find_in_answer(headers, COUNT_OF(headers), &wanted, &broken);
    FUZZ_CHECK(str_eq(link, find(text, STR("next"))), "%.*s", STR_ARG(link));
}
