#include "port/httpd.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>

#include "base/mem.h"
#include "port/address.h"

enum {
    CONNECTIONS_MAX = 32,
    REQUEST_BYTES_MAX = 16 << 10,
    BODY_BYTES_MAX = 16 << 20,
    REQUEST_MS = 3000,
    DEADLINE_MS = 10000,
    PORTS_TRIED = 21,
};

struct httpd {
    struct loop *loop;
    struct evconnlistener *listener;
    int port;
    char *token;                   /* NULL: everybody may ask */
    const char *const *open_paths; /* asked for without the token; NULL: none */
    httpd_fn fn;
    void *ctx;
    struct client *clients;
    int client_count;
};

/* Ends with its answer, its deadline, an error or the listener, whichever comes first. */
struct client {
    struct httpd *httpd;
    struct client *previous, *next;
    struct bufferevent *bev;
    struct loop_timer *deadline;
    bool is_answered;
};

static void client_free(struct client *client)
{
    struct httpd *httpd = client->httpd;
    *(client->previous ? &client->previous->next : &httpd->clients) = client->next;
    if (client->next)
        client->next->previous = client->previous;
    httpd->client_count--;
    loop_timer_free(client->deadline);
    bufferevent_free(client->bev);
    mem_free(client);
}

static void on_deadline(void *ctx)
{
    client_free(ctx);
}

/* --- answers --- */

static const char *reason(int status)
{
    switch (status) {
    case 200:
        return "OK";
    case 400:
        return "Bad Request";
    case 401:
        return "Unauthorized";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 431:
        return "Request Header Fields Too Large";
    case 503:
        return "Service Unavailable";
    default:
        return "Other";
    }
}

static void answer(struct client *client, int status, const char *type, struct str body)
{
    struct evbuffer *out = bufferevent_get_output(client->bev);
    evbuffer_add_printf(out,
                        "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n%s%s"
                        "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
                        "Connection: close\r\n\r\n",
                        status, reason(status), type, body.len,
                        status == 401 ? "WWW-Authenticate: Bearer\r\n" : "",
                        status == 405 ? "Allow: GET\r\n" : "");
    evbuffer_add(out, body.ptr, body.len);
    client->is_answered = true;
    loop_timer_set(client->deadline, DEADLINE_MS);
}

static void answer_status(struct client *client, int status)
{
    char text[64];
    snprintf(text, sizeof text, "%s\n", reason(status));
    answer(client, status, "text/plain", str_from(text));
}

/* --- requests --- */

static struct str header_find(struct str headers, struct str name)
{
    for (struct str line, key; headers.len;) {
        headers = str_split(headers, '\n', &line);
        struct str value = str_split(line, ':', &key);
        if (str_eq_nocase(key, name))
            return str_trim(value);
    }
    return STR_NONE;
}

/* Takes the same time wherever the first difference is. */
static bool is_same_secret(struct str a, struct str b)
{
    unsigned char difference = a.len != b.len;
    for (size_t i = 0; i < a.len && b.len; i++)
        difference |= (unsigned char)(a.ptr[i] ^ b.ptr[i % b.len]);
    return difference == 0;
}

static bool may_ask(const struct httpd *httpd, struct str path, struct str headers)
{
    if (!httpd->token)
        return true;
    for (const char *const *open = httpd->open_paths; open && *open; open++)
        if (str_is(path, *open))
            return true;
    struct str scheme;
    struct str given = str_split(header_find(headers, STR("authorization")), ' ', &scheme);
    return str_eq_nocase(scheme, STR("bearer")) &&
           is_same_secret(str_trim(given), str_from(httpd->token));
}

static void ask(struct client *client, struct str path)
{
    struct httpd *httpd = client->httpd;
    AUTO_BUF(body, BODY_BYTES_MAX);
    const char *type = "text/plain";
    int status = httpd->fn(httpd->ctx, path, &body, &type);
    if (body.has_overflowed)
        answer_status(client, 503);
    else if (body.len == 0 && status != 200)
        answer_status(client, status);
    else
        answer(client, status, type, buf_str(&body));
}

static void handle(struct client *client, struct str head)
{
    struct str line, method, target, path;
    struct str headers = str_split(head, '\n', &line);
    struct str version = str_split(str_split(str_trim(line), ' ', &method), ' ', &target);
    str_split(target, '?', &path);
    if (!str_starts(version, STR("HTTP/1.")) || !str_starts(path, STR("/")))
        answer_status(client, 400);
    else if (!may_ask(client->httpd, path, headers))
        answer_status(client, 401);
    else if (!str_is(method, "GET"))
        answer_status(client, 405);
    else
        ask(client, path);
}

static void on_client_read(struct bufferevent *bev, void *ctx)
{
    struct client *client = ctx;
    struct evbuffer *in = bufferevent_get_input(bev);
    struct evbuffer_ptr end = evbuffer_search(in, "\r\n\r\n", 4, NULL);
    if (client->is_answered) {
        evbuffer_drain(in, evbuffer_get_length(in));
    } else if (end.pos >= 0 && end.pos <= REQUEST_BYTES_MAX) {
        handle(client, (struct str){(char *)evbuffer_pullup(in, end.pos), (size_t)end.pos});
        evbuffer_drain(in, evbuffer_get_length(in));
    } else if (evbuffer_get_length(in) > REQUEST_BYTES_MAX) {
        answer_status(client, 431);
    }
}

static void on_client_drained(struct bufferevent *bev, void *ctx)
{
    (void)bev;
    struct client *client = ctx;
    if (client->is_answered)
        client_free(client);
}

static void on_client_end(struct bufferevent *bev, short what, void *ctx)
{
    (void)bev, (void)what;
    client_free(ctx);
}

/* The list begins with the newest. */
static void drop_oldest(struct httpd *httpd)
{
    struct client *oldest = NULL, *idle = NULL;
    for (struct client *client = httpd->clients; client; client = client->next) {
        oldest = client;
        idle = client->is_answered ? idle : client;
    }
    client_free(idle ? idle : oldest);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd,
                      struct sockaddr *address, int len, void *ctx)
{
    (void)address, (void)len;
    struct httpd *httpd = ctx;
    if (httpd->client_count >= CONNECTIONS_MAX)
        drop_oldest(httpd);
    struct client *client = mem_alloc(sizeof *client);
    *client = (struct client){.httpd = httpd, .next = httpd->clients};
    if (client->next)
        client->next->previous = client;
    httpd->clients = client;
    httpd->client_count++;
    client->bev = mem_checked(
        bufferevent_socket_new(evconnlistener_get_base(listener), fd, BEV_OPT_CLOSE_ON_FREE));
    client->deadline = loop_timer_new(httpd->loop, on_deadline, client);
    loop_timer_set(client->deadline, REQUEST_MS);
    bufferevent_setwatermark(client->bev, EV_READ, 0, REQUEST_BYTES_MAX + 4);
    bufferevent_setcb(client->bev, on_client_read, on_client_drained, on_client_end, client);
    bufferevent_enable(client->bev, EV_READ | EV_WRITE);
}

/* --- listening --- */

struct place {
    struct sockaddr_storage addr;
    socklen_t len;
    int port;
};

/* "host:port" or "[v6]:port". */
static bool split_address(const char *address, struct str *ret_host, int *ret_port)
{
    const char *colon = strrchr(address, ':');
    int64_t port;
    if (!colon || colon == address || !str_to_int64(str_from(colon + 1), &port))
        return false;
    struct str host = {address, (size_t)(colon - address)};
    if (host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']')
        host = str_slice(host, 1, host.len - 1);
    if (port < 0 || port > 65535)
        return false;
    *ret_host = host;
    *ret_port = (int)port;
    return true;
}

static bool find_place(const char *address, bool has_token, struct place *ret, struct err *err)
{
    struct str host;
    int port;
    if (!split_address(address, &host, &port))
        return err_set(err, ERR_CONFIG, "httpd", 0, "'%s' is not host:port", address);
    if (!address_text_is_loopback(host) && !has_token)
        return err_set(err, ERR_CONFIG, "httpd", 0, "%s is not loopback: set a token", address);
    char literal[INET6_ADDRSTRLEN];
    snprintf(literal, sizeof literal, "%.*s", STR_ARG(host));
    if (str_eq_nocase(host, STR("localhost")))
        snprintf(literal, sizeof literal, "127.0.0.1");
    struct addrinfo *found,
        hints = {.ai_flags = AI_NUMERICHOST | AI_PASSIVE, .ai_socktype = SOCK_STREAM};
    if (host.len >= sizeof literal || getaddrinfo(literal, NULL, &hints, &found) != 0)
        return err_set(err, ERR_CONFIG, "httpd", 0, "%.*s is no address of this host",
                       STR_ARG(host));
    memcpy(&ret->addr, found->ai_addr, found->ai_addrlen);
    ret->len = found->ai_addrlen;
    ret->port = port;
    freeaddrinfo(found);
    return true;
}

static void set_port(struct sockaddr_storage *addr, int port)
{
    if (addr->ss_family == AF_INET6)
        ((struct sockaddr_in6 *)addr)->sin6_port = htons((uint16_t)port);
    else
        ((struct sockaddr_in *)addr)->sin_port = htons((uint16_t)port);
}

static int bound_port(evutil_socket_t fd)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } addr = {.v6 = {0}};
    socklen_t len = sizeof addr;
    getsockname(fd, &addr.any, &len);
    return ntohs(addr.any.sa_family == AF_INET6 ? addr.v6.sin6_port : addr.v4.sin_port);
}

static bool bind_listener(struct httpd *httpd, struct place *place, int tries, struct err *err)
{
    const unsigned flags = LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE;
    int code = EADDRINUSE;
    for (int i = 0; i < tries && code == EADDRINUSE && place->port + i <= 65535; i++) {
        set_port(&place->addr, place->port + i);
        httpd->listener = evconnlistener_new_bind(
            loop_base(httpd->loop), on_accept, httpd, flags, CONNECTIONS_MAX,
            (struct sockaddr *)&place->addr, (int)place->len);
        if (httpd->listener) {
            httpd->port = bound_port(evconnlistener_get_fd(httpd->listener));
            return true;
        }
        code = errno;
    }
    bool lasting = code == EACCES || code == EADDRNOTAVAIL;
    return err_set(err, lasting ? ERR_CONFIG : ERR_AGAIN, "httpd", code, "port %d: %s",
                   place->port, strerror(code));
}

bool httpd_open(struct loop *loop, const char *address, const char *token, bool next_free,
                httpd_fn fn, void *ctx, struct httpd **ret_httpd, struct err *err)
{
    bool has_token = token && *token;
    struct place place;
    if (!find_place(address, has_token, &place, err))
        return false;
    struct httpd *httpd = mem_alloc(sizeof *httpd);
    *httpd = (struct httpd){.loop = loop, .fn = fn, .ctx = ctx};
    if (!bind_listener(httpd, &place, next_free ? PORTS_TRIED : 1, err)) {
        mem_free(httpd);
        return false;
    }
    httpd->token = has_token ? mem_strdup(token) : NULL;
    *ret_httpd = httpd;
    return true;
}

void httpd_let_in(struct httpd *httpd, const char *const *paths)
{
    httpd->open_paths = paths;
}

void httpd_close(struct httpd *httpd)
{
    if (!httpd)
        return;
    while (httpd->clients)
        client_free(httpd->clients);
    evconnlistener_free(httpd->listener);
    mem_free(httpd->token);
    mem_free(httpd);
}

int httpd_port(const struct httpd *httpd)
{
    return httpd->port;
}
