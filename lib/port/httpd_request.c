#include "port/httpd_request.h"

#include "port/address.h"
#include "port/http_url.h"

bool httpd_request_parse(struct str head, struct httpd_request *ret_request)
{
    struct str line, target, version;
    struct httpd_request request = {.headers = str_split(head, '\n', &line)};
    version = str_split(str_split(str_trim(line), ' ', &request.method), ' ', &target);
    request.query = str_split(target, '?', &request.path);
    if (!str_starts(version, STR("HTTP/1.")) || !str_starts(request.path, STR("/")))
        return false;
    *ret_request = request;
    return true;
}

struct str httpd_request_header(const struct httpd_request *request, struct str name)
{
    struct str headers = request->headers;
    for (struct str line, key; headers.len;) {
        headers = str_split(headers, '\n', &line);
        struct str value = str_split(line, ':', &key);
        if (str_eq_nocase(key, name))
            return str_trim(value);
    }
    return STR_NONE;
}

int64_t httpd_request_body_bytes(const struct httpd_request *request)
{
    int64_t bytes = 0;
    struct str length = httpd_request_header(request, STR("content-length"));
    if (httpd_request_header(request, STR("transfer-encoding")).len ||
        (length.len &&
         (str_count_digits(length) != length.len || !str_to_int64(length, &bytes))))
        return -1;
    return bytes;
}

/* --- the query --- */

struct str httpd_request_param(struct arena *arena, const struct httpd_request *request,
                               struct str name)
{
    struct str query = request->query;
    for (struct str pair, key; query.len;) {
        query = str_split(query, '&', &pair);
        struct str value = str_split(pair, '=', &key);
        if (http_url_is_param(key, name))
            return http_url_decode_query(arena, value);
    }
    return STR_NONE;
}

/* --- whose page asks --- */

/* Without its port, and without the brackets of IPv6. */
static struct str host_of(struct str authority)
{
    struct str host;
    if (str_starts(authority, STR("["))) {
        str_split(str_slice(authority, 1, authority.len), ']', &host);
        return host;
    }
    str_split(authority, ':', &host);
    return host;
}

bool httpd_request_is_local(const struct httpd_request *request)
{
    struct str host = httpd_request_header(request, STR("host"));
    return !host.len || address_text_is_loopback(host_of(host));
}

bool httpd_request_is_same_origin(const struct httpd_request *request)
{
    struct str site = httpd_request_header(request, STR("sec-fetch-site"));
    struct str origin = httpd_request_header(request, STR("origin"));
    if (site.len && !str_is(site, "same-origin") && !str_is(site, "none"))
        return false;
    if (!origin.len)
        return true;
    ptrdiff_t scheme = str_find(origin, STR("://"));
    return scheme > 0 && str_eq_nocase(str_slice(origin, (size_t)scheme + 3, origin.len),
                                       httpd_request_header(request, STR("host")));
}
