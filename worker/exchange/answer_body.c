#include "worker/exchange/answer_body.h"

#include "base/redact.h"
#include "core/scan.h"
#include "core/value.h"

enum {
    REDACTED_BYTES = 8 * 1024,
    LOOKED_AT_BYTES = 64 * 1024, /* of an HTML page, for words of a login */
    MESSAGES_MAX = 3,
    ERROR_BYTES_MAX = 64 * 1024, /* a longer error is counted, not shown */
};

/* Secrets are replaced first: cut in the middle they would not be known again. */
void answer_preview(struct str body, char ret_text[ANSWER_PREVIEW_BYTES + 1])
{
    AUTO_ARENA struct arena *arena = arena_new();
    size_t len = 0;
    struct str text = redact_str(arena, str_slice(str_trim(body), 0, REDACTED_BYTES));
    for (size_t i = 0; i < text.len && len < ANSWER_PREVIEW_BYTES; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        bool space = c <= ' ' || c == 0x7F;
        if (space && len && ret_text[len - 1] == ' ')
            continue;
        ret_text[len++] = space ? ' ' : (char)c;
    }
    while (len && !str_is_utf8((struct str){ret_text, len}) &&
           ((unsigned char)ret_text[len - 1] & 0x80))
        len--;
    ret_text[len] = '\0';
    if (!str_is_utf8((struct str){ret_text, len}))
        for (size_t i = 0; i < len; i++)
            if ((unsigned char)ret_text[i] & 0x80)
                ret_text[i] = '?';
}

/* --- what it is, if not JSON --- */

static bool holds_word(struct str text, struct str word)
{
    for (size_t i = 0; i + word.len <= text.len; i++)
        if (str_eq_nocase(str_slice(text, i, i + word.len), word))
            return true;
    return false;
}

static bool is_login(struct str page)
{
    static const char *const words[] = {"login",   "log in", "log on",  "sign in",
                                        "sign-in", "signin", "password"};
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (holds_word(str_slice(page, 0, LOOKED_AT_BYTES), str_from(words[i])))
            return true;
    return false;
}

static bool is_html(struct str body, struct str type)
{
    struct str head = str_slice(body, 0, 256);
    return holds_word(head, STR("<html")) || holds_word(head, STR("<!doctype html")) ||
           holds_word(type, STR("html"));
}

bool answer_is_html(struct str body)
{
    return is_html(body, STR_NONE);
}

static const char *format_name(enum answer_format format)
{
    static const char *const names[] = {[ANSWER_JSON] = "JSON",
                                        [ANSWER_NDJSON] = "JSON, line by line,",
                                        [ANSWER_CSV] = "CSV",
                                        [ANSWER_XML] = "XML"};
    return names[format];
}

/* What is called HTML may be a lone number or word: then only an object, a list or null is
 * JSON. */
static bool begins_json(struct str body, struct str type)
{
    if (strchr("{[", body.ptr[0]) || str_is(body, "null"))
        return true;
    return strchr("\"-0123456789tfn", body.ptr[0]) && !holds_word(type, STR("html"));
}

/* A line that is no record is refused by itself; a page of another kind is none. */
static bool begins_well(struct str body, struct str type, enum answer_format format)
{
    switch (format) {
    case ANSWER_JSON:
        return begins_json(body, type);
    case ANSWER_NDJSON:
        return body.ptr[0] != '<';
    case ANSWER_CSV:
        return body.ptr[0] == '<'
                   ? !is_html(body, type) && !str_starts(body, STR("<?xml"))
                   : !strchr("{[", body.ptr[0]) || !holds_word(type, STR("json"));
    case ANSWER_XML:
        return body.ptr[0] == '<' && !is_html(body, STR_NONE);
    }
    return false;
}

static void put_kind(struct buf *buf, struct str body, struct str type,
                     enum answer_format format)
{
    const char *expected = format_name(format);
    if (body.ptr[0] != '<')
        buf_printf(buf, ", but the body is no %s", expected);
    else if (!is_html(body, type))
        buf_printf(buf, " with XML, where %s was expected", expected);
    else
        buf_printf(buf, " with an HTML page, %swhere %s was expected: %s",
                   is_login(body) ? "perhaps a login, " : "", expected,
                   is_login(body) ? "check `auth`" : "is base_url the API's?");
}

static bool refuse_empty(const struct http_answer *answer, const struct answer_form *form,
                         struct err *err)
{
    return form->format == ANSWER_NDJSON ||
           err_set(err, ERR_INPUT, "body", answer->status,
                   "status %d with an empty body, where %s was expected", answer->status,
                   format_name(form->format));
}

/* RFC 9110, section 14.4: `bytes 0-499/1234`. The last part may have been asked for. */
static bool check_range(const struct http_answer *answer, struct err *err)
{
    const struct http_header *header = http_header_find(answer, STR("content-range"));
    struct str part, first, range = header ? header->value : STR_NONE;
    int64_t all, to;
    if (answer->status != 206 || !str_starts(range, STR("bytes ")))
        return true;
    struct str total = str_split(range, '/', &part), last = str_split(part, '-', &first);
    if (!str_to_int64(total, &all) || !str_to_int64(last, &to) || to + 1 >= all)
        return true;
    return err_set(err, ERR_INPUT, "body", answer->status,
                   "status %d: the body is %.*s of what there is, and its end is missing",
                   answer->status, STR_ARG(str_slice(range, 0, ANSWER_PREVIEW_BYTES)));
}

/* Their grammar has no end: a body that was cut at the end of a line looks whole. */
static bool check_end(const struct http_answer *answer, const struct answer_form *form,
                      struct err *err)
{
    bool has_own_end = form->format == ANSWER_JSON || form->format == ANSWER_XML;
    if (has_own_end)
        return true;
    if (!check_range(answer, err))
        return false;
    if (answer->is_end_told || form->trusts_close)
        return true;
    return err_set(
        err, ERR_INPUT, "body", answer->status,
        "status %d: nothing tells where the body ends (no Content-Length, no chunks, "
        "no gzip), so it may have been cut; `trust_close: true` takes the end of the "
        "connection for it",
        answer->status);
}

/* RFC 4180, section 3: `text/csv; header=absent`. Its first record would be lost as names. */
static bool check_header(const struct http_answer *answer, const struct answer_form *form,
                         struct str type, struct err *err)
{
    const struct csv_form *csv = &form->csv;
    if (form->format != ANSWER_CSV || !csv->has_header || csv->name_count ||
        !holds_word(type, STR("header=absent")))
        return true;
    return err_set(
        err, ERR_INPUT, "body", answer->status,
        "status %d: the answer says that it has no header (Content-Type: "
        "…header=absent), so its first row has no names: `csv: {header: false, names: "
        "[…]}` names the fields (without header: false the first row is left out)",
        answer->status);
}

bool answer_body_check(const struct http_answer *answer, const struct answer_form *form,
                       struct err *err)
{
    AUTO_ARENA struct arena *arena = arena_new();
    char text[ANSWER_PREVIEW_BYTES + 1];
    AUTO_BUF(kind, KIB(1));
    const struct http_header *header = http_header_find(answer, STR("content-type"));
    struct str type = header ? header->value : STR("none");
    struct str body = str_trim(str_without_bom(answer->body));
    if (!check_end(answer, form, err))
        return false;
    if (body.len == 0)
        return refuse_empty(answer, form, err);
    if (begins_well(body, type, form->format))
        return check_header(answer, form, type, err);
    answer_preview(body, text);
    put_kind(&kind, body, type, form->format);
    return err_set(err, ERR_INPUT, "body", answer->status,
                   "status %d%.*s (Content-Type: %.*s): %s", answer->status,
                   STR_ARG(buf_str(&kind)), STR_ARG(redact_cut(arena, type, 100)), text);
}

/* --- errors beside data --- */

/* May a member of that name, whose value begins with `c`, be in an answer of GraphQL? */
static bool is_member_of_graphql(struct str name, int c)
{
    if (str_is(name, "data"))
        return c == '{' || c == 'n';
    return str_is(name, "errors") || str_is(name, "extensions");
}

/* The text of "errors"; empty where there is none, or the answer is another's. */
static struct str find_errors(struct arena *arena, struct str body, bool *ret_has_no_data)
{
    struct scan scan;
    struct str name, errors = STR_NONE;
    *ret_has_no_data = false;
    scan_init(&scan, arena, body);
    scan_space(&scan);
    if (scan_peek(&scan) != '{')
        return STR_NONE;
    for (bool more = scan_first(&scan, '}'); more; more = scan_more(&scan, '}')) {
        if (!scan_name(&scan, &name) || !is_member_of_graphql(name, scan_peek(&scan)))
            return STR_NONE;
        const char *from = scan.at;
        *ret_has_no_data |= str_is(name, "data") && *from == 'n';
        if (!scan_value(&scan, 1))
            return STR_NONE;
        if (str_is(name, "errors"))
            errors = (struct str){from, (size_t)(scan.at - from)};
    }
    return scan.problem ? STR_NONE : errors;
}

static bool read_message(struct arena *arena, struct str element, struct str *ret_message)
{
    struct value value;
    struct err ignored = ERR_INIT;
    if (element.len > ERROR_BYTES_MAX ||
        !value_parse(arena, element, VALUE_WHOLE, &value, &ignored))
        return false;
    value = value_get(value, STR("message"));
    *ret_message = value.text;
    return value.kind == VALUE_STRING;
}

/* How many elements the list has; puts the first messages, or `is_any` element as it is. */
static size_t read_errors(struct arena *arena, struct str errors, bool is_any,
                          struct buf *messages)
{
    struct scan scan;
    struct str message;
    size_t count = 0;
    scan_init(&scan, arena, errors);
    if (scan_peek(&scan) != '[')
        return 0;
    for (bool more = scan_first(&scan, ']'); more; more = scan_more(&scan, ']')) {
        const char *from = scan.at;
        if (!scan_value(&scan, 1))
            return count;
        struct str element = {from, (size_t)(scan.at - from)};
        bool is_shown = count++ < MESSAGES_MAX;
        bool has_message = is_shown && read_message(arena, element, &message);
        if (!is_shown || (!has_message && !is_any))
            continue;
        char text[ANSWER_PREVIEW_BYTES + 1];
        answer_preview(has_message ? message : element, text);
        buf_printf(messages, "%s%s", messages->len ? "; " : "", text);
    }
    return count;
}

size_t answer_put_errors(struct arena *arena, struct str errors, struct buf *messages)
{
    char text[ANSWER_PREVIEW_BYTES + 1];
    if (errors.len && errors.ptr[0] == '[')
        return read_errors(arena, errors, true, messages);
    answer_preview(errors, text);
    buf_printf(messages, "%s", text);
    return 1;
}

bool answer_errors_check(const struct http_answer *answer, const struct stream *stream,
                         struct err *err)
{
    const struct path *path = &stream->merge.path;
    if (str_find(answer->body, STR("\"errors\"")) < 0 ||
        (path->count && str_is(path->steps[0].key, "errors")))
        return true;
    AUTO_ARENA struct arena *arena = arena_new();
    AUTO_BUF(messages, KIB(4));
    bool has_no_data;
    struct str errors = find_errors(arena, answer->body, &has_no_data);
    size_t count = read_errors(arena, errors, has_no_data, &messages);
    if (!messages.len)
        return true;
    return err_set(err, ERR_INPUT, "body", answer->status,
                   "status %d, but the answer holds errors (%zu): %.*s", answer->status, count,
                   STR_ARG(buf_str(&messages)));
}
