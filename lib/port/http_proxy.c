#include "port/http_proxy.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/redact.h"

/* --- what a proxy is --- */

static bool is_known_scheme(const char *scheme)
{
    static const char *const known[] = {"http",    "https",  "socks4",
                                        "socks4a", "socks5", "socks5h"};
    for (size_t i = 0; i < COUNT_OF(known); i++)
        if (str_eq_nocase(str_from(scheme), str_from(known[i])))
            return true;
    return false;
}

/* NULL: it is good. The parts are freed with curl_free. */
static const char *read_parts(struct str proxy, char **ret_user, char **ret_password)
{
    AUTO_ARENA struct arena *arena = arena_new();
    CURLU *url = mem_checked(curl_url());
    char *scheme = NULL;
    const char *problem = NULL;
    CURLUcode code = curl_url_set(url, CURLUPART_URL, arena_cstr(arena, proxy),
                                  CURLU_DEFAULT_SCHEME | CURLU_NON_SUPPORT_SCHEME);
    if (code != CURLUE_OK)
        problem = curl_url_strerror(code);
    else if (curl_url_get(url, CURLUPART_SCHEME, &scheme, CURLU_DEFAULT_SCHEME) != CURLUE_OK ||
             (str_find(proxy, STR("://")) >= 0 && !is_known_scheme(scheme)))
        problem = "its scheme is none of http, https, socks4, socks4a, socks5, socks5h";
    curl_url_get(url, CURLUPART_USER, ret_user, CURLU_URLDECODE);
    curl_url_get(url, CURLUPART_PASSWORD, ret_password, CURLU_URLDECODE);
    curl_free(scheme);
    curl_url_cleanup(url);
    return problem;
}

static bool check(struct str proxy, const char *name, bool hides, struct err *err)
{
    char *user = NULL, *password = NULL;
    const char *problem = read_parts(proxy, &user, &password);
    if (hides && password) {
        AUTO_ARENA struct arena *arena = arena_new();
        redact_add(STR("proxy"), arena_printf(arena, "%s:%s", user ? user : "", password));
        redact_add(STR("proxy"), str_from(password));
    }
    curl_free(user);
    curl_free(password);
    return !problem ||
           err_set(err, ERR_CONFIG, "http", 0,
                   "%s: %s ([http://][user:password@]host[:port], or env)", name, problem);
}

bool http_proxy_check(struct str proxy, struct err *err)
{
    return check(proxy, "no proxy", false, err);
}

/* --- who takes none --- */

static int to_bits(struct str text, unsigned char ret_bits[16])
{
    char literal[INET6_ADDRSTRLEN];
    if (text.len >= sizeof literal)
        return 0;
    snprintf(literal, sizeof literal, "%.*s", STR_ARG(text));
    if (inet_pton(AF_INET, literal, ret_bits) == 1)
        return 32;
    return inet_pton(AF_INET6, literal, ret_bits) == 1 ? 128 : 0;
}

static bool is_in_network(struct str entry, struct str host)
{
    unsigned char network[16], address[16];
    struct str base, digits = str_split(entry, '/', &base);
    int64_t bits;
    int width = to_bits(base, network);
    if (!width || to_bits(host, address) != width || !str_to_int64(digits, &bits) || bits < 0 ||
        bits > width)
        return false;
    size_t whole = (size_t)bits / 8, rest = (size_t)bits % 8;
    return memcmp(network, address, whole) == 0 &&
           (rest == 0 || (network[whole] ^ address[whole]) >> (8 - rest) == 0);
}

static bool is_same_address(struct str entry, struct str host)
{
    unsigned char one[16], other[16];
    int width = to_bits(entry, one);
    return width && to_bits(host, other) == width && !memcmp(one, other, (size_t)width / 8);
}

static struct str without_last_dot(struct str name)
{
    return name.len && name.ptr[name.len - 1] == '.' ? str_slice(name, 0, name.len - 1) : name;
}

/* "shop.example" names itself and what is below it. */
static bool is_below(struct str name, struct str host)
{
    host = without_last_dot(host);
    name = without_last_dot(str_starts(name, STR(".")) ? str_slice(name, 1, name.len) : name);
    if (!name.len || host.len < name.len ||
        !str_eq_nocase(str_slice(host, host.len - name.len, host.len), name))
        return false;
    return host.len == name.len || host.ptr[host.len - name.len - 1] == '.';
}

/* Takes ":port" off the entry; of an IPv6 address only behind brackets. -1: it has none. */
static int64_t take_port(struct str *entry)
{
    struct str host, port;
    int64_t number;
    if (str_starts(*entry, STR("["))) {
        port = str_split(str_slice(*entry, 1, entry->len), ']', &host);
        port = str_starts(port, STR(":")) ? str_slice(port, 1, port.len) : STR_NONE;
    } else {
        port = str_split(*entry, ':', &host);
        if (str_find_byte(port, ':') >= 0)
            return -1;
    }
    *entry = host;
    return str_to_int64(port, &number) ? number : -1;
}

static bool is_named(struct str entry, struct str host, int port)
{
    if (str_is(entry, "*"))
        return true;
    if (str_find_byte(entry, '/') >= 0)
        return is_in_network(entry, host);
    int64_t only = take_port(&entry);
    if (only >= 0 && only != port)
        return false;
    unsigned char ignored[16];
    return to_bits(host, ignored) ? is_same_address(entry, host) : is_below(entry, host);
}

bool http_proxy_leaves_out(struct str list, struct str host, int port)
{
    size_t from = 0;
    for (size_t i = 0; i <= list.len; i++) {
        if (i < list.len && !strchr(", \t", list.ptr[i]))
            continue;
        if (i > from && is_named(str_slice(list, from, i), host, port))
            return true;
        from = i + 1;
    }
    return false;
}

/* --- the environment --- */

static const char *either(const char *lower, const char *upper, const char **ret_name)
{
    const char *names[] = {lower, upper};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        const char *text = getenv(names[i]);
        *ret_name = names[i];
        if (text && *text)
            return text;
    }
    return NULL;
}

bool http_proxy_choose(struct arena *arena, struct str setting, const struct http_url *url,
                       struct str *ret_proxy, struct err *err)
{
    const char *name = "proxy", *text = NULL;
    *ret_proxy = STR_NONE;
    if (!setting.len || url->socket.len)
        return true;
    if (str_is(setting, "env")) {
        const char *ignored, *left_out = either("no_proxy", "NO_PROXY", &ignored);
        if (left_out && http_proxy_leaves_out(str_from(left_out), url->host, url->port))
            return true;
        text = str_is(url->scheme, "https") ? either("https_proxy", "HTTPS_PROXY", &name)
                                            : either("http_proxy", "HTTP_PROXY", &name);
        if (!text && !(text = either("all_proxy", "ALL_PROXY", &name)))
            return true;
        setting = arena_str(arena, str_from(text));
    }
    if (!check(setting, name, true, err))
        return false;
    *ret_proxy = setting;
    return true;
}
