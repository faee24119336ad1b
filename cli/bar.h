#ifndef CLI_BAR_H
#define CLI_BAR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/*
 * A progress line on stderr: pages of the total, records, records a second, the time that is
 * left. On a terminal it is drawn again in place; elsewhere a plain line is printed every 10 s.
 *
 *     bar_start → bar_draw … → bar_clear
 */
struct bar {
    bool is_terminal, is_drawn, is_quiet; /* quiet: nothing is drawn; set after bar_start */
    int64_t began_mono_ms, drawn_mono_ms;
    int64_t first_pages; /* at the start: a resumed run does not count them as speed */
};

struct bar_state {
    int64_t pages, pages_total; /* total 0: unknown */
    int64_t records;            /* since the bar began */
    const char *note;           /* what it waits for; NULL: nothing */
};

void bar_start(struct bar *bar, int64_t pages);
void bar_draw(struct bar *bar, const struct bar_state *state);

/*
 * The line as it is at `now_mono_ms`, without its end. Speed is the average since the bar
 * began; the time left assumes that pages go on at the average speed, and is only there where
 * the total is known and a page has been read.
 */
void bar_put(struct buf *line, const struct bar *bar, const struct bar_state *state,
             int64_t now_mono_ms);

/* Shortens a line to `width` characters, so that a terminal does not break it: a second line
 * would stay when the first is drawn again. */
void bar_fit(struct buf *line, size_t width);
void bar_clear(struct bar *bar); /* before anything else is printed, and at the end */

#endif
