#include "worker/access/origin.h"

#include "base/redact.h"
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
    if (url->socket.len || !str_eq_nocase(host, url->host))
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

/* Is the path ours? Then the link is likely one that a proxy's server made of its own name. */
static bool is_alike(const struct http_url *home, const struct http_url *theirs)
{
    struct str ours, their;
    str_split(str_slice(home->path, 1, home->path.len), '/', &ours);
    str_split(str_slice(theirs->path, 1, theirs->path.len), '/', &their);
    return ours.len && str_eq(ours, their);
}

static const char *hint_of(const struct http_url *home, const struct http_url *theirs)
{
    if (theirs->socket.len)
        return "a Unix socket is only asked where base_url names it";
    return is_alike(home, theirs)
               ? "its path is ours, so this may be a proxy: rebase_links: true takes the path "
                 "on our own origin; or allow_hosts may name it"
               : "allow_hosts may name it; behind a proxy, rebase_links: true takes its path "
                 "on our own origin";
}

static bool refuse(struct arena *arena, const struct http_url *home,
                   const struct http_url *theirs, struct err *err)
{
    return err_set(err, ERR_INPUT, "origin", 0, "it leaves its origin for %.*s (%s)",
                   STR_ARG(http_url_origin(arena, theirs)), hint_of(home, theirs));
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
        return refuse(arena, &home, &theirs, err);
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
        !http_url_parse(arena, url, &asked, &ignored) || !str_eq(home.host, asked.host) ||
        !str_eq(home.socket, asked.socket))
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
    return parsed.socket.len
               ? parsed.socket
               : arena_printf(arena, "%.*s:%d", STR_ARG(parsed.host), parsed.port);
}

/* A member of next_page, which is set anew in each request. */
static bool is_of_next_page(const struct template *map, struct str name, bool is_home)
{
    for (size_t i = 0; map && map->kind == TEMPLATE_MAP && i < map->count; i++)
        if (http_url_is_param(name, map->keys[i]) &&
            (is_home ? secrets_used_by(&map->items[i])
                     : secrets_are_in(map->keys[i], &map->items[i])))
            return true;
    return false;
}

/* At home literal ones stay, since nothing puts them into a link. */
static bool is_credential(const struct stream *stream, struct str pair, bool is_home)
{
    struct str name;
    str_split(pair, '=', &name);
    const struct auth *auth = &stream->auth;
    if (auth->type == AUTH_API_KEY && auth->is_in_query && http_url_is_param(name, auth->name))
        return true;
    if ((auth->send.param.len && http_url_is_param(name, auth->send.param)) ||
        (auth->hmac.time_param.len && http_url_is_param(name, auth->hmac.time_param)))
        return true;
    for (size_t i = 0; i < stream->param_count; i++) {
        const struct named_template *param = &stream->params[i];
        if (http_url_is_param(name, param->name) &&
            (is_home ? secrets_used_by(&param->template)
                     : secrets_are_in(param->name, &param->template)))
            return true;
    }
    return is_of_next_page(stream->pagination.next_page.params, name, is_home);
}

typedef bool (*drops_fn)(const struct stream *stream, struct str pair);

static bool drops_at_home(const struct stream *stream, struct str pair)
{
    return is_credential(stream, pair, true);
}

static bool drops_elsewhere(const struct stream *stream, struct str pair)
{
    return is_credential(stream, pair, false);
}

/* What signs a file may have the name of a credential of ours, but not its value. */
static bool drops_of_file(const struct stream *stream, struct str pair)
{
    return is_credential(stream, pair, false) && redact_has(pair);
}

static bool drops_any(const struct stream *stream, struct str query, drops_fn drops)
{
    while (query.ptr) {
        struct str pair;
        query = str_split(query, '&', &pair);
        if (drops(stream, pair))
            return true;
    }
    return false;
}

static struct str clean(const struct stream *stream, struct arena *arena, struct str url,
                        drops_fn drops)
{
    struct str head;
    struct str query = str_split(url, '?', &head);
    if (!query.ptr || !drops_any(stream, query, drops))
        return url;
    AUTO_BUF(buf, url.len + 1);
    buf_put(&buf, head);
    char joint = '?';
    while (query.ptr) {
        struct str pair;
        query = str_split(query, '&', &pair);
        if (drops(stream, pair))
            continue;
        buf_put_byte(&buf, joint);
        buf_put(&buf, pair);
        joint = '&';
    }
    return arena_str(arena, buf_str(&buf));
}

/* The path and query of `url` on the origin of `home`. */
static struct str on_origin(struct arena *arena, const struct http_url *home, struct str url)
{
    ptrdiff_t scheme = str_find(url, STR("://"));
    size_t at = (size_t)MAX(scheme, 0) + 3;
    while (at < url.len && url.ptr[at] != '/' && url.ptr[at] != '?')
        at++;
    const char *slash = at < url.len && url.ptr[at] == '/' ? "" : "/";
    return arena_printf(arena, "%.*s%s%.*s", STR_ARG(http_url_origin(arena, home)), slash,
                        STR_ARG(str_slice(url, at, url.len)));
}

/* A server at a socket makes its links of the Host that it was sent. */
static bool is_of_socket(const struct http_url *home, const struct http_url *theirs)
{
    return home->socket.len && !theirs->socket.len && str_is(theirs->scheme, "http") &&
           str_is(theirs->host, "localhost") && theirs->port == 80;
}

static bool bring_home(const struct stream *stream, struct arena *arena, struct str home_url,
                       struct str *url, struct err *err)
{
    struct http_url home, theirs;
    if (!http_url_parse(arena, home_url, &home, err) ||
        !http_url_parse(arena, *url, &theirs, err))
        return false;
    bool is_rebased = stream->rebases_links && !http_url_same_origin(&home, &theirs) &&
                      !is_allowed(stream, &theirs);
    if (is_rebased || is_of_socket(&home, &theirs))
        *url = on_origin(arena, &home, *url);
    return true;
}

bool origin_follow(const struct stream *stream, struct arena *arena,
                   const struct origin_link *link, struct str *ret_url, bool *ret_is_home,
                   struct err *err)
{
    drops_fn drops = link->is_to_file ? drops_of_file : drops_elsewhere;
    struct str url;
    if (!http_url_resolve(arena, link->page_url, link->reference, &url, err) ||
        !bring_home(stream, arena, link->home_url, &url, err) ||
        !origin_check(stream, arena, link->home_url, url, ret_is_home, err))
        return false;
    *ret_url = clean(stream, arena, url, *ret_is_home ? drops_at_home : drops);
    return true;
}
