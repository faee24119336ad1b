#include "config/read_file.h"

#include <errno.h>

bool read_file(const char *path, struct buf *buf, struct err *err)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return err_set(err, ERR_CONFIG, "config", errno, "%s: %s", path, strerror(errno));
    char part[4096];
    for (size_t got; !buf->overflow && (got = fread(part, 1, sizeof part, file)) > 0;)
        buf_put(buf, (struct str){part, got});
    int failure = ferror(file) ? errno : 0;
    fclose(file);
    if (failure)
        return err_set(err, ERR_CONFIG, "config", failure, "%s: %s", path, strerror(failure));
    if (buf->overflow)
        return err_set(err, ERR_CONFIG, "config", 0, "%s: longer than %zu bytes", path,
                       buf->max);
    return true;
}
