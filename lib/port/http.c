#include "port/http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <unistd.h>

#include <curl/curl.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "port/address.h"
#include "port/http_check.h"
#include "port/http_headers.h"

struct http {
    struct loop *loop;
    CURLM *multi;
    struct loop_timer *timer; /* libcurl's own */
    struct http_call *calls;
    size_t bytes;
};

/* A socket of libcurl's, as long as it wants it watched. */
struct watch {
    struct http *http;
    curl_socket_t fd;
    struct loop_fd *fd_watch;
};

enum { CURL_SLACK_MS = 60000 }; /* what libcurl may add to our own limits */

enum phase { CONNECTING, WAITING, READING };

struct http_call {
    struct http *http;
    struct http_call *previous, *next;
    CURL *easy;
    bool added; /* to the multi handle */
    struct loop_timer *timer;
    http_done_fn fn;
    void *ctx;

    struct http_timeouts timeouts;
    enum phase phase;
    int64_t started_mono_ms;
    int64_t phase_mono_ms; /* when the phase began; in READING, the last byte */

    bool allow_private, proxied;
    bool opened; /* one address at least was let through */
    char refused[INET6_ADDRSTRLEN];
    bool headers_full;

    struct arena *arena; /* request and answer headers */
    struct curl_slist *sent_headers;
    struct http_headers headers;
    struct buf body;
    struct err failed; /* found before anything was sent */
    char error[CURL_ERROR_SIZE];
};

/* ---- sockets and timers ------------------------------------------------------------------ */

static void finish_done(struct http *http);

static void act(struct http *http, curl_socket_t fd, int events)
{
    int running;
    curl_multi_socket_action(http->multi, fd, events, &running);
    finish_done(http);
}

static void socket_ready(void *ctx, int events)
{
    struct watch *watch = ctx;
    int bits = (events & LOOP_READ ? CURL_CSELECT_IN : 0) |
               (events & LOOP_WRITE ? CURL_CSELECT_OUT : 0);
    act(watch->http, watch->fd, bits);
}

static int socket_wanted(CURL *easy, curl_socket_t fd, int what, void *ctx, void *ctx_of_fd)
{
    (void)easy;
    struct http *http = ctx;
    struct watch *watch = ctx_of_fd;
    if (what == CURL_POLL_REMOVE) {
        if (watch)
            loop_fd_free(watch->fd_watch);
        mem_free(watch);
        return 0;
    }
    if (!watch) {
        watch = mem_alloc(sizeof *watch);
        *watch = (struct watch){.http = http, .fd = fd};
        watch->fd_watch = loop_fd_new(http->loop, fd, socket_ready, watch);
        curl_multi_assign(http->multi, fd, watch);
    }
    int events =
        (what & CURL_POLL_IN ? LOOP_READ : 0) | (what & CURL_POLL_OUT ? LOOP_WRITE : 0);
    loop_fd_set(watch->fd_watch, events);
    return 0;
}

static void curl_timer_fired(void *ctx)
{
    act(ctx, CURL_SOCKET_TIMEOUT, 0);
}

static int timer_wanted(CURLM *multi, long delay_ms, void *ctx)
{
    (void)multi;
    struct http *http = ctx;
    if (delay_ms < 0)
        loop_timer_clear(http->timer);
    else
        loop_timer_set(http->timer, delay_ms);
    return 0;
}

bool http_new(struct loop *loop, struct http **ret_http, struct err *err)
{
    static bool initialised;
    if (!initialised && curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return err_set(err, ERR_BUG, "http", 0, "libcurl cannot be initialised");
    initialised = true;
    /* OpenSSL writes with write(2): a peer that is gone must not end the process. */
    signal(SIGPIPE, SIG_IGN);
    CURLM *multi = curl_multi_init();
    if (!multi)
        return err_set(err, ERR_BUG, "http", 0, "libcurl has no multi handle to give");
    struct http *http = mem_alloc(sizeof *http);
    *http = (struct http){.loop = loop, .multi = multi};
    http->timer = loop_timer_new(loop, curl_timer_fired, http);
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, socket_wanted);
    curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, http);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, timer_wanted);
    curl_multi_setopt(multi, CURLMOPT_TIMERDATA, http);
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, 256L);
    *ret_http = http;
    return true;
}

void http_free(struct http *http)
{
    if (!http)
        return;
    while (http->calls)
        http_cancel(http->calls);
    curl_multi_cleanup(http->multi);
    loop_timer_free(http->timer);
    mem_free(http);
}

size_t http_bytes(const struct http *http)
{
    return http->bytes;
}

/* ---- deadlines -----------------------------------------------------------------------------
 */

static int64_t phase_limit_ms(const struct http_call *call)
{
    switch (call->phase) {
    case CONNECTING:
        return call->timeouts.connect_ms;
    case WAITING:
        return call->timeouts.first_byte_ms;
    case READING:
        return call->timeouts.idle_ms;
    }
    return 0;
}

static int64_t deadline_mono_ms(const struct http_call *call)
{
    int64_t limit = phase_limit_ms(call), total = call->timeouts.total_ms;
    int64_t by_phase = limit > 0 ? call->phase_mono_ms + limit : INT64_MAX;
    int64_t by_total = total > 0 ? call->started_mono_ms + total : INT64_MAX;
    return MIN(by_phase, by_total);
}

static void arm(struct http_call *call)
{
    int64_t deadline = deadline_mono_ms(call);
    if (deadline == INT64_MAX)
        loop_timer_clear(call->timer);
    else
        loop_timer_set(call->timer, deadline - clock_mono_ms());
}

static void enter(struct http_call *call, enum phase phase)
{
    call->phase = phase;
    call->phase_mono_ms = clock_mono_ms();
    arm(call);
}

static void fail(struct http_call *call, const struct err *err);

static void timed_out(struct http_call *call)
{
    static const char *const what[] = {
        [CONNECTING] = "not connected", [WAITING] = "no answer", [READING] = "no more data"};
    int64_t took_ms = clock_mono_ms() - call->started_mono_ms;
    struct err err = ERR_INIT;
    int64_t total = call->timeouts.total_ms;
    if (total > 0 && took_ms >= total)
        err_set(&err, ERR_AGAIN, "http", CURLE_OPERATION_TIMEDOUT, "not finished after %lld ms",
                (long long)total);
    else
        err_set(&err, ERR_AGAIN, "http", CURLE_OPERATION_TIMEDOUT, "%s for %lld ms",
                what[call->phase], (long long)phase_limit_ms(call));
    fail(call, &err);
}

/* Reading moves the deadline without touching the timer; it is looked at when this fires. */
static void call_timer_fired(void *ctx)
{
    struct http_call *call = ctx;
    if (call->failed.kind)
        fail(call, &call->failed);
    else if (deadline_mono_ms(call) > clock_mono_ms())
        arm(call);
    else
        timed_out(call);
}

/* ---- addresses -----------------------------------------------------------------------------
 */

static void refuse(struct http_call *call, const char *address)
{
    snprintf(call->refused, sizeof call->refused, "%s", address);
}

static void refuse_sockaddr(struct http_call *call, const struct sockaddr *address)
{
    char text[INET6_ADDRSTRLEN] = "of an unknown family";
    const void *from = &((const struct sockaddr_in *)(const void *)address)->sin_addr;
    if (address->sa_family == AF_INET6)
        from = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
    if (address->sa_family == AF_INET || address->sa_family == AF_INET6)
        inet_ntop(address->sa_family, from, text, sizeof text);
    refuse(call, text);
}

static curl_socket_t open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)purpose;
    struct http_call *call = ctx;
    if (!call->allow_private && !call->proxied && !address_is_public(&address->addr)) {
        refuse_sockaddr(call, &address->addr);
        return CURL_SOCKET_BAD;
    }
    call->opened = true;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/*
 * Comes when the connection stands and nothing has been sent. A connection out of libcurl's
 * pool may have been opened by a call with other rights: its address is looked at again.
 */
static int before_request(void *ctx, char *remote, char *local, int remote_port, int local_port)
{
    (void)local, (void)remote_port, (void)local_port;
    struct http_call *call = ctx;
    bool literal;
    bool is_public = address_text_is_public(str_from(remote), &literal);
    if (!call->allow_private && !call->proxied && !is_public) {
        refuse(call, remote);
        call->opened = false;
        return CURL_PREREQFUNC_ABORT;
    }
    enter(call, WAITING);
    return CURL_PREREQFUNC_OK;
}

/* ---- the answer ----------------------------------------------------------------------------
 */

static size_t take_header(char *bytes, size_t size, size_t count, void *ctx)
{
    struct http_call *call = ctx;
    struct str line = {bytes, size * count};
    if (call->phase == WAITING)
        enter(call, READING);
    call->phase_mono_ms = clock_mono_ms();
    call->headers_full = !http_headers_take(&call->headers, line);
    return call->headers_full ? 0 : line.len;
}

/* What comes here is decompressed: the ceiling holds against bombs too. */
static size_t take_body(char *bytes, size_t size, size_t count, void *ctx)
{
    struct http_call *call = ctx;
    struct str chunk = {bytes, size * count};
    call->phase_mono_ms = clock_mono_ms();
    buf_put(&call->body, chunk);
    if (call->body.overflow)
        return 0;
    call->http->bytes += chunk.len;
    return chunk.len;
}

/* ---- the end of a call ---------------------------------------------------------------------
 */

static void call_unlink(struct http_call *call)
{
    struct http *http = call->http;
    if (call->added)
        curl_multi_remove_handle(http->multi, call->easy);
    call->added = false;
    *(call->previous ? &call->previous->next : &http->calls) = call->next;
    if (call->next)
        call->next->previous = call->previous;
    http->bytes -= call->body.len;
    loop_timer_clear(call->timer);
}

static void call_free(struct http_call *call)
{
    curl_easy_cleanup(call->easy);
    curl_slist_free_all(call->sent_headers);
    loop_timer_free(call->timer);
    buf_done(&call->body);
    arena_free(call->arena);
    mem_free(call);
}

void http_cancel(struct http_call *call)
{
    call_unlink(call);
    call_free(call);
}

static void fail(struct http_call *call, const struct err *err)
{
    call_unlink(call);
    call->fn(call->ctx, NULL, err);
    call_free(call);
}

static void succeed(struct http_call *call)
{
    long status = 0;
    curl_off_t wire_bytes = 0;
    curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(call->easy, CURLINFO_SIZE_DOWNLOAD_T, &wire_bytes);
    struct http_answer answer = {
        .status = (int)status,
        .headers = call->headers.list,
        .header_count = call->headers.count,
        .body = buf_str(&call->body),
        .wire_bytes = wire_bytes,
        .took_ms = clock_mono_ms() - call->started_mono_ms,
        .storage = &call->body,
    };
    call_unlink(call);
    call->fn(call->ctx, &answer, NULL);
    call_free(call);
}

void http_take_body(const struct http_answer *answer, struct buf *ret_body)
{
    *ret_body = *answer->storage;
    buf_init(answer->storage, answer->storage->max);
}

/*
 * A handshake fails with one code for a cut connection, which may be better next time, and for
 * a peer that speaks no TLS or refuses ours, which will not; OpenSSL's words tell them apart.
 */
static enum err_kind handshake_kind(const char *text)
{
    static const char *const lasting[] = {"certificate", "alert",        "wrong version",
                                          "unsupported", "no protocols", "packet length"};
    for (size_t i = 0; i < COUNT_OF(lasting); i++)
        if (strstr(text, lasting[i]))
            return ERR_CONFIG;
    return ERR_AGAIN;
}

enum err_kind http_classify(int code, const char *text)
{
    switch ((CURLcode)code) {
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
    case CURLE_NOT_BUILT_IN:
    case CURLE_BAD_FUNCTION_ARGUMENT:
    case CURLE_UNKNOWN_OPTION:
    case CURLE_LOGIN_DENIED:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_ABORTED_BY_CALLBACK:
        return ERR_CONFIG;
    case CURLE_SSL_CONNECT_ERROR:
        return handshake_kind(text);
    case CURLE_WRITE_ERROR:
    case CURLE_FILESIZE_EXCEEDED:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_TOO_MANY_REDIRECTS:
    case CURLE_OUT_OF_MEMORY: /* how libcurl says that one header line is over 100 KB */
        return ERR_INPUT;
    default:
        return ERR_AGAIN;
    }
}

static void explain(const struct http_call *call, CURLcode code, struct err *err)
{
    const char *text = call->error[0] ? call->error : curl_easy_strerror(code);
    if (call->refused[0] && !call->opened)
        err_set(err, ERR_CONFIG, "http", code,
                "the address %s is not public; allow_private: true would allow it",
                call->refused);
    else if (call->headers_full)
        err_set(err, ERR_INPUT, "http", code, "headers over %d KiB", HTTP_HEADERS_BYTES >> 10);
    else if (call->body.overflow)
        err_set(err, ERR_INPUT, "http", code, "a body over max_body (%zu bytes)",
                call->body.max);
    else
        err_set(err, http_classify(code, text), "http", code, "%s", text);
}

/* Callbacks may send and cancel: each turn asks libcurl anew. */
static void finish_done(struct http *http)
{
    int left;
    for (CURLMsg *msg; (msg = curl_multi_info_read(http->multi, &left));) {
        if (msg->msg != CURLMSG_DONE)
            continue;
        CURLcode code = msg->data.result;
        char *private = NULL;
        curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &private);
        struct http_call *call = (struct http_call *)(void *)private;
        if (code == CURLE_OK) {
            succeed(call);
            continue;
        }
        struct err err = ERR_INIT;
        explain(call, code, &err);
        fail(call, &err);
    }
}

/* ---- the request ---------------------------------------------------------------------------
 */

static void put_header(struct http_call *call, const char *line)
{
    struct curl_slist *longer = curl_slist_append(call->sent_headers, line);
    if (!longer)
        abort();
    call->sent_headers = longer;
}

static void set_headers(struct http_call *call, const struct http_request *request)
{
    bool has_type = false;
    for (size_t i = 0; i < request->header_count; i++) {
        const struct http_header *header = &request->headers[i];
        has_type = has_type || str_eq_nocase(header->name, STR("content-type"));
        /* "Name;" is libcurl's way to send a header without a value; "Name:" removes one. */
        struct str line = header->value.len
                              ? arena_printf(call->arena, "%.*s: %.*s", STR_ARG(header->name),
                                             STR_ARG(header->value))
                              : arena_printf(call->arena, "%.*s;", STR_ARG(header->name));
        put_header(call, line.ptr);
    }
    put_header(call, "Expect:");
    if (!has_type)
        put_header(call, "Content-Type:");
    curl_easy_setopt(call->easy, CURLOPT_HTTPHEADER, call->sent_headers);
}

static void set_method(struct http_call *call, const struct http_request *request)
{
    CURL *easy = call->easy;
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
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, arena_cstr(call->arena, method));
}

static void set_file(struct http_call *call, CURLoption option, struct str name)
{
    if (name.len)
        curl_easy_setopt(call->easy, option, arena_cstr(call->arena, name));
}

static void set_network(struct http_call *call, const struct http_request *request)
{
    CURL *easy = call->easy;
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    /* Set, even to nothing, neither is taken from the environment. */
    curl_easy_setopt(easy, CURLOPT_PROXY, arena_cstr(call->arena, request->proxy));
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, (long)request->is_once);
    curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    set_file(call, CURLOPT_CAINFO, request->ca_file);
    set_file(call, CURLOPT_SSLCERT, request->cert_file);
    set_file(call, CURLOPT_SSLKEY, request->key_file);
    /* libcurl shares this out over the addresses of a host; the limit itself is our timer. */
    if (request->timeouts.connect_ms > 0)
        curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                         (long)request->timeouts.connect_ms + CURL_SLACK_MS);
}

static void set_callbacks(struct http_call *call)
{
    CURL *easy = call->easy;
    curl_easy_setopt(easy, CURLOPT_PRIVATE, call);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, call->error);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, call);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, before_request);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, call);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, call);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
}

static void prepare(struct http_call *call, const struct http_request *request)
{
    CURL *easy = call->easy;
    curl_easy_setopt(easy, CURLOPT_URL, arena_cstr(call->arena, request->url));
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "pagetide/" PAGETIDE_VERSION);
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 64L << 10);
    set_callbacks(call);
    set_network(call, request);
    set_method(call, request);
    set_headers(call, request);
}

static struct http_call *call_new(struct http *http, const struct http_request *request,
                                  http_done_fn fn, void *ctx)
{
    struct http_call *call = mem_alloc(sizeof *call);
    *call = (struct http_call){
        .http = http,
        .next = http->calls,
        .easy = curl_easy_init(),
        .fn = fn,
        .ctx = ctx,
        .timeouts = request->timeouts,
        .started_mono_ms = clock_mono_ms(),
        .allow_private = request->allow_private,
        .proxied = request->proxy.len > 0,
        .arena = arena_new(),
        .failed = ERR_INIT,
    };
    if (!call->easy)
        abort();
    call->headers.arena = call->arena;
    buf_init(&call->body, request->max_body_bytes);
    call->timer = loop_timer_new(http->loop, call_timer_fired, call);
    if (http->calls)
        http->calls->previous = call;
    http->calls = call;
    return call;
}

struct http_call *http_send(struct http *http, const struct http_request *request,
                            http_done_fn fn, void *ctx)
{
    struct http_call *call = call_new(http, request, fn, ctx);
    if (!http_check(request, &call->failed)) {
        loop_timer_set(call->timer, 0);
        return call;
    }
    prepare(call, request);
    enter(call, CONNECTING);
    call->added = curl_multi_add_handle(http->multi, call->easy) == CURLM_OK;
    if (!call->added) {
        err_set(&call->failed, ERR_BUG, "http", 0, "libcurl does not take the request");
        loop_timer_set(call->timer, 0);
    }
    return call;
}

const struct http_header *http_header_find(const struct http_answer *answer, struct str name)
{
    for (size_t i = 0; i < answer->header_count; i++)
        if (str_eq(answer->headers[i].name, name))
            return &answer->headers[i];
    return NULL;
}

/* ---- URLs ----------------------------------------------------------------------------------
 */

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

static bool url_read(struct arena *arena, struct str text, CURLU *url, struct err *err)
{
    CURLUcode code =
        curl_url_set(url, CURLUPART_URL, arena_cstr(arena, text),
                     CURLU_PATH_AS_IS | CURLU_DISALLOW_USER | CURLU_NON_SUPPORT_SCHEME);
    if (code == CURLUE_USER_NOT_ALLOWED) /* and not shown */
        return err_set(err, ERR_CONFIG, "http", 0, "a URL holds credentials; use `auth`");
    if (code != CURLUE_OK)
        return err_set(err, ERR_CONFIG, "http", 0, "'%.*s': %s", STR_ARG(text),
                       curl_url_strerror(code));
    struct str scheme = url_part(arena, url, CURLUPART_SCHEME, 0);
    if (!str_is(scheme, "http") && !str_is(scheme, "https"))
        return err_set(err, ERR_CONFIG, "http", 0, "'%.*s' is no http or https URL",
                       STR_ARG(text));
    return true;
}

bool http_url_parse(struct arena *arena, struct str text, struct http_url *ret_url,
                    struct err *err)
{
    if (text.len > HTTP_URL_BYTES)
        return err_set(err, ERR_CONFIG, "http", 0, "a URL of %zu bytes", text.len);
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] <= ' ' || text.ptr[i] == 0x7f)
            return err_set(err, ERR_CONFIG, "http", 0, "'%.*s': a space or control character",
                           STR_ARG(text));
    CURLU *url = curl_url();
    if (!url)
        abort();
    bool done = url_read(arena, text, url, err);
    if (done)
        url_fill(arena, url, ret_url);
    curl_url_cleanup(url);
    return done;
}
