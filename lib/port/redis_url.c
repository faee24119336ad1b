#include "port/redis_url.h"

#include "base/hex.h"

enum { DEFAULT_PORT = 6379, LAST_PORT = 65535, LAST_DB = 1 << 20 };

static bool refuse(struct err *err, const char *why)
{
    return err_set(err, ERR_CONFIG, "redis", 0,
                   "redis_url: %s (redis://[[user]:password@]host[:port][/db])", why);
}

static bool decode(struct arena *arena, struct str text, struct str *ret)
{
    char *bytes = arena_alloc(arena, text.len + 1);
    ptrdiff_t len = hex_undo_percent(text, bytes);
    *ret = (struct str){bytes, (size_t)MAX(len, 0)};
    return len >= 0;
}

static bool to_number(struct str text, int64_t last, int *ret)
{
    int64_t number;
    if (!str_to_int64(text, &number) || number < 0 || number > last)
        return false;
    *ret = (int)number;
    return true;
}

static bool parse_login(struct arena *arena, struct str login, struct redis_url *url,
                        struct err *err)
{
    struct str user;
    struct str password = str_split(login, ':', &user);
    if (!password.ptr)
        return refuse(err, "a password follows a colon");
    if (!decode(arena, user, &url->user) || !decode(arena, password, &url->password))
        return refuse(err, "user or password are not percent-encoded right");
    return true;
}

/* "host", "host:port", "[2001:db8::1]:port" */
static bool parse_host(struct arena *arena, struct str text, struct redis_url *url,
                       struct err *err)
{
    struct str host, port;
    if (str_starts(text, STR("["))) {
        port = str_split(str_slice(text, 1, text.len), ']', &host);
        if (!port.ptr || (port.len && port.ptr[0] != ':'))
            return refuse(err, "the address in brackets does not end");
        port = str_slice(port, 1, port.len);
    } else {
        port = str_split(text, ':', &host);
    }
    if (!host.len)
        return refuse(err, "no host");
    if (str_find_byte(host, '?') >= 0 || str_find_byte(host, '#') >= 0)
        return refuse(err, "it has no query");
    if (port.len && !to_number(port, LAST_PORT, &url->port))
        return refuse(err, "the port is no number up to 65535");
    url->host = arena_str(arena, host);
    return true;
}

static bool parse_server(struct arena *arena, struct str rest, struct redis_url *url,
                         struct err *err)
{
    struct str authority;
    struct str db = str_split(rest, '/', &authority);
    if (db.len && !to_number(db, LAST_DB, &url->db))
        return refuse(err, "the database after the slash is no number");
    /* A password may hold '@' where its writer did not encode it. */
    size_t at = authority.len;
    while (at > 0 && authority.ptr[at - 1] != '@')
        at--;
    if (at > 0 && !parse_login(arena, str_slice(authority, 0, at - 1), url, err))
        return false;
    return parse_host(arena, str_slice(authority, at, authority.len), url, err);
}

bool redis_url_parse(struct arena *arena, struct str url, struct redis_url *ret_url,
                     struct err *err)
{
    struct redis_url parsed = {.port = DEFAULT_PORT};
    struct str scheme = STR("redis://"), local = STR("unix://");
    if (str_starts(url, local)) {
        parsed.path = arena_str(arena, str_slice(url, local.len, url.len));
        if (!str_starts(parsed.path, STR("/")))
            return refuse(err, "a socket is written unix:///path");
    } else if (str_starts(url, scheme)) {
        if (!parse_server(arena, str_slice(url, scheme.len, url.len), &parsed, err))
            return false;
    } else if (str_starts(url, STR("rediss://"))) {
        return refuse(err, "TLS (rediss://) is not available yet");
    } else {
        return refuse(err, "it does not begin with redis:// or unix://");
    }
    *ret_url = parsed;
    return true;
}

const char *redis_url_shown(struct arena *arena, const char *url)
{
    struct redis_url parsed;
    struct err ignored = ERR_INIT;
    if (!redis_url_parse(arena, str_from(url), &parsed, &ignored))
        return "the server of redis_url";
    if (parsed.path.len)
        return arena_printf(arena, "unix://%.*s", STR_ARG(parsed.path)).ptr;
    bool is_ipv6 = str_find_byte(parsed.host, ':') >= 0;
    return arena_printf(arena, "redis://%s%.*s%s:%d/%d", is_ipv6 ? "[" : "",
                        STR_ARG(parsed.host), is_ipv6 ? "]" : "", parsed.port, parsed.db)
        .ptr;
}
