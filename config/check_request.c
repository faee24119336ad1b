#include "config/check_request.h"

#include "config/identifier.h"
#include "config/node.h"
#include "port/http_proxy.h"
#include "port/http_url.h"

/* `authority` is what is between `scheme://` and the path. Without a port; brackets stay. */
static struct str authority_host(struct str authority)
{
    ptrdiff_t bracket = str_find_byte(authority, ']');
    if (bracket >= 0)
        return str_slice(authority, 0, (size_t)bracket + 1);
    struct str host;
    str_split(authority, ':', &host);
    return host;
}

static struct str url_authority(struct str rest)
{
    size_t end = 0;
    while (end < rest.len && !strchr("/?#", rest.ptr[end]))
        end++;
    return str_slice(rest, 0, end);
}

static bool is_loopback(struct str host)
{
    if (str_eq_nocase(host, STR("localhost")) || str_is(host, "[::1]"))
        return true;
    for (size_t i = 0; i < host.len; i++)
        if (host.ptr[i] != '.' && !(host.ptr[i] >= '0' && host.ptr[i] <= '9'))
            return false;
    return str_starts(host, STR("127."));
}

static bool starts_nocase(struct str text, struct str prefix)
{
    return str_eq_nocase(str_slice(text, 0, prefix.len), prefix);
}

static void check_socket(struct reader *reader, const struct yaml_node *node)
{
    struct http_url ignored;
    struct err err = ERR_INIT;
    if (str_find(node->text, STR("{{")) < 0 &&
        !http_url_parse(reader->arena, node->text, &ignored, &err))
        problem_add(reader->problems, node, "%s", err.text);
}

/*
 * What can be seen before the expressions have values; the worker checks each request's URL
 * again.
 */
static void check_url(struct reader *reader, const struct yaml_node *node, bool allow_http)
{
    struct str url = node->text;
    if (str_starts(url, STR("{{")))
        return;
    bool is_http = starts_nocase(url, STR("http://"));
    if (starts_nocase(url, STR("http+unix://"))) {
        check_socket(reader, node);
        return;
    }
    if (!is_http && !starts_nocase(url, STR("https://"))) {
        problem_add(reader->problems, node,
                    "must begin with https://, http:// or http+unix://");
        return;
    }
    struct str authority = url_authority(str_slice(url, is_http ? 7 : 8, url.len));
    struct str host = authority_host(authority);
    if (host.len == 0)
        problem_add(reader->problems, node, "names no host");
    else if (str_find_byte(authority, '@') >= 0)
        problem_add(reader->problems, node, "credentials belong in \"auth\"");
    else if (is_http && !allow_http && !is_loopback(host) && !str_starts(host, STR("{{")))
        problem_add(reader->problems, node,
                    "http sends everything in the clear; use https, or set allow_http: true");
}

/* Paths are added to it, so it ends with its own path: no query, no fragment. */
static void check_base(struct reader *reader, const struct yaml_node *node)
{
    bool is_constant = str_find(node->text, STR("{{")) < 0;
    if (is_constant &&
        (str_find_byte(node->text, '?') >= 0 || str_find_byte(node->text, '#') >= 0))
        problem_add(reader->problems, node, "cannot hold ? or #; parameters go to \"params\"");
}

/* "https://h/v1/" → "https://h/v1": the path brings its own slash. */
static struct str base_text(struct str base)
{
    while (base.len && base.ptr[base.len - 1] == '/')
        base.len--;
    return base;
}

static struct str path_text(struct arena *arena, struct str path)
{
    if (!path.len || path.ptr[0] == '/')
        return path;
    return arena_printf(arena, "/%.*s", STR_ARG(path));
}

static void compile_url(struct reader *reader, const struct yaml_node *node, struct str text,
                        struct template *ret)
{
    struct err err = ERR_INIT;
    if (!template_compile(reader->arena, text, ret, &err))
        problem_add(reader->problems, node, "%s", err.text);
}

static bool has_fragment(const struct template *url)
{
    if (url->kind == TEMPLATE_CONSTANT && url->constant.kind == VALUE_STRING)
        return str_find_byte(url->constant.text, '#') >= 0;
    for (size_t i = 0; url->kind == TEMPLATE_MIXED && i < url->count; i++)
        if (!url->parts[i].expr && str_find_byte(url->parts[i].text, '#') >= 0)
            return true;
    return false;
}

/* The parameters come behind it, so with a fragment they would never be sent. */
static void check_fragment(struct reader *reader, const struct yaml_node *node,
                           const struct template *url)
{
    if (has_fragment(url))
        problem_add(reader->problems, node,
                    "cannot hold #: what follows it is never sent; %%23 is the character");
}

static void compile_whole(struct reader *reader, const struct yaml_node *node, struct str text,
                          struct template *ret)
{
    compile_url(reader, node, text, ret);
    check_fragment(reader, node, ret);
}

void check_request_url(struct reader *reader, const struct yaml_node *map,
                       const struct yaml_node *node, bool allow_http, struct template *ret)
{
    const struct yaml_node *base = yaml_find(map, "base_url");
    if (node->kind != YAML_STRING)
        problem_add_misfit(reader->problems, node, "must be a text, not %s",
                           yaml_kind_name(node->kind));
    else if (!str_starts(node->text, STR("/")))
        check_url(reader, node, allow_http);
    else if (!base || base->kind != YAML_STRING)
        problem_add(reader->problems, node, "needs \"base_url\" at the top of the file");
    else
        compile_whole(reader, node,
                      arena_printf(reader->arena, "%.*s%.*s", STR_ARG(base_text(base->text)),
                                   STR_ARG(node->text)),
                      ret);
}

static bool is_text(struct reader *reader, const struct yaml_node *node)
{
    if (node->kind == YAML_STRING)
        return true;
    problem_add_misfit(reader->problems, node, "must be a text, not %s",
                       yaml_kind_name(node->kind));
    return false;
}

static void compile_path(struct reader *reader, const struct yaml_node *map,
                         const struct yaml_node *path, struct template *ret_base,
                         struct template *ret_path)
{
    const struct yaml_node *base = yaml_find(map, "base_url");
    if (!base)
        problem_add(reader->problems, path, "needs \"base_url\" at the top of the file");
    else if (is_text(reader, path) && base->kind == YAML_STRING) {
        compile_url(reader, base, base_text(base->text), ret_base);
        compile_whole(reader, path, path_text(reader->arena, path->text), ret_path);
    }
}

static void check_address(struct reader *reader, const struct yaml_node *map,
                          struct stream *stream)
{
    const struct yaml_node *base = yaml_find(map, "base_url"), *url = yaml_find(map, "url"),
                           *path = yaml_find(map, "path");
    if (base && is_text(reader, base)) {
        stream->base_url = base->text;
        check_url(reader, base, stream->allows_http);
        check_base(reader, base);
    }
    if (url && path)
        problem_add_key(reader->problems, url, "stands beside \"path\": one of them is enough");
    else if (!url && !path && !stream_reads_files(stream))
        problem_add(reader->problems, map, "the key \"path\" is missing (or \"url\")");
    else if (!url && !path && base && base->kind == YAML_STRING)
        compile_url(reader, base, base_text(base->text), &stream->url);
    else if (path)
        compile_path(reader, map, path, &stream->url, &stream->path);
    else if (url && is_text(reader, url)) {
        check_url(reader, url, stream->allows_http);
        compile_whole(reader, url, url->text, &stream->url);
    }
}

/* A server that believes one waits for a body that does not come. */
static bool is_of_body(struct str name)
{
    return str_eq_nocase(name, STR("content-length")) ||
           str_eq_nocase(name, STR("transfer-encoding"));
}

static void check_headers(struct reader *reader, const struct yaml_node *headers)
{
    for (size_t i = 0; headers && i < headers->count; i++) {
        struct str name;
        const struct yaml_node *value;
        if (!node_pair(headers, i, &name, &value))
            return;
        if (!identifier_is_header(name))
            problem_add_key(reader->problems, headers->items[i],
                            "\"%.*s\" cannot be a header's name", STR_ARG(name));
        else if (is_of_body(name))
            problem_add_key(reader->problems, headers->items[i],
                            "the program itself says how long a body is: leave %.*s out",
                            STR_ARG(name));
        if (yaml_is_scalar(value) &&
            (str_find_byte(value->text, '\n') >= 0 || str_find_byte(value->text, '\r') >= 0))
            problem_add(reader->problems, value, "a header's value has no line breaks");
    }
}

static bool has_header(const struct stream *stream, struct str name)
{
    for (size_t i = 0; i < stream->header_count; i++)
        if (str_eq_nocase(stream->headers[i].name, name))
            return true;
    return false;
}

/* type/subtype, and what may follow: RFC 9110, section 12.5.1. */
static bool is_content_type(struct str type)
{
    if (str_find_byte(type, '/') <= 0)
        return false;
    for (size_t i = 0; i < type.len; i++)
        if (type.ptr[i] < ' ' || type.ptr[i] > '~')
            return false;
    return true;
}

static void check_accept(struct reader *reader, const struct yaml_node *map,
                         const struct stream *stream)
{
    enum { TYPES_MAX = 16 };
    const struct yaml_node *node = yaml_find(map, "accept");
    if (!node)
        return;
    if (!stream->accept_count || stream->accept_count > TYPES_MAX)
        problem_add(reader->problems, node, "has from 1 to %d content types", TYPES_MAX);
    for (size_t i = 0; i < stream->accept_count; i++) {
        if (!is_content_type(stream->accept[i]))
            problem_add(reader->problems, node,
                        "\"%.*s\" is no content type, like application/json",
                        STR_ARG(stream->accept[i]));
        for (size_t j = 0; j < i; j++)
            if (str_eq(stream->accept[i], stream->accept[j]))
                problem_add(reader->problems, node, "\"%.*s\" stands in it twice",
                            STR_ARG(stream->accept[i]));
    }
    if (has_header(stream, STR("accept")))
        problem_add_key(reader->problems, node,
                        "stands beside the header Accept: one of them is enough");
}

void check_request_maps(struct reader *reader, const struct yaml_node *node,
                        const struct template *params, const struct template *headers)
{
    if (params && params->kind != TEMPLATE_MAP)
        problem_add(reader->problems, node, "\"params\" must be a map");
    if (headers && headers->kind != TEMPLATE_MAP)
        problem_add(reader->problems, node, "\"headers\" must be a map");
}

/* `total: {request: {path: …}}`: it follows base_url as the stream's own path does. */
static void check_count(struct reader *reader, const struct yaml_node *map,
                        struct stream *stream)
{
    struct count_request *request = &stream->pagination.count.request;
    if (!request->path)
        return;
    const struct yaml_node *total = yaml_find(yaml_find(map, "pagination"), "total");
    const struct yaml_node *given = yaml_find(total, "request");
    if (request->headers && request->headers->kind == TEMPLATE_MAP)
        check_headers(reader, yaml_find(given, "headers"));
    compile_path(reader, map, yaml_find(given, "path"), &request->url, request->path);
}

/* Where the requests of `prepare` go. The answers that name a URL stay with its origin. */
static void check_prepare(struct reader *reader, const struct yaml_node *map,
                          struct stream *stream)
{
    const struct yaml_node *node = yaml_find(map, "prepare");
    struct prepare_request *request = &stream->prepare.request, *poll = &stream->prepare.poll;
    if (!node || node->kind != YAML_MAP)
        return;
    const struct yaml_node *given = yaml_find(node, "request"),
                           *asked = yaml_find(node, "poll");
    const struct yaml_node *url = given ? yaml_find(given, "url") : NULL;
    check_headers(reader, given ? yaml_find(given, "headers") : NULL);
    check_headers(reader, asked ? yaml_find(asked, "headers") : NULL);
    if (given && !request->path == !request->url)
        problem_add(reader->problems, given, "needs \"path\" or \"url\", one of them");
    else if (request->path)
        compile_path(reader, map, yaml_find(given, "path"), &request->base, request->path);
    else if (request->url && url && is_text(reader, url)) {
        check_url(reader, url, stream->allows_http);
        check_fragment(reader, url, request->url);
        request->base = *request->url;
    }
    poll->base = request->base;
    if (poll->path)
        compile_path(reader, map, yaml_find(asked, "path"), &poll->base, poll->path);
    if (stream_reads_files(stream) && !yaml_find(map, "base_url"))
        stream->url = request->base;
}

static void check_body(struct reader *reader, const struct yaml_node *map,
                       struct stream *stream)
{
    const struct pagination *pagination = &stream->pagination;
    bool places_in_body =
        pagination->param.place == PLACE_BODY || pagination->size_param.place == PLACE_BODY;
    if (!yaml_find(map, "body_type") && (stream->body || places_in_body))
        stream->body_type = BODY_JSON;
    if (places_in_body && stream->body_type == BODY_TEXT)
        problem_add(reader->problems, node_at(map, "body_type"),
                    "a parameter cannot be placed in a body of text");
    if (places_in_body && str_is(stream->method, "GET"))
        problem_add(reader->problems, node_at(map, "pagination"),
                    "a parameter in the body needs method: POST");
}

/* Proxy and certificates, as far as they are written out. */
static void check_network(struct reader *reader, const struct yaml_node *map,
                          const struct stream *stream)
{
    const struct yaml_node *proxy = yaml_find(map, "proxy"), *tls = yaml_find(map, "tls");
    struct err err = ERR_INIT;
    bool is_constant = proxy && proxy->kind == YAML_STRING && !str_is(proxy->text, "env") &&
                       str_find(proxy->text, STR("{{")) < 0;
    if (is_constant && !http_proxy_check(proxy->text, &err))
        problem_add(reader->problems, proxy, "%s", err.text);
    if (stream->key_file && !stream->cert_file)
        problem_add(reader->problems, yaml_find(tls, "key"),
                    "needs \"cert\", the certificate that it is of");
}

/* Of `next_page`; an expression may stand for any of these. */
static void check_next_headers(struct reader *reader, const struct yaml_node *paging)
{
    static const char *const keys[] = {"next_page", "headers"};
    const struct yaml_node *node = paging;
    for (size_t i = 0; i < COUNT_OF(keys) && node; i++)
        node = node->kind == YAML_MAP ? yaml_find(node, keys[i]) : NULL;
    if (node && node->kind == YAML_MAP)
        check_headers(reader, node);
}

void check_request(struct reader *reader, const struct yaml_node *map, struct stream *stream)
{
    check_address(reader, map, stream);
    check_network(reader, map, stream);
    check_count(reader, map, stream);
    check_prepare(reader, map, stream);
    check_headers(reader, yaml_find(map, "headers"));
    check_next_headers(reader, yaml_find(map, "pagination"));
    check_accept(reader, map, stream);
    check_body(reader, map, stream);
}
