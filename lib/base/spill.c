#include "base/spill.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/mem.h"

/*
 * The mapping is shared with the file. Pages that leave the process (MADV_DONTNEED) are the
 * file's all the same: who touches them gets them back out of the kernel's cache, or from the
 * disk. They leave all at once, after every few MiB that were touched anywhere: which of them
 * were, nobody keeps count of.
 *
 * A file grows by posix_fallocate, so a full disk is an answer here, and no SIGBUS later.
 */
struct spill {
    struct spill *next, **link;
    int fd;
    char *ptr;
    size_t bytes;
};

enum { TOUCHED_BYTES_MAX = 2 << 20 };

static struct spill *all;
static size_t touched;

/* --- the file --- */

/* For file systems that have no files without a name. */
static int open_and_unlink(const char *dir)
{
    char path[PATH_MAX];
    int len = snprintf(path, sizeof path, "%s/pagetide-XXXXXX", dir);
    if (len < 0 || (size_t)len >= sizeof path)
        return -1;
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0)
        unlink(path);
    return fd;
}

static int open_in(const char *dir)
{
    int fd = open(dir, O_TMPFILE | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
    return fd >= 0 ? fd : open_and_unlink(dir);
}

static int open_file(void)
{
    const char *dirs[] = {getenv("TMPDIR"), "/var/tmp", "/tmp"};
    int fd = -1;
    signal(SIGXFSZ, SIG_IGN); /* ulimit -f is an answer too */
    for (size_t i = 0; i < COUNT_OF(dirs) && fd < 0; i++)
        if (dirs[i] && dirs[i][0])
            fd = open_in(dirs[i]);
    return fd;
}

static bool has_room(int fd, size_t from, size_t bytes)
{
    int failed;
    do
        failed = posix_fallocate(fd, (off_t)from, (off_t)(bytes - from));
    while (failed == EINTR);
    return !failed;
}

/* --- the mapping --- */

static void link_in(struct spill *spill)
{
    spill->next = all;
    spill->link = &all;
    if (all)
        all->link = &spill->next;
    all = spill;
}

struct spill *spill_new(size_t bytes)
{
    int fd = open_file();
    if (fd < 0)
        return NULL;
    void *ptr = has_room(fd, 0, bytes)
                    ? mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)
                    : MAP_FAILED;
    if (ptr == MAP_FAILED) {
        close(fd);
        return NULL;
    }
    struct spill *spill = mem_alloc(sizeof *spill);
    *spill = (struct spill){.fd = fd, .ptr = ptr, .bytes = bytes};
    link_in(spill);
    return spill;
}

char *spill_ptr(const struct spill *spill)
{
    return spill->ptr;
}

bool spill_grow(struct spill *spill, size_t bytes)
{
    if (!has_room(spill->fd, spill->bytes, bytes))
        return false;
    void *ptr = mremap(spill->ptr, spill->bytes, bytes, MREMAP_MAYMOVE);
    if (ptr == MAP_FAILED)
        return false;
    size_t more = bytes - spill->bytes;
    spill->ptr = ptr;
    spill->bytes = bytes;
    spill_touched(more);
    return true;
}

void spill_free(struct spill *spill)
{
    if (!spill)
        return;
    *spill->link = spill->next;
    if (spill->next)
        spill->next->link = spill->link;
    munmap(spill->ptr, spill->bytes);
    close(spill->fd);
    mem_free(spill);
}

void spill_touched(size_t bytes)
{
    touched += bytes;
    if (touched < TOUCHED_BYTES_MAX)
        return;
    touched = 0;
    for (const struct spill *spill = all; spill; spill = spill->next)
        (void)madvise(spill->ptr, spill->bytes, MADV_DONTNEED);
}
