#include "worker/access/refresh_store.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/file.h"
#include "base/lack.h"
#include "core/value.h"

enum { STORE_BYTES_MAX = 64 * 1024 };

enum store_lock refresh_store_lock(const struct refresh_store *store, int *ret_fd,
                                   struct err *err)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct str path = arena_printf(arena, "%.*s.lock", STR_ARG(store->path));
    int fd = open(path.ptr, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0) {
        *ret_fd = fd;
        return STORE_LOCKED;
    }
    int code = errno;
    if (fd >= 0)
        close(fd);
    if (fd >= 0 && (code == EWOULDBLOCK || code == EINTR))
        return STORE_BUSY;
    if (!lack_explain(err, "auth", code, path.ptr))
        err_set(err, ERR_CONFIG, "auth", code, "%s: %s", path.ptr, strerror(code));
    err_wrap(err, "refresh_store");
    return STORE_FAILED;
}

static struct str member(struct value map, const char *name)
{
    struct value value = value_get(map, str_from(name));
    return value.kind == VALUE_STRING ? value.text : STR_NONE;
}

static bool read_map(const struct refresh_store *store, struct arena *arena, struct str text,
                     struct str *ret_token, struct err *err)
{
    struct value map;
    struct err ignored = ERR_INIT;
    if (!value_parse(arena, text, VALUE_WHOLE, &map, &ignored) ||
        !member(map, "refresh_token").len || !member(map, "source").len)
        return err_set(err, ERR_CONFIG, "auth", 0,
                       "refresh_store: %.*s: not a file that Pagetide wrote",
                       STR_ARG(store->path));
    if (!str_eq(member(map, "source"), store->source))
        return err_set(err, ERR_CONFIG, "auth", 0,
                       "refresh_store: %.*s: belongs to the source %.*s; each needs its own",
                       STR_ARG(store->path), STR_ARG(member(map, "source")));
    bool is_ours = str_eq(member(map, "origin"), store->origin);
    *ret_token = is_ours ? member(map, "refresh_token") : STR_NONE;
    return true;
}

bool refresh_store_read(const struct refresh_store *store, struct arena *arena,
                        struct str *ret_token, struct err *err)
{
    AUTO_BUF(text, STORE_BYTES_MAX);
    struct err why = ERR_INIT;
    if (file_read(arena_cstr(arena, store->path), &text, &why))
        return read_map(store, arena, buf_str(&text), ret_token, err);
    if (why.code != ENOENT) {
        *err = why;
        return err_wrap(err, "refresh_store");
    }
    *ret_token = STR_NONE;
    return true;
}

struct str refresh_store_text(const struct refresh_store *store, struct arena *arena,
                              struct str token)
{
    AUTO_BUF(text, STORE_BYTES_MAX);
    struct json_out out = {.buf = &text};
    json_out_open(&out, NULL, '{');
    json_out_str(&out, "source", store->source);
    json_out_str(&out, "origin", store->origin);
    json_out_str(&out, "refresh_token", token);
    json_out_close(&out, '}');
    buf_puts(&text, "\n");
    return arena_str(arena, buf_str(&text));
}
