#include "port/http_multi.h"

#include <curl/curl.h>
#include <sys/resource.h>

#include "base/mem.h"

enum { IDLE_CONNECTIONS_MIN = 4, IDLE_CONNECTIONS_MAX = 256 };

struct http_multi {
    struct loop *loop;
    CURLM *handle;
    struct loop_timer *timer; /* libcurl's own */
    http_multi_fn fn;
    void *ctx;
};

/* A socket of libcurl's, as long as it wants it watched. */
struct watch {
    struct http_multi *multi;
    curl_socket_t fd;
    struct loop_fd *fd_watch;
};

static void act(struct http_multi *multi, curl_socket_t fd, int events)
{
    int running;
    curl_multi_socket_action(multi->handle, fd, events, &running);
    multi->fn(multi->ctx);
}

static void on_socket_ready(void *ctx, int events)
{
    struct watch *watch = ctx;
    int bits = (events & LOOP_READ ? CURL_CSELECT_IN : 0) |
               (events & LOOP_WRITE ? CURL_CSELECT_OUT : 0);
    act(watch->multi, watch->fd, bits);
}

static int on_socket_wanted(CURL *easy, curl_socket_t fd, int what, void *ctx, void *ctx_of_fd)
{
    (void)easy;
    struct http_multi *multi = ctx;
    struct watch *watch = ctx_of_fd;
    if (what == CURL_POLL_REMOVE) {
        if (watch)
            loop_fd_free(watch->fd_watch);
        mem_free(watch);
        return 0;
    }
    if (!watch) {
        watch = mem_alloc(sizeof *watch);
        *watch = (struct watch){.multi = multi, .fd = fd};
        watch->fd_watch = loop_fd_new(multi->loop, fd, on_socket_ready, watch);
        curl_multi_assign(multi->handle, fd, watch);
    }
    int events =
        (what & CURL_POLL_IN ? LOOP_READ : 0) | (what & CURL_POLL_OUT ? LOOP_WRITE : 0);
    loop_fd_set(watch->fd_watch, events);
    return 0;
}

static void on_timer(void *ctx)
{
    act(ctx, CURL_SOCKET_TIMEOUT, 0);
}

static int on_timer_wanted(CURLM *handle, long delay_ms, void *ctx)
{
    (void)handle;
    struct http_multi *multi = ctx;
    if (delay_ms < 0)
        loop_timer_clear(multi->timer);
    else
        loop_timer_set(multi->timer, delay_ms);
    return 0;
}

/* A quarter of all descriptors: kept connections must not be why there is none for another. */
static long idle_max(void)
{
    struct rlimit limit = {.rlim_cur = RLIM_INFINITY};
    getrlimit(RLIMIT_NOFILE, &limit);
    rlim_t most = MIN(limit.rlim_cur / 4, (rlim_t)IDLE_CONNECTIONS_MAX);
    return (long)MAX(most, (rlim_t)IDLE_CONNECTIONS_MIN);
}

bool http_multi_new(struct loop *loop, http_multi_fn fn, void *ctx,
                    struct http_multi **ret_multi, struct err *err)
{
    static bool is_initialised;
    if (!is_initialised &&
        curl_global_init_mem(CURL_GLOBAL_DEFAULT, mem_lib_malloc, mem_free, mem_lib_realloc,
                             mem_lib_strdup, mem_lib_calloc) != CURLE_OK)
        return err_set(err, ERR_BUG, "http", 0, "libcurl cannot be initialised");
    is_initialised = true;
    CURLM *handle = curl_multi_init();
    if (!handle)
        return err_set(err, ERR_BUG, "http", 0, "libcurl has no multi handle to give");
    struct http_multi *multi = mem_alloc(sizeof *multi);
    *multi = (struct http_multi){.loop = loop, .handle = handle, .fn = fn, .ctx = ctx};
    multi->timer = loop_timer_new(loop, on_timer, multi);
    curl_multi_setopt(handle, CURLMOPT_SOCKETFUNCTION, on_socket_wanted);
    curl_multi_setopt(handle, CURLMOPT_SOCKETDATA, multi);
    curl_multi_setopt(handle, CURLMOPT_TIMERFUNCTION, on_timer_wanted);
    curl_multi_setopt(handle, CURLMOPT_TIMERDATA, multi);
    curl_multi_setopt(handle, CURLMOPT_MAXCONNECTS, idle_max());
    *ret_multi = multi;
    return true;
}

void http_multi_free(struct http_multi *multi)
{
    curl_multi_cleanup(multi->handle);
    loop_timer_free(multi->timer);
    mem_free(multi);
}

bool http_multi_add(struct http_multi *multi, void *easy)
{
    return curl_multi_add_handle(multi->handle, easy) == CURLM_OK;
}

void http_multi_remove(struct http_multi *multi, void *easy)
{
    curl_multi_remove_handle(multi->handle, easy);
}

void *http_multi_next(struct http_multi *multi, int *ret_code)
{
    int left;
    for (CURLMsg *msg; (msg = curl_multi_info_read(multi->handle, &left));) {
        if (msg->msg != CURLMSG_DONE)
            continue;
        char *private = NULL;
        *ret_code = (int)msg->data.result;
        curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &private);
        return private;
    }
    return NULL;
}
