#ifndef CORE_SCAN_H
#define CORE_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

/*
 * The lexer under value and records: strict JSON (RFC 8259) over bytes, without a tree.
 *
 * `at` is the next byte. Every scan_… function moves it past what it took. On a breach of the
 * grammar it returns false with `problem` set, and the scan is over. `at` is then on the
 * offending byte, or at the end if the text stops too early. What is legal JSON but hard to
 * store is not a breach: it is reported in `flags`.
 */
enum scan_flags {
    SCAN_ESCAPES = 1 << 0,        /* a string holds a backslash */
    SCAN_BAD_UTF8 = 1 << 1,       /* RFC 3629 */
    SCAN_LONE_SURROGATE = 1 << 2, /* \uD800 … \uDFFF without its other half */
    SCAN_NUL = 1 << 3,            /* \u0000 */
    SCAN_BIG_NUMBER = 1 << 4,     /* over 1,000 digits or an exponent over 400 */
    SCAN_TOO_DEEP = 1 << 5,       /* containers nested deeper than 512 */
};

enum { SCAN_DEPTH_MAX = 512, SCAN_DIGITS_MAX = 1000, SCAN_EXPONENT_MAX = 400 };

struct scan {
    const char *start, *at, *end;
    const char *problem;  /* static text, NULL so far */
    const char *bad_byte; /* of the first SCAN_BAD_UTF8, NULL so far */
    unsigned flags;       /* of all that was taken; the caller clears it as it likes */
    struct arena *arena;  /* for `nest` */
    uint64_t *nest;       /* one bit per open container of scan_value: 1 is an object */
    size_t nest_words;
};

/* The text must outlive the scan; a leading byte order mark is skipped. */
void scan_init(struct scan *scan, struct arena *arena, struct str text);

static inline bool scan_is_end(const struct scan *scan)
{
    return scan->at == scan->end;
}

/* The next byte, or -1 at the end. */
static inline int scan_peek(const struct scan *scan)
{
    return scan_is_end(scan) ? -1 : (unsigned char)*scan->at;
}

void scan_space_run(struct scan *scan);
static inline void scan_space(struct scan *scan)
{
    if (!scan_is_end(scan) && (unsigned char)*scan->at <= ' ')
        scan_space_run(scan);
}

/* Sets `problem`, once. Always returns false. */
bool scan_fail(struct scan *scan, const char *problem);
#ifdef __clang_analyzer__
#define scan_fail(...) ((scan_fail)(__VA_ARGS__), false)
#endif

/* `at` is the opening quote. */
bool scan_string(struct scan *scan) MUST_CHECK;
/* A string, a colon and the space around both: up to the first byte of the member's value. */
bool scan_key(struct scan *scan, struct str *ret_raw) MUST_CHECK;
/* The same with the name decoded; `flags` are the name's alone. It lives as long as
 * text and arena. */
bool scan_name(struct scan *scan, struct str *ret_name) MUST_CHECK;
/* A number, true, false or null. */
bool scan_scalar(struct scan *scan) MUST_CHECK;
/* Any value, containers to their end. `depth`: containers already open around it. */
bool scan_value(struct scan *scan, size_t depth) MUST_CHECK;

/*
 * Inside a container, after an element or member: true if another follows (the comma and the
 * space around it are taken). False after the closing byte `close`, which is taken too, or with
 * `problem` set.
 */
bool scan_more(struct scan *scan, char close) MUST_CHECK;
/* The same at the opening byte, where the container may be empty. */
bool scan_first(struct scan *scan, char close) MUST_CHECK;

/* Only space may follow a document. */
bool scan_finish(struct scan *scan) MUST_CHECK;

/* The document had begun and the text ended before it did: something is missing. */
bool scan_is_truncated(const struct scan *scan);

/* ERR_INPUT with line and column (from 1, in characters) and byte (from 0). Returns false. */
bool scan_err(const struct scan *scan, struct err *err);

/*
 * Decodes the text between the quotes of a string that scan_string took; `out` has room for
 * raw.len bytes. A lone surrogate becomes U+FFFD, bytes that are not UTF-8 are copied. Returns
 * the length.
 */
size_t scan_decode(struct str raw, char *out);

/* The character of that code point as UTF-8; `out` has room for four. Returns its length. */
size_t scan_put_utf8(char *out, uint32_t code);

/* The text of a string: the slice itself, or a copy in the scan's arena if it holds escapes. */
struct str scan_text(struct scan *scan, struct str raw);

/* The four digits of \uXXXX, or -1 with *at on the byte that is none. */
int scan_hex4(const char **at, const char *end);
/* 0xDC00 … 0xDFFF if `at` is a \u escape with the second half of a pair, else -1. */
int scan_low_surrogate(const char *at, const char *end);

/* A copy with U+FFFD for each byte that is not part of a UTF-8 character. */
struct str scan_repair_utf8(struct arena *arena, struct str text);

#endif
