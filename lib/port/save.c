#include "port/save.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/lack.h"
#include "base/mem.h"

/* The thread writes `what` and `code` before it signals `fd`, and the loop reads them then. */
struct save {
    char *path, *fresh, *folder, *text;
    size_t len;
    pthread_t thread;
    bool is_threaded;
    int fd;
    const char *what; /* what failed; NULL: nothing */
    int code;
    struct loop_fd *watch;
    struct loop_timer *timer; /* where there is no thread: it was done at once */
    save_fn fn;
    void *ctx;
};

static bool fail(struct save *save, const char *what)
{
    save->what = what;
    save->code = errno;
    return false;
}

static bool write_all(struct save *save, int fd)
{
    for (size_t at = 0; at < save->len;) {
        ssize_t put = write(fd, save->text + at, save->len - at);
        if (put < 0 && errno != EINTR)
            return fail(save, "write");
        at += put > 0 ? (size_t)put : 0;
    }
    return fsync(fd) == 0 || fail(save, "fsync");
}

static bool write_fresh(struct save *save)
{
    (void)unlink(save->fresh); /* of a process that was killed */
    int fd = open(save->fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return fail(save, "open");
    bool is_written = write_all(save, fd);
    close(fd);
    return is_written;
}

static bool sync_folder(struct save *save)
{
    int fd = open(save->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return fail(save, "open the folder");
    bool is_synced = fsync(fd) == 0 || fail(save, "fsync the folder");
    close(fd);
    return is_synced;
}

static void replace(struct save *save)
{
    if (!write_fresh(save))
        return;
    if (rename(save->fresh, save->path) != 0)
        fail(save, "rename");
    else
        (void)!sync_folder(save);
}

static void *thread(void *arg)
{
    struct save *save = arg;
    replace(save);
    uint64_t one = 1;
    while (write(save->fd, &one, sizeof one) < 0 && errno == EINTR)
        continue;
    return NULL;
}

/* The loop's thread alone takes signals. */
static bool spawn(struct save *save)
{
    sigset_t all, before;
    save->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (save->fd < 0)
        return false;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    save->is_threaded = pthread_create(&save->thread, NULL, thread, save) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return save->is_threaded;
}

static void deliver(struct save *save)
{
    struct err err = ERR_INIT;
    if (save->what && !lack_explain(&err, "save", save->code, save->path))
        err_set(&err, ERR_CONFIG, "save", save->code, "%s: cannot be written: %s: %s",
                save->path, save->what, strerror(save->code));
    save->fn(save->ctx, save->what ? &err : NULL);
}

static void on_thread(void *ctx, int events)
{
    struct save *save = ctx;
    uint64_t count;
    (void)events;
    if (read(save->fd, &count, sizeof count) != sizeof count)
        return;
    loop_fd_set(save->watch, 0);
    deliver(save);
}

static void on_timer(void *ctx)
{
    deliver(ctx);
}

static char *folder_of(struct str path)
{
    size_t len = path.len;
    while (len && path.ptr[len - 1] != '/')
        len--;
    return len ? mem_printf("%.*s", (int)len, path.ptr) : mem_strdup(".");
}

struct save *save_start(struct loop *loop, struct str path, struct str text, save_fn fn,
                        void *ctx)
{
    struct save *save = mem_alloc(sizeof *save);
    *save = (struct save){.path = mem_printf("%.*s", STR_ARG(path)),
                          .fresh = mem_printf("%.*s.new", STR_ARG(path)),
                          .folder = folder_of(path),
                          .text = mem_dup(text.ptr, text.len),
                          .len = text.len,
                          .fd = -1,
                          .fn = fn,
                          .ctx = ctx};
    if (spawn(save)) {
        save->watch = loop_fd_new(loop, save->fd, on_thread, save);
        loop_fd_set(save->watch, LOOP_READ);
        return save;
    }
    replace(save);
    save->timer = loop_timer_new(loop, on_timer, save);
    loop_timer_set(save->timer, 0);
    return save;
}

void save_free(struct save *save)
{
    if (!save)
        return;
    if (save->is_threaded)
        pthread_join(save->thread, NULL);
    loop_fd_free(save->watch);
    loop_timer_free(save->timer);
    if (save->fd >= 0)
        close(save->fd);
    mem_free(save->path);
    mem_free(save->fresh);
    mem_free(save->folder);
    mem_free(save->text);
    mem_free(save);
}
