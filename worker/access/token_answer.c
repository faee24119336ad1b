#include "worker/access/token_answer.h"

#include "base/clock.h"
#include "base/redact.h"
#include "base/secret_name.h"
#include "core/locator.h"
#include "port/http_url.h"
#include "worker/access/retry_after.h"

enum { MESSAGE_BYTES = 300, PREVIEW_BYTES = 200, TOKEN_BYTES_MAX = 32 * 1024 };

struct reading {
    const struct token_want *want;
    const struct http_answer *answer;
    struct arena *arena;
    struct value response; /* undefined where the body is no JSON, form or word */
    struct expr_scope scope;
};

/* --- the body --- */

/* name=value&…, as some servers answer that are not asked for JSON. */
static bool read_form(struct arena *arena, struct str body, struct value *ret)
{
    struct str pair, name, rest = body;
    struct value_map *map = ARENA_NEW(arena, struct value_map);
    size_t most = 1;
    bool has_value = false;
    for (size_t i = 0; i < body.len; i++)
        most += body.ptr[i] == '&';
    map->members = ARENA_ARRAY(arena, struct value_member, most);
    while (rest.len) {
        rest = str_split(rest, '&', &pair);
        struct str value = str_split(pair, '=', &name);
        if (!name.len || name.len == pair.len || str_starts(value, STR("=")))
            return false;
        has_value |= value.len > 0;
        map->members[map->count++] =
            (struct value_member){http_url_decode_query(arena, name),
                                  value_string(http_url_decode_query(arena, value))};
    }
    *ret = (struct value){.kind = VALUE_MAP, .map = map};
    return has_value;
}

static bool is_word(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] <= ' ' || text.ptr[i] > '~')
            return false;
    return text.len && text.len <= TOKEN_BYTES_MAX && text.ptr[0] != '<';
}

static struct value read_body(struct arena *arena, struct str body)
{
    struct err ignored = ERR_INIT;
    struct value value;
    struct str text = str_trim(body);
    if (value_parse(arena, body, VALUE_WHOLE, &value, &ignored))
        return value;
    if (!is_word(text))
        return UNDEFINED_VALUE;
    return read_form(arena, text, &value) ? value : value_string(text);
}

/* --- what paths and expressions may name --- */

static struct value read_http(const struct reading *reading, struct arena *arena)
{
    const struct http_answer *answer = reading->answer;
    struct value_map *headers = ARENA_NEW(arena, struct value_map);
    headers->members = ARENA_ARRAY(arena, struct value_member, MAX(answer->header_count, 1));
    for (size_t i = 0; i < answer->header_count; i++)
        headers->members[headers->count++] = (struct value_member){
            answer->headers[i].name, value_string(answer->headers[i].value)};
    struct value_map *http = ARENA_NEW(arena, struct value_map);
    http->members = ARENA_ARRAY(arena, struct value_member, 2);
    http->members[http->count++] =
        (struct value_member){STR("status"), value_int(arena, answer->status)};
    http->members[http->count++] = (struct value_member){
        STR("headers"), (struct value){.kind = VALUE_MAP, .map = headers}};
    return (struct value){.kind = VALUE_MAP, .map = http};
}

static bool find(void *ctx, struct str name, struct arena *arena, struct value *ret)
{
    const struct reading *reading = ctx;
    bool is_http = str_is(name, "http");
    if (!is_http && !str_is(name, "response"))
        return false;
    *ret = is_http ? read_http(reading, arena) : reading->response;
    return true;
}

static struct value locate(const struct reading *reading, struct str path)
{
    struct locator locator;
    struct value value = UNDEFINED_VALUE;
    struct err ignored = ERR_INIT;
    if (!path.len || !locator_compile(reading->arena, path, &locator, &ignored) ||
        !locator_read(&locator, &reading->scope, reading->arena, &value, &ignored))
        return UNDEFINED_VALUE;
    return value;
}

/* --- the token --- */

/* RFC 6265, section 5.2: the pair before the first ';', the name as it is. */
static struct str cookie_in(const struct reading *reading, struct str name)
{
    for (size_t i = 0; i < reading->answer->header_count; i++) {
        const struct http_header *header = &reading->answer->headers[i];
        struct str pair, found;
        if (!str_is(header->name, "set-cookie"))
            continue;
        str_split(header->value, ';', &pair);
        struct str value = str_trim(str_split(pair, '=', &found));
        if (str_eq(str_trim(found), name))
            return value;
    }
    return STR_NONE;
}

static struct str find_token(const struct reading *reading)
{
    const struct token_want *want = reading->want;
    if (!want->token_path.len)
        return cookie_in(reading, want->cookie);
    struct value value = locate(reading, want->token_path);
    return value.kind == VALUE_STRING || value.kind == VALUE_NUMBER ? value.text : STR_NONE;
}

static int64_t find_life_ms(const struct reading *reading)
{
    enum { LONGEST_DAYS = 3650 };
    int64_t longest_ms = SECONDS(86400) * LONGEST_DAYS;
    struct value expires = locate(reading, reading->want->expires_path);
    int64_t ms =
        retry_after_in_value(reading->answer, expires, clock_wall_ms() * 1000, longest_ms);
    if (ms >= 0)
        return ms;
    return reading->want->ttl_ms ? reading->want->ttl_ms : -1;
}

/* Tokens may come beside the one that is wanted: none of them is for a log. */
static void hide_credentials(struct value value, struct str name)
{
    if (value.kind == VALUE_STRING && secret_name_is(name) && !str_ends(name, STR("type")))
        redact_add_passing(value.text);
    for (size_t i = 0; value.kind == VALUE_LIST && i < value.list->count; i++)
        hide_credentials(value.list->items[i], name);
    for (size_t i = 0; value.kind == VALUE_MAP && i < value.map->count; i++)
        hide_credentials(value.map->members[i].value, value.map->members[i].key);
}

/* --- what is said of a failure --- */

static struct str text_in(struct value value)
{
    return value.kind == VALUE_STRING ? value.text : STR_NONE;
}

/* error and error_description of RFC 6749, or what others call so. */
static struct str message_in(const struct reading *reading)
{
    static const char *const names[] = {"error_description", "message", "error_message",
                                        "detail", "errorMessage"};
    struct value error = value_get(reading->response, STR("error"));
    struct str code = text_in(error), more = STR_NONE;
    for (size_t i = 0; i < COUNT_OF(names) && !more.len; i++) {
        more = text_in(value_get(reading->response, str_from(names[i])));
        if (!more.len)
            more = text_in(value_get(error, str_from(names[i])));
    }
    return arena_join(reading->arena, code, ": ", more);
}

static bool is_markup(const struct http_answer *answer)
{
    return str_starts(str_trim(answer->body), STR("<"));
}

static bool is_long_number(struct value value)
{
    enum { DIGITS = 8 };
    return value.kind == VALUE_NUMBER && value.text.len >= DIGITS;
}

/* Its names, and nothing that may be a token. */
static void put_shape(struct buf *buf, struct value value)
{
    if ((value.kind == VALUE_STRING && value.text.len) || is_long_number(value)) {
        buf_puts(buf, "\"…\"");
    } else if (value.kind == VALUE_LIST) {
        for (size_t i = 0; i < value.list->count; i++) {
            buf_put(buf, i ? STR(", ") : STR("["));
            put_shape(buf, value.list->items[i]);
        }
        buf_put(buf, value.list->count ? STR("]") : STR("[]"));
    } else if (value.kind == VALUE_MAP) {
        for (size_t i = 0; i < value.map->count; i++) {
            buf_put(buf, i ? STR(", ") : STR("{"));
            value_format(buf, value_string(value.map->members[i].key));
            buf_puts(buf, ": ");
            put_shape(buf, value.map->members[i].value);
        }
        buf_put(buf, value.map->count ? STR("}") : STR("{}"));
    } else {
        value_format(buf, value);
    }
}

/* An answer that should have a token, and may have it where nobody has looked. */
static struct str shape_of(const struct reading *reading)
{
    AUTO_BUF(buf, KIB(64));
    if (reading->response.kind == VALUE_UNDEFINED || reading->response.kind == VALUE_STRING)
        return reading->answer->body.len ? arena_printf(reading->arena, "a text of %zu bytes",
                                                        reading->answer->body.len)
                                         : STR_NONE;
    put_shape(&buf, reading->response);
    return buf.has_overflowed ? STR_NONE : arena_str(reading->arena, buf_str(&buf));
}

static bool fail(const struct reading *reading, enum err_kind kind, const char *what,
                 struct err *err)
{
    struct str said = message_in(reading);
    if (!said.len && is_markup(reading->answer))
        said = STR("an HTML page");
    if (!said.len && reading->answer->status < 300)
        said = shape_of(reading);
    else if (!said.len)
        said = str_slice(reading->answer->body, 0, KIB(4));
    said = redact_cut(reading->arena, said, MESSAGE_BYTES);
    return err_set(err, kind, "auth", reading->answer->status, "status %d%s%s%.*s",
                   reading->answer->status, what, said.len ? ": " : "", STR_ARG(said));
}

static bool is_temporary(int status)
{
    return status == 408 || status == 425 || status == 429 || status >= 500;
}

static bool fail_without(const struct reading *reading, int64_t *ret_wait_ms, struct err *err)
{
    const struct retry_after_quota none = {UNDEFINED_VALUE, UNDEFINED_VALUE};
    int status = reading->answer->status;
    if (is_temporary(status)) {
        *ret_wait_ms = retry_after_in_answer(reading->answer, &none, clock_wall_ms() * 1000,
                                             reading->want->max_wait_ms);
        return fail(reading, ERR_AGAIN, "", err);
    }
    if (status >= 300 && status < 400)
        return fail(reading, ERR_INPUT, ", a redirect: it is not followed with credentials",
                    err);
    return fail(reading, ERR_INPUT, status < 300 ? " without a token" : "", err);
}

bool token_answer_read(const struct token_want *want, const struct http_answer *answer,
                       struct arena *arena, struct token_answer *ret, int64_t *ret_wait_ms,
                       struct err *err)
{
    struct reading reading = {
        .want = want, .answer = answer, .arena = arena, .response = UNDEFINED_VALUE};
    reading.scope = (struct expr_scope){.find = find, .ctx = &reading};
    *ret_wait_ms = -1;
    reading.response = read_body(arena, answer->body);
    hide_credentials(reading.response, STR_NONE);
    struct str token = answer->status < 400 ? find_token(&reading) : STR_NONE;
    redact_add_passing(token);
    if (!token.len)
        return fail_without(&reading, ret_wait_ms, err);
    if (token.len > TOKEN_BYTES_MAX)
        return err_set(err, ERR_INPUT, "auth", answer->status, "a token over %d bytes",
                       TOKEN_BYTES_MAX);
    *ret = (struct token_answer){token, find_life_ms(&reading),
                                 text_in(value_get(reading.response, STR("refresh_token")))};
    if (ret->refresh.len > TOKEN_BYTES_MAX)
        ret->refresh = STR_NONE;
    return true;
}
