#include "cli/new_file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static bool write_all(int fd, struct str text)
{
    while (text.len) {
        ssize_t count = write(fd, text.ptr, text.len);
        if (count < 0 && errno != EINTR)
            return false;
        text = str_slice(text, count < 0 ? 0 : (size_t)count, text.len);
    }
    return true;
}

bool new_file_write(const char *path, struct str text, struct err *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    bool is_written = fd >= 0 && write_all(fd, text);
    int why = errno;
    if (fd >= 0 && close(fd) && is_written) {
        why = errno;
        is_written = false;
    }
    return is_written || err_set(err, ERR_CONFIG, "file", why, "%s: %s", path, strerror(why));
}
