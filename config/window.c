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

static const struct unit {
    const char *short_word, *word; /* in the singular; NULL: there is none */
    int seconds, months;           /* one of the two; days and more are of the calendar */
} units[] = {
    {"", NULL, 1, 0},       {"s", "second", 1, 0},  {"m", "minute", 60, 0},
    {"h", "hour", 3600, 0}, {"d", "day", 86400, 0}, {"w", "week", 604800, 0},
    {NULL, "month", 0, 1},  {NULL, "year", 0, 12},
};

static const struct unit *find_unit(struct str text)
{
    struct str singular = str_slice(text, 0, text.len - str_ends(text, STR("s")));
    for (size_t i = 0; i < COUNT_OF(units); i++)
        if ((units[i].short_word && str_is(text, units[i].short_word)) ||
            (units[i].word && str_is(singular, units[i].word)))
            return &units[i];
    return NULL;
}

/* NULL: it is no size. */
static const struct unit *parse_size(struct str text, int64_t *ret_number)
{
    enum { DIGITS_MAX = 6 };
    size_t digits = str_count_digits(text);
    int64_t number;
    if (digits > DIGITS_MAX || !str_to_int64(str_slice(text, 0, digits), &number) || !number)
        return NULL;
    *ret_number = number;
    while (digits < text.len && text.ptr[digits] == ' ')
        digits++;
    return find_unit(str_slice(text, digits, text.len));
}

bool window_is_size(struct str text)
{
    int64_t number;
    return parse_size(text, &number);
}

static int64_t add_months(int64_t us, int64_t months)
{
    enum { MONTHS = 12, YEAR_MAX = 9999 };
    struct date_civil at;
    date_civil_from_us(us, &at);
    months += at.month - 1;
    at.year = (int)MIN(at.year + months / MONTHS, (int64_t)YEAR_MAX);
    at.month = (int)(months % MONTHS) + 1;
    int64_t first = date_days_from_civil(at.year, at.month, 1);
    bool is_last = at.month == MONTHS;
    int64_t next = date_days_from_civil(at.year + is_last, is_last ? 1 : at.month + 1, 1);
    at.day = (int)MIN(at.day, next - first);
    return date_us_from_civil(&at);
}

enum { US_PER_S = 1000000 };

bool window_first_slice(const struct stream *stream, int64_t now_us, int64_t *ret_from_us,
                        int64_t *ret_to_us)
{
    const struct window *window = &stream->window;
    struct str begin = window->from.len ? window->from : stream->bookmark.start;
    int64_t from_us, to_us, number;
    const struct unit *unit = parse_size(window->size, &number);
    if (!unit || !date_parse_iso(begin, &from_us))
        return false;
    if (!date_parse_iso(window->to, &to_us))
        to_us = now_us - now_us % US_PER_S;
    int64_t edge = unit->months ? add_months(from_us, number * unit->months)
                                : from_us + number * unit->seconds * US_PER_S;
    *ret_from_us = from_us;
    *ret_to_us = MIN(edge, to_us);
    return *ret_from_us < *ret_to_us;
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
