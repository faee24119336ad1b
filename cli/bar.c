#include "cli/bar.h"

#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/units.h"
#include "cli/counts.h"
#include "cli/say.h"

enum { CELLS = 24, LINE_BYTES_MAX = 512, PLAIN_EVERY_MS = 10000 };

void bar_start(struct bar *bar, int64_t pages)
{
    int64_t now = clock_mono_ms();
    *bar = (struct bar){.is_terminal = isatty(STDERR_FILENO),
                        .began_mono_ms = now,
                        .drawn_mono_ms = now,
                        .first_pages = pages};
}

static void put_cells(struct buf *line, const struct bar_state *state)
{
    int64_t full = CELLS * state->pages / state->pages_total;
    for (int i = 0; i < CELLS; i++)
        buf_put(line, i < full ? STR("█") : STR("░"));
    buf_put_byte(line, ' ');
}

static void put_eta(struct buf *line, const struct bar *bar, const struct bar_state *state,
                    int64_t elapsed_ms)
{
    int64_t done = state->pages - bar->first_pages;
    if (!state->pages_total || done < 1 || state->pages >= state->pages_total)
        return;
    buf_puts(line, ", ETA ");
    units_format_duration(line, elapsed_ms * (state->pages_total - state->pages) / done);
}

void bar_put(struct buf *line, const struct bar *bar, const struct bar_state *state,
             int64_t now_mono_ms)
{
    int64_t elapsed_ms = MAX(now_mono_ms - bar->began_mono_ms, 1);
    if (bar->is_terminal && state->pages_total)
        put_cells(line, state);
    counts_put_pages(line, state->pages, state->pages_total, state->records);
    buf_puts(line, ", ");
    units_format_count(line, state->records * 1000 / elapsed_ms);
    buf_puts(line, "/s");
    put_eta(line, bar, state, elapsed_ms);
    if (state->note)
        buf_printf(line, " — %.120s", state->note);
}

void bar_fit(struct buf *line, size_t width)
{
    size_t at = 0;
    for (size_t i = 0; i < width && at < line->len; i++)
        at += MAX(str_utf8_length(str_slice(buf_str(line), at, line->len)), (size_t)1);
    buf_truncate(line, MIN(at, line->len));
}

/* One less than the terminal has: in the last column some begin a new line. */
static size_t terminal_width(void)
{
    enum { WIDTH_STANDARD = 80 };
    struct winsize size;
    bool is_known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col;
    return (is_known ? size.ws_col : WIDTH_STANDARD) - 1U;
}

void bar_draw(struct bar *bar, const struct bar_state *state)
{
    AUTO_BUF(line, LINE_BYTES_MAX);
    int64_t now = clock_mono_ms();
    if (bar->is_quiet)
        return;
    if (!bar->is_terminal && now - bar->drawn_mono_ms < PLAIN_EVERY_MS)
        return;
    bar->drawn_mono_ms = now;
    bar_put(&line, bar, state, now);
    if (bar->is_terminal) {
        bar_fit(&line, terminal_width());
        say_sequence(stderr, "\r\033[K");
    } else {
        buf_puts(&line, "\n");
    }
    say_text(stderr, buf_str(&line));
    fflush(stderr);
    bar->is_drawn = true;
}

void bar_clear(struct bar *bar)
{
    if (bar->is_terminal && bar->is_drawn) {
        say_sequence(stderr, "\r\033[K");
        fflush(stderr);
    }
    bar->is_drawn = false;
}
