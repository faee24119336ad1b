#include "cli/bar.h"

#include "tests/support/suite.h"

/* A bar that began 10 s ago. */
static void expect(struct bar bar, struct bar_state state, const char *text)
{
    AUTO_BUF(line, 4096);
    bar.began_mono_ms = 5000;
    bar_put(&line, &bar, &state, 15000);
    ck_assert_str_is(buf_str(&line), text);
}

#define BAR(...)                                                                               \
    (struct bar)                                                                               \
    {                                                                                          \
        __VA_ARGS__                                                                            \
    }
#define STATE(...)                                                                             \
    (struct bar_state)                                                                         \
    {                                                                                          \
        __VA_ARGS__                                                                            \
    }

START_TEST(speed_is_the_average_since_the_bar_began)
{
    expect(BAR(0), STATE(.pages = 12, .records = 12345), "12 pages, 12,345 records, 1,234/s");
}
END_TEST

START_TEST(with_a_total_the_time_left_is_shown)
{
    expect(BAR(0), STATE(.pages = 25, .pages_total = 100, .records = 1000),
           "25 of 100 pages, 1,000 records, 100/s, ETA 30.0 s");
}
END_TEST

START_TEST(pages_of_an_earlier_process_are_no_speed)
{
    expect(BAR(.first_pages = 50), STATE(.pages = 75, .pages_total = 100),
           "75 of 100 pages, 0 records, 0/s, ETA 10.0 s");
    expect(BAR(.first_pages = 50), STATE(.pages = 50, .pages_total = 100),
           "50 of 100 pages, 0 records, 0/s");
}
END_TEST

START_TEST(at_the_end_nothing_is_left)
{
    expect(BAR(0), STATE(.pages = 100, .pages_total = 100), "100 of 100 pages, 0 records, 0/s");
    expect(BAR(0), STATE(.pages = 101, .pages_total = 100), "101 of 100 pages, 0 records, 0/s");
}
END_TEST

START_TEST(a_terminal_sees_cells_where_the_total_is_known)
{
    expect(BAR(.is_terminal = true), STATE(.pages = 6, .pages_total = 24),
           "██████░░░░░░░░░░░░░░░░░░ 6 of 24 pages, 0 records, 0/s, ETA 30.0 s");
    expect(BAR(.is_terminal = true), STATE(.pages = 30, .pages_total = 24),
           "████████████████████████ 30 of 24 pages, 0 records, 0/s");
    expect(BAR(.is_terminal = true), STATE(.pages = 6), "6 pages, 0 records, 0/s");
}
END_TEST

START_TEST(what_it_waits_for_is_at_the_end)
{
    expect(BAR(0), STATE(.note = "waiting for PostgreSQL"),
           "0 pages, 0 records, 0/s — waiting for PostgreSQL");
}
END_TEST

START_TEST(a_line_fits_a_narrow_terminal)
{
    AUTO_BUF(line, 256);
    buf_puts(&line, "██░░ 6 of 24 pages");
    bar_fit(&line, 6);
    ck_assert_str_is(buf_str(&line), "██░░ 6");
    bar_fit(&line, 80);
    ck_assert_str_is(buf_str(&line), "██░░ 6");
    bar_fit(&line, 0);
    ck_assert_str_is(buf_str(&line), "");
}
END_TEST

SUITE("cli/bar", a_line_fits_a_narrow_terminal, speed_is_the_average_since_the_bar_began,
      with_a_total_the_time_left_is_shown, pages_of_an_earlier_process_are_no_speed,
      at_the_end_nothing_is_left, a_terminal_sees_cells_where_the_total_is_known,
      what_it_waits_for_is_at_the_end)
