#include "port/httpd.h"

#include <assert.h>
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
    HEAD_BYTES_MAX = 16 << 10,
    REQUEST_BODY_MAX = 16 << 10,
    BODY_BYTES_MAX = 16 << 20,
    STREAM_BYTES_MAX = 256 << 10,
    REQUEST_MS = 3000,
    CALL_MS = 15000,
    DEADLINE_MS = 10000,
    STREAM_MS = 20000,
    PORTS_TRIED = 21,
};

struct httpd {
    struct loop *loop;
    struct evconnlistener *listener;
    struct loop_timer *rest; /* runs while the listener is off */
    int port;
    char *token;                   /* NULL: everybody may ask */
    const char *const *open_paths; /* asked for without the token; NULL: none */
    httpd_fn fn;
    void *ctx;
    struct {
        httpd_call_fn fn;
        void *ctx;
    } first[HTTPD_CALL_FNS]; /* asked in their order, before `fn` */
    size_t first_count;
    struct httpd_call *calls;
    int call_count;
};

enum state {
    CALL_READS,    /* its request */
    CALL_IS_KEPT,  /* somebody answers later */
    CALL_STREAMS,  /* pieces follow */
    CALL_ANSWERED, /* ends when all is sent */
};

/* A caller. Ends with its answer, its deadline, an error or the listener, whichever comes
 * first. */
struct httpd_call {
    struct httpd *httpd;
    struct httpd_call *previous, *next;
    struct bufferevent *bev;
    struct loop_timer *deadline;
    enum state state;
    loop_fn gone_fn; /* who keeps it */
    void *gone_ctx;
};

static void tell_gone(struct httpd_call *call)
{
    loop_fn fn = call->gone_fn;
    call->gone_fn = NULL;
    if (fn)
        fn(call->gone_ctx);
}

static void call_free(struct httpd_call *call)
{
    struct httpd *httpd = call->httpd;
    *(call->previous ? &call->previous->next : &httpd->calls) = call->next;
    if (call->next)
        call->next->previous = call->previous;
    httpd->call_count--;
    tell_gone(call);
    loop_timer_free(call->deadline);
    bufferevent_free(call->bev);
    mem_free(call);
}

static void on_deadline(void *ctx)
{
    call_free(ctx);
}

/* --- answers --- */

static const char *reason(int status)
{
    switch (status) {
    case 200:
        return "OK";
    case 304:
        return "Not Modified";
    case 400:
        return "Bad Request";
    case 401:
        return "Unauthorized";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 409:
        return "Conflict";
    case 411:
        return "Length Required";
    case 413:
        return "Content Too Large";
    case 421:
        return "Misdirected Request";
    case 431:
        return "Request Header Fields Too Large";
    case 500:
        return "Internal Server Error";
    case 503:
        return "Service Unavailable";
    case 504:
        return "Gateway Timeout";
    default:
        return "Other";
    }
}

static void put_head(struct httpd_call *call, const struct httpd_answer *answer)
{
    evbuffer_add_printf(
        bufferevent_get_output(call->bev),
        "HTTP/1.1 %d %s\r\nContent-Type: %s\r\n%s%s%sCache-Control: %s\r\n"
        "X-Content-Type-Options: nosniff\r\nCross-Origin-Resource-Policy: same-origin\r\n"
        "Connection: close\r\n",
        answer->status, reason(answer->status), answer->type ? answer->type : "text/plain",
        answer->status == 401 ? "WWW-Authenticate: Bearer\r\n" : "",
        answer->status == 405 ? "Allow: GET, POST\r\n" : "",
        answer->headers ? answer->headers : "", answer->caching ? answer->caching : "no-store");
}

/* The answer is the listener's own now: nobody is told of its end. */
static void settle(struct httpd_call *call)
{
    call->state = CALL_ANSWERED;
    call->gone_fn = NULL;
    loop_timer_set(call->deadline, DEADLINE_MS);
}

void httpd_refuse(struct httpd_call *call, int status, struct str why)
{
    char text[1024];
    snprintf(text, sizeof text, "%s%s%.*s\n", reason(status), why.len ? ": " : "",
             STR_ARG(str_slice(why, 0, sizeof text / 2)));
    httpd_answer(call, &(struct httpd_answer){.status = status, .body = str_from(text)});
}

void httpd_answer(struct httpd_call *call, const struct httpd_answer *answer)
{
    struct evbuffer *out = bufferevent_get_output(call->bev);
    if (answer->body.len > BODY_BYTES_MAX) {
        httpd_refuse(call, 503, STR_NONE);
        return;
    }
    put_head(call, answer);
    evbuffer_add_printf(out, "Content-Length: %zu\r\n\r\n", answer->body.len);
    evbuffer_add(out, answer->body.ptr, answer->body.len);
    settle(call);
}

void httpd_stream(struct httpd_call *call, const char *type)
{
    put_head(call, &(struct httpd_answer){.status = 200, .type = type});
    evbuffer_add_printf(bufferevent_get_output(call->bev), "\r\n");
    call->state = CALL_STREAMS;
    loop_timer_set(call->deadline, STREAM_MS);
}

bool httpd_stream_put(struct httpd_call *call, struct str piece)
{
    struct evbuffer *out = bufferevent_get_output(call->bev);
    if (evbuffer_get_length(out) + piece.len > STREAM_BYTES_MAX) {
        tell_gone(call);
        call->state = CALL_ANSWERED;
        loop_timer_set(call->deadline, 0); /* not here: it may be under way above us */
        return false;
    }
    evbuffer_add(out, piece.ptr, piece.len);
    if (!loop_timer_is_set(call->deadline))
        loop_timer_set(call->deadline, STREAM_MS);
    return true;
}

/* --- requests --- */

/* Takes the same time wherever the first difference is. */
static bool is_same_secret(struct str a, struct str b)
{
    unsigned char difference = a.len != b.len;
    for (size_t i = 0; i < a.len && b.len; i++)
        difference |= (unsigned char)(a.ptr[i] ^ b.ptr[i % b.len]);
    return difference == 0;
}

static bool is_open(const struct httpd *httpd, struct str path)
{
    for (const char *const *open = httpd->open_paths; open && *open; open++)
        if (str_is(path, *open))
            return true;
    return false;
}

static bool has_token(const struct httpd *httpd, const struct httpd_request *request)
{
    struct str scheme, said = httpd_request_header(request, STR("authorization"));
    struct str given = str_split(said, ' ', &scheme);
    return str_eq_nocase(scheme, STR("bearer")) &&
           is_same_secret(str_trim(given), str_from(httpd->token));
}

/* 0: it may ask. */
static int refusal(const struct httpd *httpd, const struct httpd_request *request)
{
    if (!str_is(request->method, "GET") && !str_is(request->method, "POST"))
        return 405;
    if (is_open(httpd, request->path))
        return 0;
    if (httpd->token)
        return has_token(httpd, request) ? 0 : 401;
    return httpd_request_is_local(request) ? 0 : 421;
}

static struct str refusal_words(int status)
{
    if (status == 421)
        return STR("without a token the name in Host must be localhost or 127.0.0.1");
    return STR_NONE;
}

static void ask(struct httpd_call *call, struct str path)
{
    struct httpd *httpd = call->httpd;
    AUTO_BUF(body, BODY_BYTES_MAX);
    const char *type = "text/plain";
    int status = httpd->fn(httpd->ctx, path, &body, &type);
    if (body.has_overflowed)
        httpd_refuse(call, 503, STR_NONE);
    else if (body.len == 0 && status != 200)
        httpd_refuse(call, status, STR_NONE);
    else
        httpd_answer(call, &(struct httpd_answer){
                               .status = status, .type = type, .body = buf_str(&body)});
}

static bool is_taken(struct httpd_call *call, const struct httpd_request *request)
{
    const struct httpd *httpd = call->httpd;
    for (size_t i = 0; i < httpd->first_count; i++)
        if (httpd->first[i].fn(httpd->first[i].ctx, call, request))
            return true;
    return false;
}

static void handle(struct httpd_call *call, const struct httpd_request *request)
{
    struct httpd *httpd = call->httpd;
    int refused = refusal(httpd, request);
    call->state = CALL_IS_KEPT;
    loop_timer_set(call->deadline, CALL_MS);
    if (refused)
        httpd_refuse(call, refused, refusal_words(refused));
    else if (is_taken(call, request))
        return;
    else if (!str_is(request->method, "GET"))
        httpd_refuse(call, 405, STR_NONE);
    else
        ask(call, request->path);
}

/* The head has `head_bytes`; its empty line follows, and then its body, once it is there. */
static void read_body(struct httpd_call *call, struct evbuffer *in, size_t head_bytes)
{
    struct httpd_request request;
    char *bytes = (char *)evbuffer_pullup(in, -1);
    if (!httpd_request_parse((struct str){bytes, head_bytes}, &request)) {
        httpd_refuse(call, 400, STR_NONE);
        return;
    }
    int64_t length = httpd_request_body_bytes(&request);
    if (length < 0 || length > REQUEST_BODY_MAX) {
        httpd_refuse(call, length < 0 ? 411 : 413, STR_NONE);
        return;
    }
    request.body = (struct str){bytes + head_bytes + 4, (size_t)length};
    if (evbuffer_get_length(in) >= head_bytes + 4 + request.body.len)
        handle(call, &request);
}

static void on_read(struct bufferevent *bev, void *ctx)
{
    struct httpd_call *call = ctx;
    struct evbuffer *in = bufferevent_get_input(bev);
    if (call->state == CALL_READS) {
        struct evbuffer_ptr end = evbuffer_search(in, "\r\n\r\n", 4, NULL);
        if (end.pos >= 0 && end.pos <= HEAD_BYTES_MAX)
            read_body(call, in, (size_t)end.pos);
        else if (evbuffer_get_length(in) > HEAD_BYTES_MAX)
            httpd_refuse(call, 431, STR_NONE);
    }
    if (call->state != CALL_READS)
        evbuffer_drain(in, evbuffer_get_length(in));
}

static void on_drained(struct bufferevent *bev, void *ctx)
{
    (void)bev;
    struct httpd_call *call = ctx;
    if (call->state == CALL_ANSWERED)
        call_free(call);
    else if (call->state == CALL_STREAMS)
        loop_timer_clear(call->deadline);
}

static void on_end(struct bufferevent *bev, short what, void *ctx)
{
    (void)bev, (void)what;
    call_free(ctx);
}

/* Who has said nothing yet goes first, then who has its answer and does not take it. The list
 * begins with the newest. */
static void drop_oldest(struct httpd *httpd)
{
    struct httpd_call *oldest = NULL, *idle = NULL, *slow = NULL;
    for (struct httpd_call *call = httpd->calls; call; call = call->next) {
        oldest = call;
        idle = call->state == CALL_READS ? call : idle;
        slow = call->state == CALL_ANSWERED ? call : slow;
    }
    assert(oldest);
    call_free(idle ? idle : slow ? slow : oldest);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd,
                      struct sockaddr *address, int len, void *ctx)
{
    (void)address, (void)len;
    struct httpd *httpd = ctx;
    if (httpd->call_count >= CONNECTIONS_MAX)
        drop_oldest(httpd);
    struct httpd_call *call = mem_alloc(sizeof *call);
    *call = (struct httpd_call){.httpd = httpd, .next = httpd->calls};
    if (call->next)
        call->next->previous = call;
    httpd->calls = call;
    httpd->call_count++;
    call->bev = mem_checked(
        bufferevent_socket_new(evconnlistener_get_base(listener), fd, BEV_OPT_CLOSE_ON_FREE));
    call->deadline = loop_timer_new(httpd->loop, on_deadline, call);
    loop_timer_set(call->deadline, REQUEST_MS);
    bufferevent_setwatermark(call->bev, EV_READ, 0, HEAD_BYTES_MAX + REQUEST_BODY_MAX + 8);
    bufferevent_setcb(call->bev, on_read, on_drained, on_end, call);
    bufferevent_enable(call->bev, EV_READ | EV_WRITE);
}

/* The next caller waits in the kernel: without a rest the loop would be here again at once. */
static void on_accept_error(struct evconnlistener *listener, void *ctx)
{
    enum { REST_MS = 100 };
    struct httpd *httpd = ctx;
    evconnlistener_disable(listener);
    loop_timer_set(httpd->rest, REST_MS);
}

static void on_rested(void *ctx)
{
    struct httpd *httpd = ctx;
    evconnlistener_enable(httpd->listener);
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
            evconnlistener_set_error_cb(httpd->listener, on_accept_error);
            httpd->rest = loop_timer_new(httpd->loop, on_rested, httpd);
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

void httpd_on_call(struct httpd *httpd, httpd_call_fn fn, void *ctx)
{
    assert(httpd->first_count < HTTPD_CALL_FNS);
    httpd->first[httpd->first_count].fn = fn;
    httpd->first[httpd->first_count++].ctx = ctx;
}

void httpd_on_gone(struct httpd_call *call, loop_fn fn, void *ctx)
{
    call->gone_fn = fn;
    call->gone_ctx = ctx;
}

void httpd_close(struct httpd *httpd)
{
    if (!httpd)
        return;
    while (httpd->calls)
        call_free(httpd->calls);
    loop_timer_free(httpd->rest);
    evconnlistener_free(httpd->listener);
    mem_free(httpd->token);
    mem_free(httpd);
}

int httpd_port(const struct httpd *httpd)
{
    return httpd->port;
}
