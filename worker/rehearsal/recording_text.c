#include "worker/rehearsal/recording_text.h"

#include "base/ascii.h"
#include "base/date.h"
#include "port/digest.h"
#include "port/yaml.h"

/* --- texts --- */

/* YAML reads these as line ends, or not at all; JSON leaves them as they are. */
static bool is_awkward(uint32_t code)
{
    return (code >= 0x7F && code < 0xA0) || code == 0x2028 || code == 0x2029 ||
           code == 0xFEFF || code == 0xFFFE || code == 0xFFFF;
}

/* JSON, or a part of it, as YAML reads it the same: what is awkward stands in strings alone. */
static void put_json(struct buf *text, struct str json)
{
    for (size_t at = 0; at < json.len;) {
        struct str rest = str_slice(json, at, json.len);
        size_t len = MAX(str_utf8_length(rest), 1);
        struct str character = str_slice(rest, 0, len);
        uint32_t code = len > 1 ? str_utf8_code(character) : (unsigned char)rest.ptr[0];
        if (is_awkward(code))
            buf_printf(text, "\\u%04x", (unsigned)code);
        else
            buf_put(text, character);
        at += len;
    }
}

static void put_value(struct buf *text, struct value value)
{
    AUTO_BUF(json, YAML_TEXT_MAX_BYTES);
    value_format(&json, value);
    text->has_overflowed |= json.has_overflowed;
    put_json(text, buf_str(&json));
}

/* Words that YAML would read as something else than a text. */
static bool is_plain(struct str what)
{
    static const char *const words[] = {"null", "true", "false", "yes", "no", "on", "off"};
    if (!what.len || !ascii_is_letter(what.ptr[0]) || what.ptr[what.len - 1] == ':')
        return false;
    for (size_t i = 0; i < what.len; i++) {
        bool is_mark = what.ptr[i] && strchr("_-./:?=&%+~<>", what.ptr[i]);
        bool is_blank = what.ptr[i] == ' ' && what.ptr[i - 1] != ':' && i + 1 < what.len;
        if (!ascii_is_letter(what.ptr[i]) && !ascii_is_digit(what.ptr[i]) && !is_blank &&
            !is_mark)
            return false;
    }
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (str_eq_nocase(what, str_from(words[i])))
            return false;
    return true;
}

static void put_word(struct buf *text, struct str what)
{
    if (is_plain(what))
        buf_put(text, what);
    else
        put_value(text, value_string(what));
}

/* Does a line hold blanks alone? Readers do not agree on what they are. */
static bool has_blank_line(struct str what)
{
    struct str line, rest = what;
    while (rest.len) {
        rest = str_split(rest, '\n', &line);
        if (line.len && !str_trim(line).len)
            return true;
    }
    return false;
}

/* Lines that a block can hold as they are. */
static bool is_block(struct str what)
{
    if (!what.len || !str_is_utf8(what) || str_ends(what, STR("\n\n")) || str_is(what, "\n") ||
        has_blank_line(what))
        return false;
    for (size_t at = 0; at < what.len;) {
        struct str rest = str_slice(what, at, what.len);
        size_t len = str_utf8_length(rest);
        uint32_t code = str_utf8_code(str_slice(rest, 0, len));
        if ((code < ' ' && code != '\n' && code != '\t') || is_awkward(code))
            return false;
        at += len;
    }
    return true;
}

/* With the indentation said, lines may begin with blanks. */
static void put_block(struct buf *text, int indent, struct str what)
{
    bool has_end = str_ends(what, STR("\n"));
    struct str line, rest = has_end ? str_slice(what, 0, what.len - 1) : what;
    buf_printf(text, "|2%s\n", has_end ? "" : "-");
    do {
        rest = str_split(rest, '\n', &line);
        if (line.len)
            buf_printf(text, "%*s", indent + 2, "");
        buf_put(text, line);
        buf_put_byte(text, '\n');
    } while (rest.ptr);
}

static void put_key(struct buf *text, int indent, const char *key)
{
    buf_printf(text, "%*s%s:", indent, "", key);
}

static void put_text(struct buf *text, int indent, const char *key, struct str what)
{
    put_key(text, indent, key);
    buf_put_byte(text, ' ');
    put_word(text, what);
    buf_put_byte(text, '\n');
}

static void put_body(struct buf *text, int indent, struct str body)
{
    AUTO_ARENA struct arena *arena = arena_new();
    if (!str_is_utf8(body)) {
        put_text(text, indent, "body_base64", digest_base64(arena, body));
        return;
    }
    if (!is_block(body)) {
        put_text(text, indent, "body", body);
        return;
    }
    put_key(text, indent, "body");
    buf_put_byte(text, ' ');
    put_block(text, indent, body);
}

/* --- exchanges --- */

/* Those of one name stand together: a list, where they are several. */
static void put_header(struct buf *text, const struct http_header *headers, size_t count,
                       size_t at)
{
    size_t same = 0;
    for (size_t i = 0; i < count; i++)
        same += str_eq_nocase(headers[i].name, headers[at].name);
    for (size_t i = 0; i < at; i++)
        if (str_eq_nocase(headers[i].name, headers[at].name))
            return;
    buf_printf(text, "%*s", 8, "");
    put_word(text, headers[at].name);
    buf_puts(text, ": ");
    if (same > 1)
        buf_put_byte(text, '[');
    for (size_t i = at; i < count; i++) {
        if (!str_eq_nocase(headers[i].name, headers[at].name))
            continue;
        if (i > at)
            buf_puts(text, ", ");
        put_word(text, headers[i].value);
    }
    if (same > 1)
        buf_put_byte(text, ']');
    buf_put_byte(text, '\n');
}

static void put_headers(struct buf *text, const struct http_header *headers, size_t count)
{
    if (!count)
        return;
    put_key(text, 6, "headers");
    buf_put_byte(text, '\n');
    for (size_t i = 0; i < count; i++)
        put_header(text, headers, count, i);
}

static void put_exchange(struct buf *text, const struct exchange *exchange)
{
    buf_puts(text, "  - request:\n");
    put_text(text, 6, "method", exchange->method);
    put_text(text, 6, "url", exchange->url);
    put_headers(text, exchange->headers, exchange->header_count);
    if (exchange->has_body)
        put_body(text, 6, exchange->body);
    buf_printf(text, "    answer:\n      after_ms: %lld\n", (long long)exchange->after_ms);
    if (exchange->failed) {
        put_text(text, 6, "failed", str_from(recording_failure(exchange->failed)));
        buf_printf(text, "      code: %d\n", exchange->code);
        put_text(text, 6, "error", exchange->error);
        return;
    }
    buf_printf(text, "      status: %d\n", exchange->status);
    if (!exchange->is_end_told)
        buf_puts(text, "      end_told: false\n");
    put_headers(text, exchange->answer_headers, exchange->answer_header_count);
    if (exchange->answer_body.len)
        put_body(text, 6, exchange->answer_body);
}

void recording_put(struct buf *text, const struct recording *recording)
{
    put_text(text, 0, "stream", recording->stream);
    buf_printf(text, "pages: %d\nat: ", recording->pages);
    date_format_rfc3339(text, recording->at_ms * 1000);
    buf_put_byte(text, '\n');
    if (recording->partition.kind != VALUE_UNDEFINED) {
        buf_puts(text, "partition: ");
        put_value(text, recording->partition);
        buf_put_byte(text, '\n');
    }
    if (recording->values.kind != VALUE_UNDEFINED) {
        buf_puts(text, "values: ");
        put_value(text, recording->values);
        buf_put_byte(text, '\n');
    }
    buf_put(text, str_from(recording->count ? "exchanges:\n" : "exchanges: []\n"));
    for (size_t i = 0; i < recording->count; i++)
        put_exchange(text, &recording->exchanges[i]);
}

/* --- what is expected --- */

static void put_scalar(struct buf *text, struct value value)
{
    if (value.kind == VALUE_STRING)
        put_word(text, value.text);
    else
        put_value(text, value);
}

static void put_items(struct buf *text, const char *key, struct value list)
{
    if (list.kind != VALUE_LIST)
        return;
    put_key(text, 6, key);
    buf_put(text, str_from(list.list->count ? "\n" : " []\n"));
    for (size_t i = 0; i < list.list->count; i++) {
        buf_puts(text, "        - ");
        put_value(text, list.list->items[i]);
        buf_put_byte(text, '\n');
    }
}

/* The key of a map whose members follow on lines of their own; how many they are. */
static size_t open_map(struct buf *text, int indent, const char *key, struct value map)
{
    size_t count = map.kind == VALUE_MAP ? map.map->count : 0;
    put_key(text, indent, key);
    buf_put(text, str_from(count ? "\n" : " {}\n"));
    return count;
}

static void put_member(struct buf *text, int indent, struct str key)
{
    buf_printf(text, "%*s", indent, "");
    put_word(text, key);
    buf_put_byte(text, ':');
}

static void put_columns(struct buf *text, struct value columns)
{
    size_t count = open_map(text, 6, "columns", columns);
    for (size_t i = 0; i < count; i++) {
        put_member(text, 8, columns.map->members[i].key);
        buf_put_byte(text, ' ');
        put_scalar(text, columns.map->members[i].value);
        buf_put_byte(text, '\n');
    }
}

static void put_tables(struct buf *text, struct value tables)
{
    size_t count = open_map(text, 2, "tables", tables);
    for (size_t i = 0; i < count; i++) {
        struct value table = tables.map->members[i].value;
        put_member(text, 4, tables.map->members[i].key);
        buf_put_byte(text, '\n');
        put_columns(text, value_get(table, STR("columns")));
        put_items(text, "rows", value_get(table, STR("rows")));
        put_items(text, "rejected", value_get(table, STR("rejected")));
    }
}

void recording_put_expect(struct buf *text, struct value outcome)
{
    buf_puts(text, "expect:\n");
    for (size_t i = 0; i < outcome.map->count; i++) {
        const struct value_member *member = &outcome.map->members[i];
        if (str_is(member->key, "tables")) {
            put_tables(text, member->value);
            continue;
        }
        buf_printf(text, "  %.*s: ", STR_ARG(member->key));
        put_scalar(text, member->value);
        buf_put_byte(text, '\n');
    }
}
