#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdbool.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* Where certain bytes are, 16 at a time where the processor can. */

/* The first byte from `at` that is not plain ASCII text of a JSON string: a quote, a backslash,
 * a control character, or one >= 0x80. */
static inline const char *bytes_skip_plain(const char *at, const char *end)
{
#ifdef __SSE2__
    const __m128i quote = _mm_set1_epi8('"');
    const __m128i backslash = _mm_set1_epi8('\\');
    const __m128i space = _mm_set1_epi8(' ');
    while (end - at >= 8) {
        bool is_whole = end - at >= 16; /* else eight bytes, and zeros behind them */
        __m128i chunk = is_whole ? _mm_loadu_si128((const __m128i *)(const void *)at)
                                 : _mm_loadl_epi64((const __m128i *)(const void *)at);
        /* Signed: bytes >= 0x80 are below the space too. */
        __m128i special = _mm_or_si128(
            _mm_cmplt_epi8(chunk, space),
            _mm_or_si128(_mm_cmpeq_epi8(chunk, quote), _mm_cmpeq_epi8(chunk, backslash)));
        unsigned mask = (unsigned)_mm_movemask_epi8(special) & (is_whole ? 0xffff : 0xff);
        if (mask)
            return at + __builtin_ctz(mask);
        at += is_whole ? 16 : 8;
    }
#endif
    while (at < end) {
        unsigned char c = (unsigned char)*at;
        if (c < ' ' || c >= 0x80 || c == '"' || c == '\\')
            break;
        at++;
    }
    return at;
}

/* The first `one` or `other` from `at`, or the end. */
static inline const char *bytes_find_either(const char *at, const char *end, char one,
                                            char other)
{
#ifdef __SSE2__
    const __m128i ones = _mm_set1_epi8(one), others = _mm_set1_epi8(other);
    for (; end - at >= 16; at += 16) {
        __m128i chunk = _mm_loadu_si128((const __m128i *)(const void *)at);
        int mask = _mm_movemask_epi8(
            _mm_or_si128(_mm_cmpeq_epi8(chunk, ones), _mm_cmpeq_epi8(chunk, others)));
        if (mask)
            return at + __builtin_ctz((unsigned)mask);
    }
#endif
    while (at < end && *at != one && *at != other)
        at++;
    return at;
}

/*
 * Copies `len` bytes, most often few: where 16 may be read, so many are copied at once. `to`
 * has room for `len` and BYTES_SLACK more, which may be overwritten.
 */
enum { BYTES_SLACK = 16 };
static inline void bytes_copy_few(char *to, const char *from, size_t len, size_t readable)
{
    if (len <= BYTES_SLACK && readable >= BYTES_SLACK)
        memcpy(to, from, BYTES_SLACK);
    else
        memcpy(to, from, len);
}

#endif
