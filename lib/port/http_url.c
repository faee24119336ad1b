#include "port/http_url.h"

#include <curl/curl.h>

#include <sys/un.h>

#include "base/hex.h"
#include "base/mem.h"
#include "base/redact.h"

enum { SHOWN_BYTES = 200, SOCKET_PATH_MAX = sizeof(((struct sockaddr_un *)0)->sun_path) - 1 };

static const char socket_scheme[] = "http+unix", at_socket[] = "http://localhost";

/* --- parsing --- */

static struct str url_part(struct arena *arena, CURLU *url, CURLUPart part, unsigned flags)
{
    char *text = NULL;
    if (curl_url_get(url, part, &text, flags) != CURLUE_OK)
        return STR_NONE;
    struct str copy = arena_str(arena, str_from(text));
    curl_free(text);
    return copy;
}

static void url_fill(struct arena *arena, CURLU *from, struct http_url *ret_url)
{
    struct http_url url = {
        .scheme = url_part(arena, from, CURLUPART_SCHEME, 0),
        .host = url_part(arena, from, CURLUPART_HOST, 0),
        .path = url_part(arena, from, CURLUPART_PATH, 0),
        .query = url_part(arena, from, CURLUPART_QUERY, 0),
    };
    if (url.host.len > 1 && url.host.ptr[0] == '[')
        url.host = str_slice(url.host, 1, url.host.len - 1);
    char *host = arena_cstr(arena, url.host);
    for (char *c = host; *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c | 32);
    url.host = str_from(host);
    struct str port = url_part(arena, from, CURLUPART_PORT, CURLU_DEFAULT_PORT);
    int64_t number = 0;
    if (str_to_int64(port, &number))
        url.port = (int)number;
    *ret_url = url;
}

/* For messages. Where an `@` is in what cannot be read, it may end a password. */
static struct str url_shown(struct arena *arena, struct str text)
{
    return str_find_byte(text, '@') < 0 ? redact_cut(arena, text, SHOWN_BYTES) : STR("a URL");
}

static bool url_read(struct arena *arena, struct str text, CURLU *url, struct err *err)
{
    CURLUcode code =
        curl_url_set(url, CURLUPART_URL, arena_cstr(arena, text),
                     CURLU_PATH_AS_IS | CURLU_DISALLOW_USER | CURLU_NON_SUPPORT_SCHEME);
    if (code == CURLUE_USER_NOT_ALLOWED) /* and not shown */
        return err_set(err, ERR_CONFIG, "http", 0, "a URL holds credentials; use `auth`");
    if (code != CURLUE_OK)
        return err_set(err, ERR_CONFIG, "http", 0, "'%.*s': %s",
                       STR_ARG(url_shown(arena, text)), curl_url_strerror(code));
    struct str scheme = url_part(arena, url, CURLUPART_SCHEME, 0);
    if (!str_is(scheme, "http") && !str_is(scheme, "https"))
        return err_set(err, ERR_CONFIG, "http", 0, "'%.*s' is no http, https or http+unix URL",
                       STR_ARG(url_shown(arena, text)));
    return true;
}

/* --- Unix sockets --- */

/* What stands behind "http+unix://"; a NULL slice for other URLs. */
static struct str socket_rest(struct str url)
{
    struct str scheme, rest = str_split(url, ':', &scheme);
    bool is_socket = str_eq_nocase(scheme, STR("http+unix")) && str_starts(rest, STR("//"));
    return is_socket ? str_slice(rest, 2, rest.len) : STR_NONE;
}

static size_t authority_len(struct str rest)
{
    size_t len = 0;
    while (len < rest.len && !strchr("/?#", rest.ptr[len]))
        len++;
    return len;
}

struct str http_url_at_socket(struct arena *arena, struct str url)
{
    struct str rest = socket_rest(url);
    struct str path = str_slice(rest, authority_len(rest), rest.len);
    const char *slash = str_starts(path, STR("/")) ? "" : "/";
    return arena_printf(arena, "%s%s%.*s", at_socket, slash, STR_ARG(path));
}

static bool refuse_socket(struct err *err, const char *why)
{
    return err_set(err, ERR_CONFIG, "http", 0,
                   "a URL of a Unix socket: %s (http+unix://%%2Frun%%2Fapi.sock/v1)", why);
}

static bool socket_parse(struct arena *arena, struct str rest, struct str *ret_socket,
                         struct err *err)
{
    struct str encoded = str_slice(rest, 0, authority_len(rest));
    char *path = arena_alloc(arena, encoded.len + 1);
    if (str_find_byte(encoded, '@') >= 0)
        return err_set(err, ERR_CONFIG, "http", 0, "a URL holds credentials; use `auth`");
    ptrdiff_t len = hex_undo_percent(encoded, path);
    if (len < 0)
        return refuse_socket(err, "a % without two hexadecimal digits");
    if (len == 0 || path[0] != '/')
        return refuse_socket(err, "its whole path stands where a host would, with %2F for /");
    if (memchr(path, 0, (size_t)len))
        return refuse_socket(err, "a NUL in its path");
    if ((size_t)len > SOCKET_PATH_MAX)
        return refuse_socket(err, "its path is over 107 bytes");
    *ret_socket = (struct str){path, (size_t)len};
    return true;
}

bool http_url_parse(struct arena *arena, struct str text, struct http_url *ret_url,
                    struct err *err)
{
    struct str socket = STR_NONE, rest = socket_rest(text);
    if (text.len > HTTP_URL_BYTES)
        return err_set(err, ERR_CONFIG, "http", 0, "a URL of %zu bytes", text.len);
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] <= ' ' || text.ptr[i] == 0x7f)
            return err_set(err, ERR_CONFIG, "http", 0, "'%.*s': a space or control character",
                           STR_ARG(url_shown(arena, text)));
    if (rest.ptr && !socket_parse(arena, rest, &socket, err))
        return false;
    CURLU *url = mem_checked(curl_url());
    bool done = url_read(arena, rest.ptr ? http_url_at_socket(arena, text) : text, url, err);
    if (done)
        url_fill(arena, url, ret_url);
    if (done && socket.len) {
        ret_url->scheme = str_from(socket_scheme);
        ret_url->socket = socket;
    }
    curl_url_cleanup(url);
    return done;
}

/* --- references --- */

/*
 * Resolution of references, RFC 3986, section 5.2, on slices of the texts as given: nothing is
 * decoded or encoded again, because a server may sign or compare what it handed out.
 */
struct parts {
    struct str scheme, authority, path, query;
    bool has_scheme, has_authority, has_query;
};

static bool is_scheme(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        bool letter = (c | 32) >= 'a' && (c | 32) <= 'z';
        bool later = (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
        if (!letter && (i == 0 || !later))
            return false;
    }
    return text.len > 0;
}

/* RFC 3986, appendix B; the fragment is left out. */
static struct parts split(struct str text)
{
    struct parts parts = {0};
    str_split(text, '#', &text);
    struct str before;
    struct str after = str_split(text, ':', &before);
    if (before.len < text.len && is_scheme(before)) {
        parts.has_scheme = true;
        parts.scheme = before;
        text = after;
    }
    if (str_starts(text, STR("//"))) {
        size_t end = 2;
        while (end < text.len && text.ptr[end] != '/' && text.ptr[end] != '?')
            end++;
        parts.has_authority = true;
        parts.authority = str_slice(text, 2, end);
        text = str_slice(text, end, text.len);
    }
    ptrdiff_t mark = str_find_byte(text, '?');
    parts.has_query = mark >= 0;
    parts.path = parts.has_query ? str_slice(text, 0, (size_t)mark) : text;
    parts.query = parts.has_query ? str_slice(text, (size_t)mark + 1, text.len) : STR_NONE;
    return parts;
}

/* The output without its last segment and the '/' before that. */
static size_t drop_segment(const char *out, size_t len)
{
    while (len > 0 && out[len - 1] != '/')
        len--;
    return len > 0 ? len - 1 : 0;
}

/* RFC 3986, section 5.2.4, for paths that begin with '/'. */
static struct str remove_dots(struct arena *arena, struct str path)
{
    char *out = arena_alloc(arena, path.len + 1);
    size_t len = 0;
    for (size_t at = 0; at < path.len;) {
        size_t end = at + 1;
        while (end < path.len && path.ptr[end] != '/')
            end++;
        struct str segment = str_slice(path, at + 1, end);
        bool up = str_is(segment, ".."), dots = up || str_is(segment, ".");
        if (up)
            len = drop_segment(out, len);
        if (!dots) {
            memcpy(out + len, path.ptr + at, end - at);
            len += end - at;
        } else if (end == path.len) {
            out[len++] = '/';
        }
        at = end;
    }
    return (struct str){out, len};
}

/* RFC 3986, section 5.2.3. */
static struct str merge_path(struct arena *arena, const struct parts *base, struct str path)
{
    if (base->path.len == 0)
        return arena_printf(arena, "/%.*s", STR_ARG(path));
    size_t keep = base->path.len;
    while (keep > 0 && base->path.ptr[keep - 1] != '/')
        keep--;
    return arena_printf(arena, "%.*s%.*s", (int)keep, base->path.ptr, STR_ARG(path));
}

static struct parts transform(struct arena *arena, const struct parts *base, struct parts ref)
{
    struct parts target = ref;
    target.scheme = base->scheme;
    if (ref.has_authority)
        return target;
    target.authority = base->authority;
    if (ref.path.len == 0) {
        target.path = base->path;
        if (!ref.has_query) {
            target.has_query = base->has_query;
            target.query = base->query;
        }
        return target;
    }
    if (!str_starts(ref.path, STR("/")))
        target.path = merge_path(arena, base, ref.path);
    target.path = remove_dots(arena, target.path);
    return target;
}

/* Writes `%` and two digits; RFC 3986, section 2.1, asks for upper case. */
static size_t put_percent(char *out, unsigned char byte)
{
    static const char digits[] = "0123456789ABCDEF";
    out[0] = '%';
    out[1] = digits[byte >> 4];
    out[2] = digits[byte & 15];
    return 3;
}

/* Bytes that cannot be part of a request line are encoded; all others stay. */
static struct str make_sendable(struct arena *arena, struct str text)
{
    char *out = arena_alloc(arena, text.len * 3 + 1);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c > ' ' && c < 0x7f)
            out[len++] = (char)c;
        else
            len += put_percent(out + len, c);
    }
    return (struct str){out, len};
}

bool http_url_resolve(struct arena *arena, struct str base, struct str reference,
                      struct str *ret_url, struct err *err)
{
    if (reference.len > HTTP_URL_BYTES)
        return err_set(err, ERR_CONFIG, "http", 0, "a URL of %zu bytes", reference.len);
    struct parts from = split(base);
    reference = make_sendable(arena, str_trim(reference));
    struct parts ref = split(reference);
    struct str url;
    if (ref.has_scheme) {
        str_split(reference, '#', &url);
    } else {
        struct parts to = transform(arena, &from, ref);
        url = arena_printf(arena, "%.*s://%.*s%.*s%s%.*s", STR_ARG(to.scheme),
                           STR_ARG(to.authority), STR_ARG(to.path), to.has_query ? "?" : "",
                           STR_ARG(to.query));
    }
    struct http_url parsed;
    if (!http_url_parse(arena, url, &parsed, err))
        return false;
    *ret_url = url;
    return true;
}

bool http_url_same_origin(const struct http_url *a, const struct http_url *b)
{
    return a->port == b->port && str_eq(a->scheme, b->scheme) && str_eq(a->host, b->host) &&
           str_eq(a->socket, b->socket);
}

struct str http_url_origin(struct arena *arena, const struct http_url *url)
{
    if (url->socket.len)
        return arena_printf(arena, "%s://%.*s", socket_scheme,
                            STR_ARG(http_url_encode(arena, url->socket)));
    bool is_v6 = str_find_byte(url->host, ':') >= 0;
    return arena_printf(arena, is_v6 ? "%.*s://[%.*s]:%d" : "%.*s://%.*s:%d",
                        STR_ARG(url->scheme), STR_ARG(url->host), url->port);
}

struct str http_url_encode(struct arena *arena, struct str text)
{
    char *out = arena_alloc(arena, text.len * 3 + 1);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        bool is_letter = (c | 32) >= 'a' && (c | 32) <= 'z';
        bool is_kept = is_letter || (c >= '0' && c <= '9') || (c && strchr("-._~", c));
        if (is_kept)
            out[len++] = (char)c;
        else
            len += put_percent(out + len, c);
    }
    return (struct str){out, len};
}

/* The first byte of the text as it reads, and how many bytes it is written with. */
static char decoded(struct str text, char blank, size_t *ret_len)
{
    int byte = hex_percent(text);
    *ret_len = byte < 0 ? 1 : 3;
    if (byte >= 0)
        return (char)byte;
    return text.ptr[0] == blank ? ' ' : text.ptr[0];
}

static struct str decode(struct arena *arena, struct str text, char blank)
{
    char *out = arena_alloc(arena, text.len + 1);
    size_t len = 0, step;
    for (size_t at = 0; at < text.len; at += step)
        out[len++] = decoded(str_slice(text, at, text.len), blank, &step);
    return (struct str){out, len};
}

struct str http_url_decode(struct arena *arena, struct str text)
{
    return decode(arena, text, ' ');
}

struct str http_url_decode_query(struct arena *arena, struct str text)
{
    return decode(arena, text, '+');
}

bool http_url_is_param(struct str written, struct str name)
{
    size_t count = 0, step;
    for (size_t at = 0; at < written.len; at += step, count++)
        if (count >= name.len ||
            name.ptr[count] != decoded(str_slice(written, at, written.len), '+', &step))
            return false;
    return count == name.len;
}
