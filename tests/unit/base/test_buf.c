#include "base/buf.h"

#include <stdio.h>
#include <sys/resource.h>

#include "base/mem.h"
#include "base/rng.h"
#include "base/spill.h"
#include "tests/support/suite.h"

/* What lies in a file (spill.h) is as what lies in the heap, but for the memory. */

enum { SPILL_AT = 1 << 20, LARGE = 96 << 20 };

static size_t resident_bytes(void)
{
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fscanf(file, "%*u %lu", &pages), 1);
    fclose(file);
    return pages * 4096;
}

/* Each 8 bytes say where they are. */
static void put_numbers(struct buf *buf, size_t bytes)
{
    while (buf->len < bytes) {
        uint64_t at = buf->len;
        buf_put(buf, (struct str){(const char *)&at, sizeof at});
    }
}

static void check_numbers(const struct buf *buf)
{
    for (size_t at = 0; at + sizeof at <= buf->len; at += sizeof at) {
        uint64_t there;
        memcpy(&there, buf->ptr + at, sizeof there);
        if (there != at)
            ck_abort_msg("%llu is at %zu", (unsigned long long)there, at);
        spill_touched(sizeof there);
    }
    ck_assert_int_eq(buf->ptr[buf->len], '\0');
}

START_TEST(leaves_the_heap_where_it_is_large)
{
    AUTO_BUF(buf, LARGE);
    buf.spill_at = SPILL_AT;
    put_numbers(&buf, SPILL_AT - 8);
    ck_assert_ptr_null(buf.spill);
    put_numbers(&buf, SPILL_AT + 8);
    ck_assert_ptr_nonnull(buf.spill);
    check_numbers(&buf);
    put_numbers(&buf, 5 * SPILL_AT);
    check_numbers(&buf);
    buf_truncate(&buf, 8);
    put_numbers(&buf, 3 * SPILL_AT);
    check_numbers(&buf);
    buf_reset(&buf);
    put_numbers(&buf, 2 * SPILL_AT);
    check_numbers(&buf);
    buf_done(&buf);
    ck_assert_ptr_null(buf.spill);
    buf_puts(&buf, "again");
    ck_assert_str_eq(buf.ptr, "again");
}
END_TEST

START_TEST(keeps_its_ceiling_in_a_file)
{
    AUTO_BUF(buf, 3 * SPILL_AT);
    buf.spill_at = SPILL_AT;
    put_numbers(&buf, 3 * SPILL_AT);
    ck_assert(!buf.has_overflowed);
    buf_puts(&buf, "x");
    ck_assert(buf.has_overflowed);
    check_numbers(&buf);
}
END_TEST

START_TEST(is_moved_by_value)
{
    AUTO_BUF(from, LARGE);
    from.spill_at = SPILL_AT;
    put_numbers(&from, 4 * SPILL_AT);
    AUTO_BUF(other, LARGE);
    other.spill_at = SPILL_AT;
    put_numbers(&other, 2 * SPILL_AT);
    struct buf to = from;
    buf_init(&from, LARGE);
    put_numbers(&to, 6 * SPILL_AT);
    check_numbers(&to);
    check_numbers(&other);
    buf_done(&to);
    check_numbers(&other);
}
END_TEST

START_TEST(takes_little_memory_in_a_file)
{
    AUTO_BUF(buf, LARGE);
    size_t before = resident_bytes();
    put_numbers(&buf, LARGE);
    check_numbers(&buf);
    ck_assert_uint_lt(resident_bytes(), before + MIB(24));
}
END_TEST

/* From the middle on, or from the beginning: what is there stays, in the heap. */
START_TEST(stays_in_the_heap_where_no_file_may_grow)
{
    static const size_t limits[] = {0, 3 * SPILL_AT, 5 * SPILL_AT};
    struct rlimit was;
    getrlimit(RLIMIT_FSIZE, &was);
    for (size_t i = 0; i < COUNT_OF(limits); i++) {
        AUTO_BUF(buf, LARGE);
        buf.spill_at = SPILL_AT;
        setrlimit(RLIMIT_FSIZE, &(struct rlimit){limits[i], was.rlim_max});
        put_numbers(&buf, 9 * SPILL_AT);
        setrlimit(RLIMIT_FSIZE, &was);
        ck_assert_ptr_null(buf.spill);
        check_numbers(&buf);
    }
}
END_TEST

START_TEST(goes_elsewhere_where_tmpdir_is_none)
{
    AUTO_BUF(buf, LARGE);
    setenv("TMPDIR", "/nowhere/at/all", 1);
    buf.spill_at = SPILL_AT;
    put_numbers(&buf, 2 * SPILL_AT);
    ck_assert_ptr_nonnull(buf.spill);
    check_numbers(&buf);
}
END_TEST

SUITE("base/buf", leaves_the_heap_where_it_is_large, keeps_its_ceiling_in_a_file,
      is_moved_by_value, takes_little_memory_in_a_file,
      stays_in_the_heap_where_no_file_may_grow, goes_elsewhere_where_tmpdir_is_none)
