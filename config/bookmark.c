#include "config/bookmark.h"

#include <assert.h>

#include "base/date.h"
#include "base/date_text.h"
#include "config/columns.h"
#include "config/node.h"

static const struct choice bookmark_types[] = {
    CHOICE("guess", BOOKMARK_GUESS), CHOICE("number", BOOKMARK_NUMBER),
    CHOICE("time", BOOKMARK_TIME),   CHOICE("text", BOOKMARK_TEXT),
    CHOICE("token", BOOKMARK_TOKEN), CHOICE_END,
};

static void read_forms(struct reader *reader, const struct key *key,
                       const struct yaml_node *node, void *target)
{
    struct bookmark *bookmark = target;
    (void)key;
    columns_read_forms(reader, node, &bookmark->from, &bookmark->from_count);
}

#define B(member) AT(struct bookmark, member)
static const struct key bookmark_list[] = {
    {.name = "path", .type = KEY_PATH, B(path), .help = "where the value is in a record"},
    {.name = "from_response",
     .type = KEY_LOCATOR,
     B(from_response),
     .help = "instead of path: where the last answer of a run has a token, which the next run "
             "begins with"},
    {.name = "start", .type = KEY_TEXT, B(start), .help = "what counts before the first run"},
    {.name = "lookback",
     .type = KEY_DURATION,
     B(lookback_ms),
     .fallback = "0",
     .help = "how far before the value a run begins"},
    {.name = "type",
     .type = KEY_CHOICE,
     B(type),
     .choices = bookmark_types,
     .fallback = "guess",
     .help = "how values are compared; guess takes numbers and times, and no other text; "
             "token, which from_response has, takes the newest"},
    {.name = "from",
     .type = KEY_CUSTOM,
     .read = read_forms,
     .help = "how times are written by the API, as a column's from: epoch_s, epoch_ms, "
             "epoch_us, rfc2822, dotnet, iso, a pattern of strptime, or a list of them"},
    KEY_END,
};

const struct keys bookmark_keys = {bookmark_list, sizeof(struct bookmark)};

/* --- times in the API's form --- */

bool bookmark_form_read(const struct column_from *form, struct str text, int64_t *ret_us)
{
    switch (form->kind) {
    case FROM_ISO:
        return date_parse_iso(text, ret_us);
    case FROM_EPOCH_S:
        return date_parse_epoch(text, 0, ret_us);
    case FROM_EPOCH_MS:
        return date_parse_epoch(text, 3, ret_us);
    case FROM_EPOCH_US:
        return date_parse_epoch(text, 6, ret_us);
    case FROM_RFC2822:
        return date_parse_rfc2822(text, ret_us);
    case FROM_DOTNET:
        return date_parse_dotnet(text, ret_us);
    case FROM_PATTERN:
        return date_parse_pattern(text, form->text, ret_us);
    case FROM_BASE64:
    case FROM_DECIMAL_COMMA:
    case FROM_YES_NO:
        break;
    }
    return false;
}

bool bookmark_read_time(const struct bookmark *bookmark, struct str text, int64_t *ret_us)
{
    for (size_t i = 0; i < bookmark->from_count; i++)
        if (bookmark_form_read(&bookmark->from[i], text, ret_us))
            return true;
    return !bookmark->from_count && date_parse_iso(text, ret_us);
}

/* In units of 10^-digits seconds, with as much of a fraction as there is. */
static void put_epoch(struct buf *buf, int64_t us, int digits)
{
    static const int64_t units[] = {[0] = 1000000, [3] = 1000, [6] = 1};
    int64_t unit = units[digits], whole = us / unit, rest = us % unit;
    if (rest < 0) {
        whole -= 1;
        rest += unit;
    }
    buf_printf(buf, "%lld", (long long)whole);
    if (!rest)
        return;
    char fraction[16];
    int len = snprintf(fraction, sizeof fraction, "%0*lld", 6 - digits, (long long)rest);
    while (len > 0 && fraction[len - 1] == '0')
        len--;
    buf_printf(buf, ".%.*s", len, fraction);
}

void bookmark_write_time(struct buf *buf, const struct bookmark *bookmark, int64_t us)
{
    assert(bookmark->from_count);
    const struct column_from *form = &bookmark->from[0];
    switch (form->kind) {
    case FROM_EPOCH_S:
        put_epoch(buf, us, 0);
        return;
    case FROM_EPOCH_MS:
        put_epoch(buf, us, 3);
        return;
    case FROM_EPOCH_US:
        put_epoch(buf, us, 6);
        return;
    case FROM_DOTNET:
        buf_puts(buf, "/Date(");
        put_epoch(buf, us - us % 1000, 3);
        buf_puts(buf, ")/");
        return;
    case FROM_RFC2822:
        date_format_pattern(buf, us, STR("%a, %d %b %Y %H:%M:%S %z"));
        return;
    case FROM_PATTERN:
        date_format_pattern(buf, us, form->text);
        return;
    default:
        date_format_rfc3339(buf, us);
    }
}

/* --- what no single key can know --- */

static void check_forms(struct reader *reader, const struct yaml_node *node,
                        const struct bookmark *bookmark)
{
    for (size_t i = 0; i < bookmark->from_count; i++) {
        enum from_kind kind = bookmark->from[i].kind;
        if (kind == FROM_BASE64 || kind == FROM_DECIMAL_COMMA || kind == FROM_YES_NO)
            problem_add(reader->problems, node_at(node, "from"),
                        "\"%.*s\" is no form of a time", STR_ARG(bookmark->from[i].text));
    }
    if (bookmark->from_count &&
        (bookmark->type == BOOKMARK_NUMBER || bookmark->type == BOOKMARK_TEXT))
        problem_add(reader->problems, node_at(node, "type"),
                    "must be time beside \"from\", which says how times are written");
}

/* What a run would begin with must be of the kind that its values are compared as. */
static void check_start(struct reader *reader, const struct yaml_node *node,
                        const struct bookmark *bookmark)
{
    struct err ignored = ERR_INIT;
    struct value number;
    int64_t us;
    bool is_number =
        value_parse(reader->arena, bookmark->start, VALUE_WHOLE, &number, &ignored) &&
        number.kind == VALUE_NUMBER;
    bool is_time = date_parse_iso(bookmark->start, &us) ||
                   (bookmark->from_count && bookmark_read_time(bookmark, bookmark->start, &us));
    bool wants_time = bookmark->type == BOOKMARK_TIME || bookmark->from_count;
    if (wants_time && !is_time)
        problem_add(reader->problems, node_at(node, "start"),
                    "\"%.*s\" is not a time (RFC 3339, or a date%s)", STR_ARG(bookmark->start),
                    bookmark->from_count ? ", or as `from` says" : "");
    if (bookmark->type == BOOKMARK_NUMBER && !is_number)
        problem_add(reader->problems, node_at(node, "start"), "\"%.*s\" is not a number",
                    STR_ARG(bookmark->start));
    if (bookmark->type == BOOKMARK_GUESS && !wants_time && !is_time && !is_number)
        problem_add(reader->problems, node_at(node, "start"),
                    "\"%.*s\" is neither a number nor a time: say type: text if values are "
                    "ordered as text",
                    STR_ARG(bookmark->start));
}

/* A token says itself where it leads: nothing of it is compared, or counted back from. */
static void check_token(struct reader *reader, const struct yaml_node *node,
                        const struct bookmark *bookmark)
{
    bool has_path = bookmark->path.source.ptr != NULL;
    bool has_token = bookmark->from_response.kind != LOCATOR_NONE;
    if (!has_path && !has_token)
        problem_add(reader->problems, node, "needs \"path\" or \"from_response\"");
    if (has_path && yaml_find(node, "from_response"))
        problem_add_key(reader->problems, node_at(node, "from_response"),
                        "stands beside \"path\": one of them is enough");
    else if (has_token != (bookmark->type == BOOKMARK_TOKEN))
        problem_add(reader->problems, node_at(node, "type"),
                    "\"token\" and \"from_response\" go together");
    if (has_token && (bookmark->lookback_ms || bookmark->from_count))
        problem_add(reader->problems,
                    node_at(node, bookmark->lookback_ms ? "lookback" : "from"),
                    "does not go with \"from_response\": a token is sent as it came");
}

void bookmark_check(struct reader *reader, const struct yaml_node *map,
                    struct bookmark *bookmark)
{
    const struct yaml_node *node = node_at(map, "bookmark");
    if (node == map || node->kind != YAML_MAP)
        return;
    bookmark->is_set = true;
    if (bookmark->path.has_wildcard)
        problem_add(reader->problems, node,
                    "the path \"%.*s\" has a wildcard, but one value is wanted",
                    STR_ARG(bookmark->path.source));
    if (bookmark->lookback_ms && bookmark->type == BOOKMARK_TEXT)
        problem_add(reader->problems, node_at(node, "lookback"),
                    "needs numbers or times, not type: text");
    check_token(reader, node, bookmark);
    check_forms(reader, node, bookmark);
    if (bookmark->start.len && bookmark->type != BOOKMARK_TOKEN)
        check_start(reader, node, bookmark);
}
