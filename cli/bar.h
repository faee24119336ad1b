#ifndef CLI_BAR_H
#define CLI_BAR_H

#include <stdbool.h>
#include <stdint.h>

/*
 * A progress line on a terminal's stderr: pages of total, records, records/s, ETA; drawn again
 * in place. Where stderr is no terminal, a plain line every 10 s.
 */
struct bar {
    bool is_terminal, is_drawn;
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
void bar_clear(struct bar *bar); /* before anything else is printed, and at the end */

#endif
