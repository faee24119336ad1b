#include "tests/support/mock_server.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "port/http_url.h"
#include "tests/support/mock.h"

struct server {
    struct event_base *base;
    struct mock_script *script;
    struct conn *conns;
    int active; /* requests without an answer yet */
};

/* One connection; one request of it at a time. */
struct conn {
    struct server *server;
    struct conn *previous, *next;
    struct bufferevent *bev;
    struct event *timer;
    bool busy;
    struct mock_plan plan;
    size_t sent;
};

/* --- helpers for the pages --- */

bool mock_query(const struct mock_request *request, const char *name, struct str *ret_value)
{
    struct str rest = request->query;
    for (struct str pair, key; rest.len;) {
        rest = str_split(rest, '&', &pair);
        struct str value = str_split(pair, '=', &key);
        if (!http_url_is_param(key, str_from(name)))
            continue;
        *ret_value = http_url_decode_query(request->arena, value);
        return true;
    }
    return false;
}

int64_t mock_query_int(const struct mock_request *request, const char *name, int64_t otherwise)
{
    struct str value;
    int64_t number = otherwise;
    if (!mock_query(request, name, &value) || !str_to_int64(value, &number))
        return otherwise;
    return number;
}

struct str mock_header(const struct mock_request *request, const char *name)
{
    struct str rest = request->headers;
    for (struct str line, key; rest.len;) {
        rest = str_split(rest, '\n', &line);
        struct str value = str_split(line, ':', &key);
        if (str_eq_nocase(key, str_from(name)))
            return str_trim(value);
    }
    return STR_NONE;
}

struct str mock_target_with(const struct mock_request *request, const char *name, int64_t value)
{
    struct str out = arena_printf(request->arena, "%.*s?%s=%lld", STR_ARG(request->path), name,
                                  (long long)value);
    struct str rest = request->query;
    for (struct str pair, key; rest.len;) {
        rest = str_split(rest, '&', &pair);
        str_split(pair, '=', &key);
        if (!str_is(key, name))
            out = arena_printf(request->arena, "%.*s&%.*s", STR_ARG(out), STR_ARG(pair));
    }
    return out;
}

void mock_put_link(const struct mock_request *request, struct mock_reply *reply,
                   const char *rel, int64_t page)
{
    struct str target = mock_target_with(request, "page", page);
    buf_printf(&reply->headers, "Link: <http://%.*s%.*s>; rel=\"%s\"\r\n",
               STR_ARG(mock_header(request, "host")), STR_ARG(target), rel);
}

/* --- writing --- */

static const char *reason(int status)
{
    static const struct {
        int status;
        const char *text;
    } known[] = {{200, "OK"},        {204, "No Content"},        {302, "Found"},
                 {404, "Not Found"}, {429, "Too Many Requests"}, {503, "Service Unavailable"}};
    for (size_t i = 0; i < COUNT_OF(known); i++)
        if (known[i].status == status)
            return known[i].text;
    return "Other";
}

void mock_compose(const struct mock_request *request, const struct mock_reply *reply,
                  enum mock_framing framing, struct buf *bytes)
{
    char date[64];
    time_t now = time(NULL);
    struct tm tm;
    gmtime_r(&now, &tm);
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &tm);
    bool has_date = str_find(buf_str(&reply->headers), STR("Date:")) >= 0;
    buf_printf(bytes, "HTTP/1.1 %d %s\r\n", reply->status, reason(reply->status));
    if (!has_date)
        buf_printf(bytes, "Date: %s\r\n", date);
    buf_printf(bytes, "Content-Type: %s\r\n", reply->type);
    buf_put(bytes, buf_str(&reply->headers));
    if (framing == MOCK_LENGTH && reply->status != 204)
        buf_printf(bytes, "Content-Length: %zu\r\n", reply->body.len);
    if (framing == MOCK_CHUNKED)
        buf_puts(bytes, "Transfer-Encoding: chunked\r\n");
    if (framing == MOCK_UNTIL_CLOSE)
        buf_puts(bytes, "Connection: close\r\n");
    buf_puts(bytes, "\r\n");
    if (str_is(request->method, "HEAD") || reply->status == 204)
        return;
    if (framing == MOCK_CHUNKED)
        buf_printf(bytes, "%zx\r\n", reply->body.len);
    buf_put(bytes, buf_str(&reply->body));
    if (framing == MOCK_CHUNKED)
        buf_puts(bytes, "\r\n0\r\n\r\n");
}

static void conn_free(struct conn *conn)
{
    if (conn->busy)
        conn->server->active--;
    *(conn->previous ? &conn->previous->next : &conn->server->conns) = conn->next;
    if (conn->next)
        conn->next->previous = conn->previous;
    event_free(conn->timer);
    bufferevent_free(conn->bev);
    buf_done(&conn->plan.bytes);
    mem_free(conn);
}

static void conn_reset(struct conn *conn)
{
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    setsockopt(bufferevent_getfd(conn->bev), SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    conn_free(conn);
}

static void conn_read(struct bufferevent *bev, void *ctx);

/* All bytes of the plan are with the kernel. */
static void conn_written(struct conn *conn)
{
    if (conn->plan.after == MOCK_RESET) {
        conn_reset(conn);
        return;
    }
    if (conn->plan.after == MOCK_CLOSE) {
        conn_free(conn);
        return;
    }
    conn->busy = false;
    conn->server->active--;
    conn_read(conn->bev, conn);
}

static void arm(struct conn *conn, int64_t delay_ms)
{
    struct timeval tv = {.tv_sec = delay_ms / 1000, .tv_usec = delay_ms % 1000 * 1000};
    evtimer_add(conn->timer, &tv);
}

static void conn_write(struct conn *conn)
{
    struct mock_plan *plan = &conn->plan;
    size_t left = plan->bytes.len - conn->sent;
    size_t size = plan->drip_ms ? MIN((size_t)plan->drip_bytes, left) : left;
    bufferevent_write(conn->bev, plan->bytes.ptr + conn->sent, size);
    conn->sent += size;
    if (conn->sent < plan->bytes.len)
        arm(conn, plan->drip_ms);
    else if (plan->bytes.len == 0)
        conn_written(conn);
}

static void timer_fired(evutil_socket_t fd, short what, void *ctx)
{
    (void)fd, (void)what;
    conn_write(ctx);
}

static void conn_drained(struct bufferevent *bev, void *ctx)
{
    (void)bev;
    struct conn *conn = ctx;
    if (conn->busy && !conn->plan.silent && conn->sent && conn->sent == conn->plan.bytes.len)
        conn_written(conn);
}

/* --- reading --- */

static void make_reply(struct server *server, struct mock_request *request,
                       struct mock_reply *reply)
{
    if (!mock_guard(request, reply) || !mock_digest_guard(request, reply))
        return;
    if (mock_script_route(server->script, request, reply) || mock_gen(request, reply) ||
        mock_pages(request, reply) || mock_token(request, reply) || mock_random(request, reply))
        return;
    reply->status = 404;
    buf_puts(&reply->body, "{\"detail\":\"Not Found\"}");
}

static void serve(struct conn *conn, struct mock_request *request)
{
    struct server *server = conn->server;
    struct mock_reply reply = {.status = 200, .type = "application/json"};
    buf_init(&reply.headers, MOCK_BYTES_MAX);
    buf_init(&reply.body, MOCK_BYTES_MAX);
    buf_done(&conn->plan.bytes);
    conn->plan = (struct mock_plan){0};
    buf_init(&conn->plan.bytes, MOCK_BYTES_MAX);
    conn->sent = 0;
    conn->busy = true;
    server->active++;
    if (mock_script_control(server->script, request, &reply)) {
        mock_compose(request, &reply, MOCK_LENGTH, &conn->plan.bytes);
    } else {
        mock_script_log(server->script, request, server->active);
        make_reply(server, request, &reply);
        mock_script_plan(server->script, request, &reply, &conn->plan);
    }
    buf_done(&reply.headers);
    buf_done(&reply.body);
}

static void split_request(struct str head, struct mock_request *request)
{
    struct str line, rest;
    request->headers = str_split(head, '\n', &line);
    rest = str_split(str_trim(line), ' ', &request->method);
    str_split(rest, ' ', &request->target);
    request->query = str_split(request->target, '?', &request->path);
}

/* Takes one whole request out of the input, if it is there. */
static bool take_request(struct evbuffer *input, struct mock_request *request)
{
    struct evbuffer_ptr end = evbuffer_search(input, "\r\n\r\n", 4, NULL);
    if (end.pos < 0)
        return false;
    size_t head_len = (size_t)end.pos + 4;
    struct str head = {(char *)evbuffer_pullup(input, end.pos + 4), head_len};
    split_request(arena_str(request->arena, head), request);
    int64_t body_len = 0;
    struct str length = mock_header(request, "content-length");
    if (length.len && !str_to_int64(length, &body_len))
        body_len = 0;
    if (evbuffer_get_length(input) < head_len + (size_t)body_len)
        return false;
    char *body = arena_alloc(request->arena, (size_t)body_len + 1);
    evbuffer_drain(input, head_len);
    evbuffer_remove(input, body, (size_t)body_len);
    request->body = (struct str){body, (size_t)body_len};
    return true;
}

/* What a web server says to a TLS handshake on its plain port. */
static bool refuse_tls(struct conn *conn, struct evbuffer *input)
{
    char first = 0;
    if (evbuffer_copyout(input, &first, 1) != 1 || first != 0x16)
        return false;
    evbuffer_drain(input, evbuffer_get_length(input));
    buf_puts(&conn->plan.bytes, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
    conn->plan.after = MOCK_CLOSE;
    conn->busy = true;
    conn->server->active++;
    conn_write(conn);
    return true;
}

static void conn_read(struct bufferevent *bev, void *ctx)
{
    struct conn *conn = ctx;
    if (conn->busy || refuse_tls(conn, bufferevent_get_input(bev)))
        return;
    AUTO_ARENA struct arena *arena = arena_new();
    struct mock_request request = {.arena = arena};
    if (!take_request(bufferevent_get_input(bev), &request))
        return;
    serve(conn, &request);
    if (conn->plan.silent)
        return;
    if (conn->plan.delay_ms)
        arm(conn, conn->plan.delay_ms);
    else
        conn_write(conn);
}

static void conn_ended(struct bufferevent *bev, short what, void *ctx)
{
    (void)bev, (void)what;
    conn_free(ctx);
}

static void accepted(struct evconnlistener *listener, evutil_socket_t fd,
                     struct sockaddr *address, int len, void *ctx)
{
    (void)listener, (void)address, (void)len;
    struct server *server = ctx;
    struct conn *conn = mem_alloc(sizeof *conn);
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    conn->server = server;
    conn->next = server->conns;
    if (conn->next)
        conn->next->previous = conn;
    server->conns = conn;
    conn->bev = bufferevent_socket_new(server->base, fd, BEV_OPT_CLOSE_ON_FREE);
    conn->timer = evtimer_new(server->base, timer_fired, conn);
    buf_init(&conn->plan.bytes, MOCK_BYTES_MAX);
    bufferevent_setcb(conn->bev, conn_read, conn_drained, conn_ended, conn);
    bufferevent_enable(conn->bev, EV_READ | EV_WRITE);
}

static void told_to_stop(evutil_socket_t fd, short what, void *ctx)
{
    (void)fd, (void)what;
    event_base_loopbreak(ctx);
}

void mock_serve(int listen_fd, const char *script)
{
    signal(SIGPIPE, SIG_IGN);
    struct server server = {.base = event_base_new(), .script = mock_script_new(script)};
    evutil_make_socket_nonblocking(listen_fd);
    struct evconnlistener *listener = evconnlistener_new(
        server.base, accepted, &server, LEV_OPT_CLOSE_ON_FREE, 1024, listen_fd);
    struct event *stop = evsignal_new(server.base, SIGTERM, told_to_stop, server.base);
    event_add(stop, NULL);
    event_base_dispatch(server.base);
    while (server.conns)
        conn_free(server.conns);
    evconnlistener_free(listener);
    event_free(stop);
    event_base_free(server.base);
    mock_script_free(server.script);
}
