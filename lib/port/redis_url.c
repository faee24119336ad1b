#include "port/redis_url.h"

#include "base/buf.h"
#include "base/hex.h"

enum {
    DEFAULT_PORT = 6379,
    SENTINEL_PORT = 26379,
    LAST_PORT = 65535,
    LAST_DB = 1 << 20,
    SHOWN_BYTES = 8192,
};

enum place { AT_HOST, AT_SOCKET, AT_SENTINELS };

static const struct scheme {
    const char *text;
    enum place place;
    bool has_tls;
} schemes[] = {
    {"redis://", AT_HOST, false},
    {"rediss://", AT_HOST, true},
    {"unix://", AT_SOCKET, false},
    {"redis+unix://", AT_SOCKET, false},
    {"redis+sentinel://", AT_SENTINELS, false},
    {"rediss+sentinel://", AT_SENTINELS, true},
};

struct parser {
    struct arena *arena;
    const struct scheme *scheme;
    struct redis_url *url;
    struct err *err;
};

static bool refuse(const struct parser *parser, const char *why)
{
    static const char *const forms[] = {
        [AT_HOST] = "redis://[LOGIN]host[:port][/db]",
        [AT_SOCKET] = "redis+unix://[LOGIN]/path[?db=1]",
        [AT_SENTINELS] = "redis+sentinel://[LOGIN]host[:port],host/name[/db]"};
    const struct scheme *scheme = parser->scheme ? parser->scheme : &schemes[0];
    return err_set(parser->err, ERR_CONFIG, "redis", 0, "redis_url: %s (%s)", why,
                   forms[scheme->place]);
}

static bool decode(const struct parser *parser, struct str text, struct str *ret)
{
    char *bytes = arena_alloc(parser->arena, text.len + 1);
    ptrdiff_t len = hex_undo_percent(text, bytes);
    if (len < 0)
        return refuse(parser, "a % without two hexadecimal digits; as a character it is %25");
    bytes[len] = 0;
    *ret = (struct str){bytes, (size_t)len};
    return true;
}

/* For what ends at a NUL somewhere behind us. */
static bool decode_text(const struct parser *parser, struct str text, struct str *ret)
{
    return decode(parser, text, ret) &&
           (str_find_byte(*ret, 0) < 0 || refuse(parser, "a NUL where none can be"));
}

static bool to_number(struct str text, int64_t last, int *ret)
{
    int64_t number;
    if (!str_to_int64(text, &number) || number < 0 || number > last)
        return false;
    *ret = (int)number;
    return true;
}

static bool take_db(const struct parser *parser, struct str text)
{
    return !text.len || to_number(text, LAST_DB, &parser->url->db) ||
           refuse(parser, "the database is no number");
}

static bool take_login(const struct parser *parser, struct str login)
{
    struct str user;
    struct str password = str_split(login, ':', &user);
    if (!password.ptr)
        return refuse(parser, "a password follows a colon");
    return decode(parser, user, &parser->url->user) &&
           decode(parser, password, &parser->url->password);
}

/* "host", "host:port", "[2001:db8::1]:port" */
static bool take_host(const struct parser *parser, struct str text, int usual_port,
                      struct redis_host *ret)
{
    struct str host, port;
    ret->port = usual_port;
    if (str_starts(text, STR("["))) {
        port = str_split(str_slice(text, 1, text.len), ']', &host);
        if (!port.ptr || (port.len && port.ptr[0] != ':'))
            return refuse(parser, "the address in brackets does not end");
        port = str_slice(port, 1, port.len);
    } else {
        port = str_split(text, ':', &host);
    }
    if (!host.len)
        return refuse(parser, "no host");
    if (port.len && !to_number(port, LAST_PORT, &ret->port))
        return refuse(parser, "the port is no number up to 65535");
    return decode_text(parser, host, &ret->name);
}

static bool take_sentinels(const struct parser *parser, struct str hosts, struct str rest)
{
    struct redis_url *url = parser->url;
    struct str name, db = str_split(rest, '/', &name);
    while (hosts.len) {
        struct str host;
        hosts = str_split(hosts, ',', &host);
        if (url->sentinel_count == REDIS_SENTINELS_MAX)
            return refuse(parser, "more than 16 Sentinels");
        if (!take_host(parser, host, SENTINEL_PORT, &url->sentinels[url->sentinel_count++]))
            return false;
    }
    if (!url->sentinel_count)
        return refuse(parser, "no host");
    if (!name.len)
        return refuse(parser, "the name that the Sentinels know the primary by is missing");
    return decode_text(parser, name, &url->primary) && take_db(parser, db);
}

/* --- what stands behind the question mark --- */

static bool take_verify(const struct parser *parser, struct str value)
{
    static const char *const words[] = {[STREAM_VERIFY_FULL] = "full",
                                        [STREAM_VERIFY_CA] = "ca",
                                        [STREAM_VERIFY_NONE] = "none"};
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (!str_is(value, words[i]))
            continue;
        parser->url->tls.verify = (enum stream_verify)i;
        return true;
    }
    return refuse(parser, "verify is one of full, ca, none");
}

static bool take_option(const struct parser *parser, struct str name, struct str value)
{
    struct redis_url *url = parser->url;
    const struct scheme *scheme = parser->scheme;
    const struct {
        const char *name;
        bool fits;
        struct str *into;
    } texts[] = {
        {"ca", scheme->has_tls, &url->tls.ca_file},
        {"cert", scheme->has_tls, &url->tls.cert_file},
        {"key", scheme->has_tls, &url->tls.key_file},
        {"sentinel_user", scheme->place == AT_SENTINELS, &url->sentinel_user},
        {"sentinel_password", scheme->place == AT_SENTINELS, &url->sentinel_password},
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        if (texts[i].fits && str_is(name, texts[i].name))
            return i < 3 ? decode_text(parser, value, texts[i].into)
                         : decode(parser, value, texts[i].into);
    if (scheme->has_tls && str_is(name, "verify"))
        return take_verify(parser, value);
    if (scheme->place == AT_SOCKET && str_is(name, "db"))
        return take_db(parser, value);
    return refuse(parser, "behind ? stands what is not known: ca, cert, key and verify with "
                          "rediss, db with redis+unix, sentinel_user and sentinel_password "
                          "with redis+sentinel");
}

static bool take_options(const struct parser *parser, struct str query)
{
    while (query.len) {
        struct str pair, name;
        query = str_split(query, '&', &pair);
        struct str value = str_split(pair, '=', &name);
        if (!take_option(parser, name, value))
            return false;
    }
    return !parser->url->tls.key_file.len || parser->url->tls.cert_file.len ||
           refuse(parser, "a key without cert, the certificate that it is of");
}

/* --- the whole --- */

/* A password may hold '@' where its writer did not encode it, but no '/'. */
static size_t login_end(struct str rest)
{
    size_t at = 0;
    for (size_t i = 0; i < rest.len && rest.ptr[i] != '/'; i++)
        at = rest.ptr[i] == '@' ? i + 1 : at;
    return at;
}

static bool take_place(const struct parser *parser, struct str rest)
{
    struct redis_url *url = parser->url;
    struct str hosts;
    if (parser->scheme->place == AT_SOCKET)
        return str_starts(rest, STR("/"))
                   ? decode_text(parser, rest, &url->path)
                   : refuse(parser, "the path of a socket begins with a slash");
    struct str behind = str_split(rest, '/', &hosts);
    if (parser->scheme->place == AT_SENTINELS)
        return take_sentinels(parser, hosts, behind);
    return take_host(parser, hosts, DEFAULT_PORT, &url->host) && take_db(parser, behind);
}

static bool parse(const struct parser *parser, struct str rest)
{
    size_t at = login_end(rest);
    if (at > 0 && !take_login(parser, str_slice(rest, 0, at - 1)))
        return false;
    struct str place;
    struct str query = str_split(str_slice(rest, at, rest.len), '?', &place);
    if (str_find_byte(place, '#') >= 0)
        return refuse(parser, "a # has to be written %23");
    return take_place(parser, place) && take_options(parser, query);
}

bool redis_url_parse(struct arena *arena, struct str url, struct redis_url *ret_url,
                     struct err *err)
{
    struct redis_url parsed = {0};
    struct parser parser = {.arena = arena, .url = &parsed, .err = err};
    for (size_t i = 0; i < COUNT_OF(schemes); i++) {
        struct str scheme = str_from(schemes[i].text);
        if (!str_starts(url, scheme))
            continue;
        parser.scheme = &schemes[i];
        parsed.has_tls = schemes[i].has_tls;
        if (!parse(&parser, str_slice(url, scheme.len, url.len)))
            return false;
        *ret_url = parsed;
        return true;
    }
    return refuse(&parser,
                  "it begins with none of redis://, rediss://, redis+unix://, unix://, "
                  "redis+sentinel://, rediss+sentinel://");
}

/* --- showing --- */

static void put_host(struct buf *out, const struct redis_host *host)
{
    bool is_ipv6 = str_find_byte(host->name, ':') >= 0;
    buf_printf(out, is_ipv6 ? "[%.*s]:%d" : "%.*s:%d", STR_ARG(host->name), host->port);
}

const char *redis_url_shown(struct arena *arena, const char *url)
{
    struct redis_url parsed;
    struct err ignored = ERR_INIT;
    AUTO_BUF(out, SHOWN_BYTES);
    if (!redis_url_parse(arena, str_from(url), &parsed, &ignored))
        return "the server of redis_url";
    const char *tls = parsed.has_tls ? "s" : "";
    if (parsed.path.len) {
        buf_printf(&out, "unix://%.*s", STR_ARG(parsed.path));
        return arena_cstr(arena, buf_str(&out));
    }
    buf_printf(&out, parsed.primary.len ? "redis%s+sentinel://" : "redis%s://", tls);
    if (!parsed.primary.len)
        put_host(&out, &parsed.host);
    for (size_t i = 0; i < parsed.sentinel_count; i++) {
        if (i)
            buf_put_byte(&out, ',');
        put_host(&out, &parsed.sentinels[i]);
    }
    if (parsed.primary.len)
        buf_printf(&out, "/%.*s", STR_ARG(parsed.primary));
    buf_printf(&out, "/%d", parsed.db);
    return arena_cstr(arena, buf_str(&out));
}
