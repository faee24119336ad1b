#ifndef CLI_PREVIEW_PRINT_H
#define CLI_PREVIEW_PRINT_H

#include "cli/cli.h"
#include "worker/discover/preview.h"

/*
 * What `preview` shows, as text for people or as JSON, one object a line. Everything passes
 * through cli/say.h.
 */
enum { SAMPLES_MAX = 3 };

struct preview_page { /* collected while the page is read; strings in `arena` */
    struct arena *arena;
    const struct stream *stream;
    struct str method, url;
    int64_t took_ms;
    size_t last_position;
    struct str samples[SAMPLES_MAX]; /* records as rows: {column: value} */
    struct str rejects[SAMPLES_MAX]; /* why, and the record */
    size_t sample_count, reject_count;
};

void preview_print_start(struct cli *cli, const struct stream *stream, size_t partition_count);
void preview_print_page(struct cli *cli, const struct preview_page *page,
                        const struct crawl_page *done);
/* An on_retry of preview.h; `ctx` is not looked at. */
void preview_print_retry(void *ctx, const struct err *err, int64_t delay_ms);
/* `key`: a field that could be the key of a stream without one; empty: none is known. */
void preview_print_end(struct cli *cli, const struct stream *stream,
                       const struct preview *preview, struct str key);

/* For --trace: the request and the answer as they went over the wire, credentials hidden. */
void preview_print_request(struct cli *cli, const struct stream *stream,
                           const struct request *request);
void preview_print_answer(struct cli *cli, const struct http_answer *answer,
                          const struct err *failed);

#endif
