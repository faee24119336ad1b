#include "worker/access/origin.h"

#include "base/hex.h"
#include "port/address.h"
#include "port/http_url.h"
#include "worker/access/secrets.h"

static bool names_host(struct str entry, const struct http_url *url)
{
    struct str host, port;
    int64_t number;
    if (entry.len && entry.ptr[0] == '[') {
        ptrdiff_t end = str_find_byte(entry, ']');
        host = str_slice(entry, 1, end < 0 ? entry.len : (size_t)end);
        port = str_slice(entry, host.len + 3, entry.len);
    } else {
        port = str_split(entry, ':', &host);
    }
    if (!str_eq_nocase(host, url->host))
        return false;
    return !port.len || (str_to_int64(port, &number) && number == url->port);
}

static bool is_allowed(const struct stream *stream, const struct http_url *url)
{
    for (size_t i = 0; i < stream->allow_host_count; i++)
        if (names_host(stream->allow_hosts[i], url))
            return true;
    return false;
}

bool origin_check(const struct stream *stream, struct arena *arena, struct str home_url,
                  struct str url, bool *ret_is_home, struct err *err)
{
    struct http_url home, theirs;
    if (!http_url_parse(arena, home_url, &home, err) ||
        !http_url_parse(arena, url, &theirs, err))
        return false;
    bool is_home = http_url_same_origin(&home, &theirs);
    if (!is_home && !is_allowed(stream, &theirs))
        return err_set(err, ERR_INPUT, "origin", 0,
                       "it leaves its origin for %.*s://%.*s:%d (allow_hosts may name it)",
                       STR_ARG(theirs.scheme), STR_ARG(theirs.host), theirs.port);
    bool is_downgrade = str_is(home.scheme, "https") && str_is(theirs.scheme, "http");
    if (is_downgrade && !stream->allows_http)
        return err_set(err, ERR_INPUT, "origin", 0, "it leaves https for http at %.*s:%d",
                       STR_ARG(theirs.host), theirs.port);
    *ret_is_home = is_home;
    return true;
}

bool origin_names_private(struct arena *arena, struct str home_url, struct str url)
{
    struct http_url home, asked;
    struct err ignored = ERR_INIT;
    if (!http_url_parse(arena, home_url, &home, &ignored) ||
        !http_url_parse(arena, url, &asked, &ignored) || !str_eq(home.host, asked.host))
        return false;
    bool literal;
    (void)!address_text_is_public(home.host, &literal);
    return literal || address_text_is_loopback(home.host);
}

struct str origin_host(struct arena *arena, struct str url)
{
    struct http_url parsed;
    struct err ignored = ERR_INIT;
    if (!http_url_parse(arena, url, &parsed, &ignored))
        return STR_NONE;
    return arena_printf(arena, "%.*s:%d", STR_ARG(parsed.host), parsed.port);
}

/* A name in a query is compared decoded: "api%5Fkey" is "api_key". */
static bool is_encoded(struct str text, struct str name)
{
    size_t at = 0;
    for (size_t i = 0; i < text.len; i++, at++) {
        char c = text.ptr[i] == '+' ? ' ' : text.ptr[i];
        int byte = hex_percent(str_slice(text, i, text.len));
        if (byte >= 0) {
            c = (char)byte;
            i += 2;
        }
        if (at >= name.len || name.ptr[at] != c)
            return false;
    }
    return at == name.len;
}

static bool is_credential(const struct stream *stream, struct str pair)
{
    struct str name;
    str_split(pair, '=', &name);
    const struct auth *auth = &stream->auth;
    if (auth->type == AUTH_API_KEY && auth->is_in_query && is_encoded(name, auth->name))
        return true;
    for (size_t i = 0; i < stream->param_count; i++)
        if (is_encoded(name, stream->params[i].name) &&
            secrets_used_by(&stream->params[i].template))
            return true;
    return false;
}

static bool has_credential(const struct stream *stream, struct str query)
{
    while (query.ptr) {
        struct str pair;
        query = str_split(query, '&', &pair);
        if (is_credential(stream, pair))
            return true;
    }
    return false;
}

struct str origin_clean(const struct stream *stream, struct arena *arena, struct str url)
{
    struct str head;
    struct str query = str_split(url, '?', &head);
    if (!query.ptr || !has_credential(stream, query))
        return url;
    AUTO_BUF(buf, url.len + 1);
    buf_put(&buf, head);
    char joint = '?';
    while (query.ptr) {
        struct str pair;
        query = str_split(query, '&', &pair);
        if (is_credential(stream, pair))
            continue;
        buf_put_byte(&buf, joint);
        buf_put(&buf, pair);
        joint = '&';
    }
    return arena_str(arena, buf_str(&buf));
}
