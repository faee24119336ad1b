#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/lack.h"

static const char *home = ".";

void file_set_home(const char *dir)
{
    home = dir;
}

struct str file_at_home(struct arena *arena, struct str path)
{
    if (!path.len || path.ptr[0] == '/' || !strcmp(home, "."))
        return path;
    return arena_printf(arena, "%s/%.*s", home, STR_ARG(path));
}

static bool fail(const char *path, int code, struct err *err)
{
    return !lack_explain(err, "file", code, path) &&
           err_set(err, ERR_CONFIG, "file", code, "%s: %s", path, strerror(code));
}

/* False, with errno, where a read failed. */
static bool read_all(int fd, struct buf *buf)
{
    char part[4096];
    ssize_t got = 0;
    while (!buf->has_overflowed && (got = read(fd, part, sizeof part)) > 0)
        buf_put(buf, (struct str){part, (size_t)got});
    return got >= 0;
}

static bool read_open(int fd, const char *path, struct buf *buf, struct err *err)
{
    struct stat info;
    if (fstat(fd, &info) != 0)
        return fail(path, errno, err);
    if (S_ISDIR(info.st_mode))
        return fail(path, EISDIR, err);
    if (!S_ISREG(info.st_mode))
        return err_set(err, ERR_CONFIG, "file", EINVAL, "%s: not a regular file", path);
    if (!read_all(fd, buf))
        return fail(path, errno, err);
    if (buf->has_overflowed)
        return err_set(err, ERR_CONFIG, "file", EFBIG, "%s: longer than %zu bytes", path,
                       buf->max);
    return true;
}

bool file_read(const char *path, struct buf *buf, struct err *err)
{
    /* O_NONBLOCK: opening a FIFO would wait for its writer. It changes nothing for a file. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return fail(path, errno, err);
    bool is_read = read_open(fd, path, buf, err);
    close(fd);
    return is_read;
}

struct str file_trim_end(struct str text)
{
    while (text.len && (text.ptr[text.len - 1] == '\n' || text.ptr[text.len - 1] == '\r'))
        text.len--;
    return text;
}
