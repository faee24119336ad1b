#include "core/scan.h"

#include <assert.h>
#include <string.h>

#include "base/bytes.h"

/*
 * A scan goes over the bytes once and keeps no tree: its caller keeps the slices it wants.
 *
 * A string is skipped 16 bytes at a time (bytes_skip_plain) up to the next byte that matters,
 * since most bytes of an answer are in strings. Escapes are checked here; scan_decode decodes
 * them for those few strings whose text is read.
 *
 * scan_value skips a whole value without recursion, so that depth costs no stack: `nest` has
 * one bit for each container that is open, and the loop alternates two moves.
 *
 *     take_down   from a value's first byte into its first members, down to a scalar
 *     take_up     closes what ends there, and takes the comma and key before the next value
 *
 *     {"a": [1, {}], "b": 2}     take_down: { "a": [ 1      level 2, nest 1 0
 *                                take_up:   ,
 *                                take_down: {} (empty, closed at once)
 *                                take_up:   ] , "b":        level 1
 *                                take_down: 2
 *                                take_up:   }               level 0: the value is complete
 *
 * Invariants: start <= at <= end; once `problem` is set nothing moves `at` any more, because
 * every function returns false at once up to the caller.
 */

void scan_init(struct scan *scan, struct arena *arena, struct str text)
{
    const char *start = text.ptr ? text.ptr : "";
    *scan = (struct scan){
        .start = start, .at = start, .end = start + text.len, .arena = arena, .nest_words = 8};
    scan->nest = ARENA_ARRAY(arena, uint64_t, scan->nest_words);
    scan->at += text.len - str_without_bom(text).len;
}

bool(scan_fail)(struct scan *scan, const char *problem)
{
    if (!scan->problem)
        scan->problem = problem;
    return false;
}

void scan_space_run(struct scan *scan)
{
    while (scan->at < scan->end) {
        char c = *scan->at;
        if (c != ' ' && c != '\n' && c != '\r' && c != '\t')
            return;
        scan->at++;
    }
}

/* --- strings --- */

/* Takes the bytes >= 0x80 at `at`. */
static void take_utf8(struct scan *scan)
{
    const char *at = scan->at, *end = scan->end;
    while (at < end && (unsigned char)*at >= 0x80) {
        size_t len = str_utf8_length((struct str){at, (size_t)(end - at)});
        if (!len) {
            scan->flags |= SCAN_BAD_UTF8;
            if (!scan->bad_byte)
                scan->bad_byte = at;
            len = 1;
        }
        at += len;
    }
    scan->at = at;
}

static bool take_unicode_escape(struct scan *scan)
{
    int code = scan_hex4(&scan->at, scan->end);
    if (code < 0)
        return scan_fail(scan, "expected four hexadecimal digits after \\u");
    if (code == 0)
        scan->flags |= SCAN_NUL;
    if (code < 0xD800 || code > 0xDFFF)
        return true;
    if (code >= 0xDC00 || scan_low_surrogate(scan->at, scan->end) < 0)
        scan->flags |= SCAN_LONE_SURROGATE;
    else
        scan->at += 6;
    return true;
}

static bool take_escape(struct scan *scan)
{
    scan->flags |= SCAN_ESCAPES;
    scan->at++;
    switch (scan_peek(scan)) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        scan->at++;
        return true;
    case 'u':
        scan->at++;
        return take_unicode_escape(scan);
    default:
        return scan_fail(scan, "unknown escape in a string");
    }
}

bool scan_string(struct scan *scan)
{
    scan->at++;
    for (;;) {
        scan->at = bytes_skip_plain(scan->at, scan->end);
        int c = scan_peek(scan);
        if (c == '"') {
            scan->at++;
            return true;
        }
        if (c == '\\') {
            if (!take_escape(scan))
                return false;
        } else if (c >= 0x80) {
            take_utf8(scan);
        } else {
            return scan_fail(scan,
                             c < 0 ? "unterminated string" : "control character in a string");
        }
    }
}

/* --- numbers and words --- */

static size_t take_digits(struct scan *scan)
{
    const char *from = scan->at;
    while (scan->at < scan->end && (unsigned)(*scan->at - '0') <= 9)
        scan->at++;
    return (size_t)(scan->at - from);
}

static bool take_exponent(struct scan *scan)
{
    scan->at++;
    if (scan_peek(scan) == '+' || scan_peek(scan) == '-')
        scan->at++;
    const char *from = scan->at;
    if (!take_digits(scan))
        return scan_fail(scan, "expected a digit in the exponent");
    int exponent = 0;
    for (const char *at = from; at < scan->at && exponent <= SCAN_EXPONENT_MAX; at++)
        exponent = exponent * 10 + (*at - '0');
    if (exponent > SCAN_EXPONENT_MAX)
        scan->flags |= SCAN_BIG_NUMBER;
    return true;
}

static bool take_number(struct scan *scan)
{
    if (*scan->at == '-')
        scan->at++;
    size_t digits = 1;
    if (scan_peek(scan) == '0')
        scan->at++;
    else if (!(digits = take_digits(scan)))
        return scan_fail(scan, "expected a digit");
    if (scan_peek(scan) == '.') {
        scan->at++;
        size_t fraction = take_digits(scan);
        if (!fraction)
            return scan_fail(scan, "expected a digit after the decimal point");
        digits += fraction;
    }
    if (digits > SCAN_DIGITS_MAX)
        scan->flags |= SCAN_BIG_NUMBER;
    if (scan_peek(scan) == 'e' || scan_peek(scan) == 'E')
        return take_exponent(scan);
    return true;
}

static bool take_word(struct scan *scan, const char *word)
{
    for (; *word; word++, scan->at++)
        if (scan_peek(scan) != *word)
            return scan_fail(scan, "expected a value");
    return true;
}

bool scan_scalar(struct scan *scan)
{
    switch (scan_peek(scan)) {
    case 't':
        return take_word(scan, "true");
    case 'f':
        return take_word(scan, "false");
    case 'n':
        return take_word(scan, "null");
    case '-':
    case '0' ... '9':
        return take_number(scan);
    default:
        return scan_fail(scan, "expected a value");
    }
}

/* --- containers --- */

bool scan_first(struct scan *scan, char close)
{
    scan->at++;
    scan_space(scan);
    if (scan_peek(scan) != close)
        return true;
    scan->at++;
    return false;
}

bool scan_more(struct scan *scan, char close)
{
    scan_space(scan);
    int c = scan_peek(scan);
    if (c == ',') {
        scan->at++;
        scan_space(scan);
        return true;
    }
    if (c == close) {
        scan->at++;
        return false;
    }
    return scan_fail(scan, close == ']' ? "expected ',' or ']' after an element"
                                        : "expected ',' or '}' after a member");
}

bool scan_key(struct scan *scan, struct str *ret_raw)
{
    const char *from = scan->at;
    if (scan_peek(scan) != '"')
        return scan_fail(scan, "expected a member's name in double quotes");
    if (!scan_string(scan))
        return false;
    *ret_raw = (struct str){from + 1, (size_t)(scan->at - from) - 2};
    scan_space(scan);
    if (scan_peek(scan) != ':')
        return scan_fail(scan, "expected ':' after a member's name");
    scan->at++;
    scan_space(scan);
    return true;
}

bool scan_name(struct scan *scan, struct str *ret_name)
{
    struct str raw;
    scan->flags = 0;
    if (!scan_key(scan, &raw))
        return false;
    *ret_name = scan->flags & SCAN_ESCAPES ? scan_text(scan, raw) : raw;
    return true;
}

static void nest_set(struct scan *scan, size_t level, bool is_object)
{
    size_t word = level / 64;
    if (word == scan->nest_words)
        ARENA_GROW(scan->arena, scan->nest, scan->nest_words, scan->nest_words);
    uint64_t bit = UINT64_C(1) << (level % 64);
    scan->nest[word] = is_object ? scan->nest[word] | bit : scan->nest[word] & ~bit;
}

static char nest_closer(const struct scan *scan, size_t level)
{
    return scan->nest[level / 64] >> (level % 64) & 1 ? '}' : ']';
}

/*
 * Takes opening bytes (and the keys of first members) down to the first scalar, which is taken
 * too, or to an empty container. *level is the number of containers open.
 */
static bool take_down(struct scan *scan, size_t *level)
{
    struct str key;
    for (;;) {
        int c = scan_peek(scan);
        if (c == '"')
            return scan_string(scan);
        if (c != '{' && c != '[')
            return scan_scalar(scan);
        nest_set(scan, *level, c == '{');
        if (!scan_first(scan, c == '{' ? '}' : ']'))
            return true;
        ++*level;
        if (c == '{' && !scan_key(scan, &key))
            return false;
    }
}

/*
 * After a value: closes the containers that end here and takes the comma and key before the
 * next value. At *level 0 the outermost value is complete.
 */
static bool take_up(struct scan *scan, size_t *level)
{
    struct str key;
    while (*level) {
        char close = nest_closer(scan, *level - 1);
        if (scan_more(scan, close))
            return close == ']' || scan_key(scan, &key);
        if (scan->problem)
            return false;
        --*level;
    }
    return true;
}

bool scan_value(struct scan *scan, size_t depth)
{
    size_t level = 0, deepest = 0;
    int c = scan_peek(scan);
    if (c != '{' && c != '[')
        return c == '"' ? scan_string(scan) : scan_scalar(scan);
    do {
        if (!take_down(scan, &level))
            return false;
        /* An empty container is closed again, but was one level deeper. */
        bool was_empty = scan->at[-1] == '}' || scan->at[-1] == ']';
        deepest = MAX(deepest, level + was_empty);
        if (!take_up(scan, &level))
            return false;
    } while (level);
    if (depth + deepest > SCAN_DEPTH_MAX)
        scan->flags |= SCAN_TOO_DEEP;
    return true;
}

bool scan_finish(struct scan *scan)
{
    assert(scan->at <= scan->end);
    scan_space(scan);
    return scan_is_end(scan) || scan_fail(scan, "expected the end of the text");
}

/* --- errors --- */

bool scan_is_truncated(const struct scan *scan)
{
    struct str all = {scan->start, (size_t)(scan->end - scan->start)};
    return scan->problem && scan_is_end(scan) && str_trim(all).len > 0;
}

/* "found …": what is at `at`. */
static void describe_found(const struct scan *scan, char *text, size_t size)
{
    int c = scan_peek(scan);
    if (c < 0)
        snprintf(text, size, "the end of the text");
    else if (c > ' ' && c < 0x7F)
        snprintf(text, size, "'%c'", c);
    else
        snprintf(text, size, "byte 0x%02X", (unsigned)c);
}

bool scan_err(const struct scan *scan, struct err *err)
{
    size_t line = 1, column = 1;
    for (const char *at = scan->start; at < scan->at; at++) {
        bool is_newline = *at == '\n';
        line += is_newline;
        column = is_newline ? 1 : column + (((unsigned char)*at & 0xC0) != 0x80);
    }
    char found[32];
    describe_found(scan, found, sizeof found);
    return err_set(err, ERR_INPUT, "json", 0, "line %zu, column %zu (byte %zu): %s, found %s",
                   line, column, (size_t)(scan->at - scan->start), scan->problem, found);
}
