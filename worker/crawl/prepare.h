#ifndef WORKER_CRAWL_PREPARE_H
#define WORKER_CRAWL_PREPARE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/str.h"

/*
 * `prepare` of a definition: the API is asked for some work (a report, an export), then asked
 * whether it is done, and then there is something to read: files that its answer names, or what
 * the stream's own request asks for. prepare.c draws the way.
 */
struct crawl;
struct stream;

struct prepare_state {
    struct arena *arena;        /* of the request under way; NULL: none was made yet */
    const struct stream *asked; /* the stream as that request sees it */
    bool is_ready;
    struct str *urls; /* of the files; in the leg's arena */
    size_t count;
};

/* The file that is read, or so many behind it; empty: there is none. */
struct str prepare_file(const struct crawl *crawl, size_t behind);

#endif
