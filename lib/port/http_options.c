#include "port/http_options.h"

#include <curl/curl.h>

#include "base/file.h"
#include "base/mem.h"
#include "port/http_url.h"

enum { CONNECT_SLACK_MS = 60000 }; /* what libcurl may add to our own limit */

static void put_header(struct curl_slist **list, const char *line)
{
    *list = mem_checked(curl_slist_append(*list, line));
}

static struct curl_slist *set_headers(CURL *easy, struct arena *arena,
                                      const struct http_request *request)
{
    struct curl_slist *list = NULL;
    bool has_type = false;
    for (size_t i = 0; i < request->header_count; i++) {
        const struct http_header *header = &request->headers[i];
        has_type = has_type || str_eq_nocase(header->name, STR("content-type"));
        /* "Name;" is libcurl's way to send a header without a value; "Name:" removes one. */
        struct str line = header->value.len
                              ? arena_printf(arena, "%.*s: %.*s", STR_ARG(header->name),
                                             STR_ARG(header->value))
                              : arena_printf(arena, "%.*s;", STR_ARG(header->name));
        put_header(&list, line.ptr);
    }
    put_header(&list, "Expect:");
    if (!has_type)
        put_header(&list, "Content-Type:");
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, list);
    return list;
}

static void set_method(CURL *easy, struct arena *arena, const struct http_request *request)
{
    struct str method = request->method;
    if (str_is(method, "HEAD")) {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
        return;
    }
    /* These announce a body even where it is empty (RFC 9110, section 8.6). */
    bool announces = str_is(method, "POST") || str_is(method, "PUT") || str_is(method, "PATCH");
    if (request->has_body || announces) {
        struct str body = request->has_body && request->body.len ? request->body : STR("");
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len);
        curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, body.ptr);
    }
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, arena_cstr(arena, method));
}

static void set_file(CURL *easy, struct arena *arena, CURLoption option, struct str name)
{
    if (name.len)
        curl_easy_setopt(easy, option, arena_cstr(arena, file_at_home(arena, name)));
}

static void set_digest(CURL *easy, struct arena *arena, const struct http_request *request)
{
    if (!request->digest_user.len)
        return;
    curl_easy_setopt(easy, CURLOPT_HTTPAUTH, CURLAUTH_DIGEST);
    curl_easy_setopt(easy, CURLOPT_USERNAME, arena_cstr(arena, request->digest_user));
    curl_easy_setopt(easy, CURLOPT_PASSWORD, arena_cstr(arena, request->digest_password));
}

static void set_network(CURL *easy, struct arena *arena, const struct http_request *request,
                        struct str proxy)
{
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    /* Set, even to nothing, neither is taken from the environment. */
    curl_easy_setopt(easy, CURLOPT_PROXY, arena_cstr(arena, proxy));
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, (long)request->is_once);
    curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    set_file(easy, arena, CURLOPT_CAINFO, request->ca_file);
    set_file(easy, arena, CURLOPT_SSLCERT, request->cert_file);
    set_file(easy, arena, CURLOPT_SSLKEY, request->key_file);
    /* libcurl shares this out over the addresses of a host; the limit itself is our timer. */
    if (request->timeouts.connect_ms > 0)
        curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                         (long)request->timeouts.connect_ms + CONNECT_SLACK_MS);
}

static void set_url(CURL *easy, struct arena *arena, struct str url)
{
    struct http_url parsed;
    struct err ignored = ERR_INIT;
    bool is_socket = http_url_parse(arena, url, &parsed, &ignored) && parsed.socket.len;
    if (is_socket) {
        url = http_url_at_socket(arena, url);
        curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, arena_cstr(arena, parsed.socket));
    }
    curl_easy_setopt(easy, CURLOPT_URL, arena_cstr(arena, url));
}

struct curl_slist *http_options_set(void *easy, struct arena *arena,
                                    const struct http_request *request, struct str proxy)
{
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "pagetide/" PAGETIDE_VERSION);
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 64L << 10);
    set_network(easy, arena, request, proxy);
    set_url(easy, arena, request->url);
    set_digest(easy, arena, request);
    set_method(easy, arena, request);
    return set_headers(easy, arena, request);
}
