#include "port/http_check.h"

#include "base/arena.h"
#include "port/address.h"
#include "port/http_url.h"

/* RFC 9110, section 5.6.2. */
static bool is_token(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        bool word = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
        if (!word && (!c || !strchr("!#$%&'*+-.^_`|~", c)))
            return false;
    }
    return text.len > 0;
}

static bool check_header(const struct http_header *header, struct err *err)
{
    if (!is_token(header->name))
        return err_set(err, ERR_CONFIG, "http", 0, "'%.*s' is no header name",
                       STR_ARG(header->name));
    for (size_t i = 0; i < header->value.len; i++)
        if (!header->value.ptr[i] || strchr("\r\n", header->value.ptr[i]))
            return err_set(err, ERR_CONFIG, "http", 0,
                           "header %.*s: a line break or NUL in its value",
                           STR_ARG(header->name));
    return true;
}

static bool check_host(const struct http_request *request, struct err *err)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct http_url url;
    if (!http_url_parse(arena, request->url, &url, err))
        return false;
    if (str_is(url.scheme, "http") && !request->allow_http &&
        !address_text_is_loopback(url.host))
        return err_set(err, ERR_CONFIG, "http", 0,
                       "plain http to %.*s; allow_http: true would allow it",
                       STR_ARG(url.host));
    if (url.socket.len && !request->allow_private)
        return err_set(err, ERR_CONFIG, "http", 0,
                       "a Unix socket of this machine is only asked where base_url names it");
    bool literal;
    bool is_public = address_text_is_public(url.host, &literal);
    if (literal && !is_public && !request->allow_private)
        return err_set(err, ERR_CONFIG, "http", 0,
                       "the address %.*s is not public; allow_private: true would allow it",
                       STR_ARG(url.host));
    return true;
}

bool http_check(const struct http_request *request, struct err *err)
{
    if (!is_token(request->method))
        return err_set(err, ERR_CONFIG, "http", 0, "'%.*s' is no method",
                       STR_ARG(request->method));
    if (request->has_body && str_is(request->method, "HEAD"))
        return err_set(err, ERR_CONFIG, "http", 0, "a HEAD request has no body");
    for (size_t i = 0; i < request->header_count; i++)
        if (!check_header(&request->headers[i], err))
            return false;
    return check_host(request, err);
}
