/*
 * Calls of libcurl's (http_multi.c), with our own deadlines and our own view of addresses. A
 * call is in one of three phases, each with a limit of its own; libcurl has no such limits.
 *
 *     http_send ──> CONNECTING ──on_before_request──> WAITING ──first header──> READING ──> end
 *                   name, TCP,                        for the                   headers,
 *                   TLS, proxy                        answer                    body
 *
 *     limit:        connect_ms                        first_byte_ms             idle_ms, since
 *                                                                               the last byte
 *
 * total_ms goes over all of them. A call that cannot be sent at all has `failed` set and ends
 * when its timer fires, so that http_send never calls back.
 *
 * The end is one of: libcurl reports it (on_progress), our timer fires (timed_out),
 * http_cancel. All go through call_unlink, which takes the call out of libcurl before anybody
 * is called back.
 *
 * Addresses are checked at two places, because only there are they known: on_open_socket for a
 * new connection, on_before_request also for one out of libcurl's pool.
 *
 * Example: a body that stops half way, idle_ms 30000. Each piece sets phase_mono_ms (on_body)
 * but leaves the timer alone: 30 s after the first header it fires, finds that the deadline has
 * moved (on_call_timer), and is set for what is left. When it fires 30 s after the last piece,
 * the call fails with ERR_AGAIN, "no more data for 30000 ms".
 */
#include "port/http.h"

#include <arpa/inet.h>
#include <assert.h>
#include <curl/curl.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/lack.h"
#include "base/mem.h"
#include "port/address.h"
#include "port/http_check.h"
#include "port/http_coding.h"
#include "port/http_error.h"
#include "port/http_headers.h"
#include "port/http_lack.h"
#include "port/http_multi.h"
#include "port/http_options.h"
#include "port/http_proxy.h"

struct http {
    struct loop *loop;
    struct http_multi *multi; /* NULL: `stand_in` has the answers */
    http_stand_in_fn stand_in;
    void *stand_in_ctx;
    struct http_call *calls;
    size_t bytes;          /* of the bodies of `calls` */
    http_room_fn has_room; /* NULL: no bound */
    void *room_ctx;
    bool is_calling_back; /* a callback of a call is under way */
};

enum phase { CONNECTING, WAITING, READING };

struct http_call {
    struct http *http;
    struct http_call *previous, *next;
    CURL *easy;
    bool is_added; /* to the multi handle */
    struct loop_timer *timer;
    http_done_fn fn;
    void *ctx;

    struct http_timeouts timeouts;
    enum phase phase;
    int64_t started_mono_ms;
    int64_t phase_mono_ms; /* when the phase began; in READING, the last byte */

    bool allow_private, is_proxied;
    bool is_let_through; /* one address at least was let through */
    struct http_lack lack;
    char refused[INET6_ADDRSTRLEN];
    bool is_headers_full;
    bool is_once, is_crowded_out;
    size_t counted_bytes; /* of the body, in http->bytes */

    struct arena *arena; /* request and answer headers */
    struct curl_slist *sent_headers;
    struct http_headers headers;
    bool is_body_begun;
    struct http_coding coding; /* of the body */
    struct buf body;
    struct err failed; /* found before anything was sent */
    struct http_answer stood_in;
    char error[CURL_ERROR_SIZE];
};

static void on_progress(void *ctx);

bool http_new(struct loop *loop, struct http **ret_http, struct err *err)
{
    struct http *http = mem_alloc(sizeof *http);
    http->loop = loop;
    if (!http_multi_new(loop, on_progress, http, &http->multi, err)) {
        mem_free(http);
        return false;
    }
    /* OpenSSL writes with write(2): a peer that is gone must not end the process. */
    signal(SIGPIPE, SIG_IGN);
    *ret_http = http;
    return true;
}

struct http *http_new_stand_in(struct loop *loop, http_stand_in_fn fn, void *ctx)
{
    struct http *http = mem_alloc(sizeof *http);
    *http = (struct http){.loop = loop, .stand_in = fn, .stand_in_ctx = ctx};
    return http;
}

void http_free(struct http *http)
{
    if (!http)
        return;
    assert(!http->is_calling_back);
    while (http->calls)
        http_cancel(http->calls);
    if (http->multi)
        http_multi_free(http->multi);
    mem_free(http);
}

size_t http_in_flight(const struct http *http)
{
    size_t count = 0;
    for (const struct http_call *call = http->calls; call; call = call->next)
        count++;
    return count;
}

size_t http_bytes(const struct http *http)
{
    return http->bytes;
}

/* --- deadlines --- */

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

static void finish(struct http_call *call, const struct http_answer *answer,
                   const struct err *err);

static void timed_out(struct http_call *call)
{
    static const char *const what[] = {
        [CONNECTING] = "not connected", [WAITING] = "no answer", [READING] = "no more data"};
    int64_t took_ms = clock_mono_ms() - call->started_mono_ms;
    struct err err = ERR_INIT;
    int64_t total = call->timeouts.total_ms;
    int why = call->phase == CONNECTING ? CURLE_OPERATION_TIMEDOUT : HTTP_TOO_SLOW;
    if (total > 0 && took_ms >= total)
        err_set(&err, ERR_AGAIN, "http", why, "not finished after %lld ms", (long long)total);
    else
        err_set(&err, ERR_AGAIN, "http", why, "%s for %lld ms", what[call->phase],
                (long long)phase_limit_ms(call));
    finish(call, NULL, &err);
}

/* Reading moves the deadline without touching the timer; it is looked at when this fires. */
static void on_call_timer(void *ctx)
{
    struct http_call *call = ctx;
    if (call->failed.kind)
        finish(call, NULL, &call->failed);
    else if (call->http->stand_in)
        finish(call, &call->stood_in, NULL);
    else if (deadline_mono_ms(call) > clock_mono_ms())
        arm(call);
    else
        timed_out(call);
}

/* --- addresses --- */

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

static curl_socket_t on_open_socket(void *ctx, curlsocktype purpose,
                                    struct curl_sockaddr *address)
{
    (void)purpose;
    struct http_call *call = ctx;
    if (!call->allow_private && !call->is_proxied && !address_is_public(&address->addr)) {
        refuse_sockaddr(call, &address->addr);
        return CURL_SOCKET_BAD;
    }
    call->is_let_through = true;
    int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    http_lack_note(&call->lack, &address->addr, fd < 0 ? errno : 0);
    return fd;
}

/*
 * Comes when the connection is made and nothing has been sent. A connection out of libcurl's
 * pool may have been opened by a call with other rights: its address is looked at again.
 */
static int on_before_request(void *ctx, char *remote, char *local, int remote_port,
                             int local_port)
{
    (void)local, (void)remote_port, (void)local_port;
    struct http_call *call = ctx;
    bool literal;
    bool is_public = address_text_is_public(str_from(remote), &literal);
    if (!call->allow_private && !call->is_proxied && !is_public) {
        refuse(call, remote);
        call->is_let_through = false;
        return CURL_PREREQFUNC_ABORT;
    }
    enter(call, WAITING);
    return CURL_PREREQFUNC_OK;
}

/* --- the answer --- */

static bool is_libcurls(const struct http_call *call)
{
    return http_coding_is_libcurls(call->headers.list, call->headers.count);
}

/* libcurl refuses a second gzip member, and codings that it does not know: these are ours. */
static void choose_decoder(struct http_call *call)
{
    curl_easy_setopt(call->easy, CURLOPT_HTTP_CONTENT_DECODING, is_libcurls(call) ? 1L : 0L);
}

static size_t on_header(char *bytes, size_t size, size_t count, void *ctx)
{
    struct http_call *call = ctx;
    struct str line = {bytes, size * count};
    if (call->phase == WAITING)
        enter(call, READING);
    call->phase_mono_ms = clock_mono_ms();
    call->is_headers_full = !http_headers_take(&call->headers, line);
    if (call->headers.has_ended)
        choose_decoder(call);
    return call->is_headers_full ? 0 : line.len;
}

void http_bound(struct http *http, http_room_fn has_room, void *ctx)
{
    http->has_room = has_room;
    http->room_ctx = ctx;
}

/* Newer calls come first in the list. */
static bool is_first_body(const struct http_call *call)
{
    const struct http_call *older = call->next;
    while (older && !older->body.len)
        older = older->next;
    return !older;
}

static void count_body(struct http_call *call)
{
    call->http->bytes += call->body.len - call->counted_bytes;
    call->counted_bytes = call->body.len;
}

/* Asked for each piece of so many bytes: small bodies are not worth it. */
enum { ROOM_BYTES = 256 << 10 };

/* Before `bytes` more are put into the body: a little input may hold very much. */
static bool may_grow(void *ctx, size_t bytes)
{
    struct http_call *call = ctx;
    const struct http *http = call->http;
    bool is_same_piece = call->body.len / ROOM_BYTES == (call->body.len + bytes) / ROOM_BYTES;
    if (is_same_piece || !http->has_room || call->is_once)
        return true;
    count_body(call);
    bool may_go_on = http->has_room(http->room_ctx, (ptrdiff_t)bytes) ||
                     (is_first_body(call) &&
                      http->has_room(http->room_ctx, -(ptrdiff_t)call->counted_bytes));
    call->is_crowded_out = !may_go_on;
    return !call->is_crowded_out;
}

/* As much as the server says is to come, so that a body is not moved while it grows; a server
 * may say what it likes, so no more than this unseen. */
enum { ROOM_AHEAD_BYTES = 4 << 20 };

static void make_room(struct http_call *call)
{
    curl_off_t told = 0;
    curl_easy_getinfo(call->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &told);
    if (told > 0)
        (void)buf_room(&call->body,
                       MIN((size_t)told, MIN(call->body.max, (size_t)ROOM_AHEAD_BYTES)));
}

static bool begin_body(struct http_call *call)
{
    call->is_body_begun = true;
    make_room(call);
    bool ok = is_libcurls(call) || http_coding_open(&call->coding, call->arena,
                                                    call->headers.list, call->headers.count);
    call->coding.may_put = may_grow;
    call->coding.ctx = call;
    return ok;
}

/* The ceiling is that of the decoded body: it holds against bombs too. */
static size_t on_body(char *bytes, size_t size, size_t count, void *ctx)
{
    struct http_call *call = ctx;
    struct str chunk = {bytes, size * count};
    call->phase_mono_ms = clock_mono_ms();
    if (!call->is_body_begun && !begin_body(call))
        return 0;
    bool is_put = http_coding_put(&call->coding, chunk, &call->body);
    count_body(call);
    return is_put ? chunk.len : 0;
}

/* --- the end of a call --- */

static void call_unlink(struct http_call *call)
{
    struct http *http = call->http;
    if (call->is_added)
        http_multi_remove(http->multi, call->easy);
    call->is_added = false;
    *(call->previous ? &call->previous->next : &http->calls) = call->next;
    if (call->next)
        call->next->previous = call->previous;
    http->bytes -= call->counted_bytes;
    loop_timer_clear(call->timer);
}

static void call_free(struct http_call *call)
{
    if (call->easy)
        curl_easy_cleanup(call->easy);
    curl_slist_free_all(call->sent_headers);
    loop_timer_free(call->timer);
    buf_done(&call->body);
    http_coding_done(&call->coding);
    arena_free(call->arena);
    mem_free(call);
}

void http_cancel(struct http_call *call)
{
    call_unlink(call);
    call_free(call);
}

static void finish(struct http_call *call, const struct http_answer *answer,
                   const struct err *err)
{
    struct http *http = call->http;
    call_unlink(call);
    http->is_calling_back = true;
    call->fn(call->ctx, answer, err);
    http->is_calling_back = false;
    call_free(call);
}

static void fail_cut(struct http_call *call)
{
    struct err err = ERR_INIT;
    err_set(&err, ERR_AGAIN, "http", CURLE_PARTIAL_FILE,
            "the body ended before its gzip or deflate coding did");
    finish(call, NULL, &err);
}

/* libcurl reads a length beyond 64 bits, or one in hexadecimal, as none or as another. */
static bool is_length(const struct http_header *header)
{
    int64_t bytes;
    return str_is(header->name, "content-length") && str_to_int64(header->value, &bytes) &&
           str_count_digits(header->value) == header->value.len;
}

/* RFC 9112, section 6.3. */
static bool is_end_told(const struct http_call *call)
{
    long version = 0;
    curl_easy_getinfo(call->easy, CURLINFO_HTTP_VERSION, &version);
    bool is_told = version >= CURL_HTTP_VERSION_2_0 || http_coding_has_ended(&call->coding);
    for (size_t i = 0; i < call->headers.count && !is_told; i++)
        is_told = is_length(&call->headers.list[i]) ||
                  (str_is(call->headers.list[i].name, "transfer-encoding") &&
                   str_eq_nocase(call->headers.list[i].value, STR("chunked")));
    return is_told;
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
        .is_end_told = is_end_told(call),
        .coding_note = call->coding.note,
        .storage = &call->body,
    };
    finish(call, &answer, NULL);
}

static void explain_too_large(const struct http_call *call, struct err *err)
{
    err_set(err, ERR_INPUT, "http", HTTP_TOO_LARGE, "a body over max_body (%zu bytes)",
            call->body.max);
}

static void explain_ceiling(const struct http_call *call, CURLcode code, struct err *err)
{
    bool is_proxys = call->phase == CONNECTING;
    err_set(err, http_error_kind(code, ""), "http", code, "%s",
            is_proxys ? "the headers of the proxy's answer are over 16 KB"
                      : "a header line over 100 KB");
}

static void explain_failure(const struct http_call *call, CURLcode code, struct err *err)
{
    const char *text = call->error[0] ? call->error : curl_easy_strerror(code);
    http_error_check_own(text);
    if (call->is_headers_full)
        err_set(err, ERR_INPUT, "http", code, "headers over %d KiB", HTTP_HEADERS_BYTES >> 10);
    else if (call->body.has_overflowed)
        explain_too_large(call, err);
    else if (call->is_crowded_out)
        err_set(err, ERR_AGAIN, "http", HTTP_CROWDED_OUT,
                "memory is full with other bodies (the setting `memory`)");
    else if (call->coding.problem)
        err_set(err, ERR_AGAIN, "http", code, "the body cannot be read: %s",
                call->coding.problem);
    else if (code == CURLE_WRITE_ERROR || code == CURLE_BAD_CONTENT_ENCODING)
        err_set(err, ERR_AGAIN, "http", code, "the body cannot be read: its coding is broken");
    else if (http_error_is_ceiling(code))
        explain_ceiling(call, code, err);
    else
        err_set(err, http_error_kind(code, text), "http", code, "%s", text);
}

static int find_lack(const struct http_call *call, CURLcode code)
{
    long connect_code = 0;
    if (code == CURLE_COULDNT_CONNECT)
        curl_easy_getinfo(call->easy, CURLINFO_OS_ERRNO, &connect_code);
    return http_lack_find(&call->lack, (int)connect_code, call->phase == CONNECTING);
}

/* What is nobody's fault but ours comes before all that could be held against somebody. */
static void explain(const struct http_call *call, CURLcode code, struct err *err)
{
    if (call->refused[0] && !call->is_let_through)
        err_set(err, ERR_CONFIG, "http", code,
                "the address %s is not public; allow_private: true would allow it",
                call->refused);
    else if (!lack_explain(err, "http", find_lack(call, code), ""))
        explain_failure(call, code, err);
}

/* Callbacks may send and cancel: each turn asks libcurl anew. */
static void on_progress(void *ctx)
{
    struct http *http = ctx;
    int code;
    for (struct http_call *call; (call = http_multi_next(http->multi, &code));) {
        if (code == CURLE_OK) {
            if (http_coding_is_whole(&call->coding))
                succeed(call);
            else
                fail_cut(call);
            continue;
        }
        struct err err = ERR_INIT;
        explain(call, (CURLcode)code, &err);
        finish(call, NULL, &err);
    }
}

/* --- the request --- */

static void set_callbacks(struct http_call *call)
{
    CURL *easy = call->easy;
    curl_easy_setopt(easy, CURLOPT_PRIVATE, call);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, call->error);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, call);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_before_request);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, call);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, call);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
}

static struct http_call *call_new(struct http *http, const struct http_request *request,
                                  http_done_fn fn, void *ctx)
{
    struct http_call *call = mem_alloc(sizeof *call);
    *call = (struct http_call){
        .http = http,
        .next = http->calls,
        .easy = http->multi ? mem_checked(curl_easy_init()) : NULL,
        .fn = fn,
        .ctx = ctx,
        .timeouts = request->timeouts,
        .started_mono_ms = clock_mono_ms(),
        .allow_private = request->allow_private,
        .is_once = request->is_once,
        .arena = arena_new(),
        .failed = ERR_INIT,
    };
    call->headers.arena = call->arena;
    buf_init(&call->body, request->max_body_bytes);
    call->timer = loop_timer_new(http->loop, on_call_timer, call);
    if (http->calls)
        http->calls->previous = call;
    http->calls = call;
    return call;
}

/* The proxy is chosen here: whether there is one decides which addresses are looked at. */
static bool may_send(struct http_call *call, const struct http_request *request,
                     struct str *ret_proxy)
{
    struct http_url url;
    struct err *err = &call->failed;
    if (!http_check(request, err) || !http_url_parse(call->arena, request->url, &url, err) ||
        !http_proxy_choose(call->arena, request->proxy, &url, ret_proxy, err))
        return false;
    call->is_proxied = ret_proxy->len > 0;
    return true;
}

/* Keeps what the stand-in lends. */
static void stand_in(struct http_call *call, const struct http_request *request)
{
    const struct http *http = call->http;
    struct http_answer *answer = &call->stood_in;
    if (!http->stand_in(http->stand_in_ctx, request, answer, &call->failed))
        return;
    buf_put(&call->body, answer->body);
    if (call->body.has_overflowed)
        explain_too_large(call, &call->failed);
    answer->headers = http_copy_headers(answer, call->arena);
    answer->body = buf_str(&call->body);
    answer->wire_bytes = (int64_t)call->body.len;
    answer->storage = &call->body;
    count_body(call);
}

struct http_call *http_send(struct http *http, const struct http_request *request,
                            http_done_fn fn, void *ctx)
{
    struct http_call *call = call_new(http, request, fn, ctx);
    struct str proxy;
    bool may = may_send(call, request, &proxy);
    if (may && http->stand_in)
        stand_in(call, request);
    if (!may || http->stand_in) {
        loop_timer_set(call->timer, call->stood_in.took_ms);
        return call;
    }
    set_callbacks(call);
    call->sent_headers = http_options_set(call->easy, call->arena, request, proxy);
    enter(call, CONNECTING);
    call->is_added = http_multi_add(http->multi, call->easy);
    if (!call->is_added) {
        err_set(&call->failed, ERR_BUG, "http", 0, "libcurl does not take the request");
        loop_timer_set(call->timer, 0);
    }
    return call;
}
