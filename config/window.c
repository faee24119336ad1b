#include "config/window.h"

#include "base/date.h"
#include "config/node.h"

#define W(member) AT(struct window, member)
static const struct key window_list[] = {
    {.name = "size",
     .type = KEY_TEXT,
     .flags = KEY_REQUIRED,
     W(size),
     .help = "of a slice: 6h, 7d, 2w, 1 month; days and longer are of the calendar"},
    {.name = "from",
     .type = KEY_TEXT,
     W(from),
     .help =
         "where the first run begins, and each full one: RFC 3339, or a date in `timezone`"},
    {.name = "to",
     .type = KEY_TEXT,
     W(to),
     .help = "where runs end; when they start if absent"},
    {.name = "cap",
     .type = KEY_TEXT,
     W(cap),
     .help = "how far one run goes at most, as a size"},
    KEY_END,
};

const struct keys window_keys = {window_list, sizeof(struct window)};

static bool is_unit(struct str text)
{
    static const char *const short_units[] = {"", "s", "m", "h", "d", "w"};
    static const char *const units[] = {"second", "minute", "hour", "day",
                                        "week",   "month",  "year"};
    for (size_t i = 0; i < COUNT_OF(short_units); i++)
        if (str_is(text, short_units[i]))
            return true;
    struct str singular = str_slice(text, 0, text.len - str_ends(text, STR("s")));
    for (size_t i = 0; i < COUNT_OF(units); i++)
        if (str_is(singular, units[i]))
            return true;
    return false;
}

bool window_is_size(struct str text)
{
    enum { DIGITS_MAX = 6 };
    size_t digits = str_count_digits(text);
    int64_t number;
    if (digits > DIGITS_MAX || !str_to_int64(str_slice(text, 0, digits), &number) || !number)
        return false;
    while (digits < text.len && text.ptr[digits] == ' ')
        digits++;
    return is_unit(str_slice(text, digits, text.len));
}

static void check_size(struct reader *reader, const struct yaml_node *node, struct str text)
{
    if (text.len && !window_is_size(text))
        problem_add(reader->problems, node,
                    "must be a size like 6h, 7d, 2w or 1 month, not \"%.*s\"", STR_ARG(text));
}

static void check_time(struct reader *reader, const struct yaml_node *node, struct str text)
{
    int64_t us;
    if (text.len && !date_parse_iso(text, &us))
        problem_add(reader->problems, node, "\"%.*s\" is neither RFC 3339 nor a date",
                    STR_ARG(text));
}

void window_check(struct reader *reader, const struct yaml_node *map,
                  const struct stream *stream)
{
    const struct window *window = &stream->window;
    const struct yaml_node *node = yaml_find(map, "window");
    if (!node || node->kind != YAML_MAP)
        return;
    check_size(reader, node_at(node, "size"), window->size);
    check_size(reader, node_at(node, "cap"), window->cap);
    check_time(reader, node_at(node, "from"), window->from);
    check_time(reader, node_at(node, "to"), window->to);
    if (!window->from.len && !stream->bookmark.start.len)
        problem_add(reader->problems, node, "needs \"from\": where the first run begins");
    if (stream->bookmark.is_set &&
        (stream->bookmark.type == BOOKMARK_NUMBER || stream->bookmark.type >= BOOKMARK_TEXT))
        problem_add(reader->problems, node,
                    "needs a bookmark of type time: it is the end of the "
                    "last window that is complete");
    if (!stream->uses_window)
        problem_add(reader->problems, node,
                    "no expression names window.start or window.end, so that each slice would "
                    "ask for the same: params: {since: \"{{ window.start }}\", until: \"{{ "
                    "window.end }}\"}");
}
