#include "base/str.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/ascii.h"
#include "base/macros.h"
#include "base/spill.h"

/* A text that is large may be spilled, and is gone through piece by piece. */
enum { PIECE_BYTES = 1 << 20 };

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

bool str_eq_nocase(struct str a, struct str b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (lower(a.ptr[i]) != lower(b.ptr[i]))
            return false;
    return true;
}

bool str_ends(struct str text, struct str suffix)
{
    return text.len >= suffix.len &&
           str_eq(str_slice(text, text.len - suffix.len, text.len), suffix);
}

int str_compare(struct str a, struct str b)
{
    size_t common = MIN(a.len, b.len);
    int order = common ? memcmp(a.ptr, b.ptr, common) : 0;
    if (order)
        return order;
    return (a.len > b.len) - (a.len < b.len);
}

size_t str_count_digits(struct str text)
{
    size_t count = 0;
    while (count < text.len && ascii_is_digit(text.ptr[count]))
        count++;
    return count;
}

struct str str_without_bom(struct str text)
{
    const struct str mark = STR("\xEF\xBB\xBF");
    return str_starts(text, mark) ? str_slice(text, mark.len, text.len) : text;
}

struct str str_trim(struct str text)
{
    while (text.len && ascii_is_space(text.ptr[0])) {
        text.ptr++;
        text.len--;
    }
    while (text.len && ascii_is_space(text.ptr[text.len - 1]))
        text.len--;
    return text;
}

ptrdiff_t str_find_byte(struct str text, char byte)
{
    const char *at = text.len ? memchr(text.ptr, byte, text.len) : NULL;
    return at ? at - text.ptr : -1;
}

#ifdef __SSE2__
static inline __m128i equal_bytes(const char *at, __m128i byte)
{
    return _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)(const void *)at), byte);
}

/*
 * Looks at 16 places at a time whether the first two bytes and the last one are there: memmem
 * is slower at passing over a text. Stops before the end, with *at behind what was looked at.
 */
static bool find_short(struct str text, struct str part, size_t *at)
{
    enum { PLACES = sizeof(__m128i) };
    const __m128i first = _mm_set1_epi8(part.ptr[0]), second = _mm_set1_epi8(part.ptr[1]);
    const __m128i last = _mm_set1_epi8(part.ptr[part.len - 1]);
    for (; *at + part.len - 1 + PLACES <= text.len; *at += PLACES) {
        const char *from = text.ptr + *at;
        __m128i begins = _mm_and_si128(equal_bytes(from, first), equal_bytes(from + 1, second));
        int mask =
            _mm_movemask_epi8(_mm_and_si128(begins, equal_bytes(from + part.len - 1, last)));
        for (; mask; mask &= mask - 1) {
            int place = __builtin_ctz((unsigned)mask);
            if (memcmp(from + place, part.ptr, part.len) == 0) {
                *at += (size_t)place;
                return true;
            }
        }
    }
    return false;
}
#else
static bool find_short(struct str text, struct str part, size_t *at)
{
    (void)text, (void)part, (void)at;
    return false;
}
#endif

static ptrdiff_t find(struct str text, struct str part)
{
    enum { SHORT_BYTES = 32 };
    size_t from = 0;
    if (part.len > 1 && part.len <= SHORT_BYTES && find_short(text, part, &from))
        return (ptrdiff_t)from;
    const char *at =
        from < text.len ? memmem(text.ptr + from, text.len - from, part.ptr, part.len) : NULL;
    return at ? at - text.ptr : -1;
}

ptrdiff_t str_find(struct str text, struct str part)
{
    ptrdiff_t at = part.len ? -1 : 0;
    for (size_t from = 0; at < 0 && from + part.len <= text.len; from += PIECE_BYTES) {
        size_t len = MIN(text.len - from, PIECE_BYTES + part.len - 1);
        at = find((struct str){text.ptr + from, len}, part);
        if (at >= 0)
            return (ptrdiff_t)from + at;
        spill_touched(len);
    }
    return at;
}

struct str str_split(struct str text, char byte, struct str *ret_head)
{
    ptrdiff_t at = str_find_byte(text, byte);
    if (at < 0) {
        *ret_head = text;
        return STR_NONE;
    }
    *ret_head = str_slice(text, 0, (size_t)at);
    return str_slice(text, (size_t)at + 1, text.len);
}

bool str_is_among(struct str text, const char *words)
{
    struct str rest = str_from(words), word;
    while (rest.len) {
        rest = str_split(rest, ' ', &word);
        if (str_eq(text, word))
            return true;
    }
    return false;
}

bool str_to_int64(struct str text, int64_t *ret)
{
    bool negative = text.len && text.ptr[0] == '-';
    size_t i = negative ? 1 : 0;
    if (i == text.len)
        return false;
    int64_t number = 0;
    for (; i < text.len; i++) {
        int digit = text.ptr[i] - '0';
        if (digit < 0 || digit > 9)
            return false;
        if (__builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, negative ? -digit : digit, &number))
            return false;
    }
    *ret = number;
    return true;
}

size_t str_utf8_length(struct str text)
{
    const unsigned char *at = (const unsigned char *)text.ptr;
    if (!text.len || at[0] < 0x80) // NOLINT(clang-analyzer-core.NullDereference): len > 0
        return text.len > 0;
    size_t len = at[0] >= 0xF0 ? 4 : at[0] >= 0xE0 ? 3 : 2;
    if (at[0] < 0xC2 || at[0] > 0xF4 || text.len < len)
        return 0;
    unsigned char low = at[0] == 0xE0 ? 0xA0 : at[0] == 0xF0 ? 0x90 : 0x80;
    unsigned char high = at[0] == 0xED ? 0x9F : at[0] == 0xF4 ? 0x8F : 0xBF;
    if (at[1] < low || at[1] > high)
        return 0;
    for (size_t i = 2; i < len; i++)
        if ((at[i] & 0xC0) != 0x80)
            return 0;
    return len;
}

uint32_t str_utf8_code(struct str character)
{
    static const unsigned char masks[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    uint32_t code = (unsigned char)character.ptr[0] & masks[character.len];
    for (size_t i = 1; i < character.len; i++)
        code = code << 6 | ((unsigned char)character.ptr[i] & 0x3F);
    return code;
}

/* How many bytes from `i` on are ASCII, eight at a time. */
static size_t count_ascii(struct str text, size_t i)
{
    size_t from = i;
    uint64_t word;
    for (; text.len - i >= sizeof word; i += sizeof word) {
        memcpy(&word, text.ptr + i, sizeof word);
        if (word & UINT64_C(0x8080808080808080))
            break;
    }
    while (i < text.len && (unsigned char)text.ptr[i] < 0x80)
        i++;
    return i - from;
}

bool str_is_utf8(struct str text)
{
    for (size_t i = 0; i < text.len;) {
        size_t from = i, end = MIN(text.len, from + PIECE_BYTES);
        while (i < end) {
            i += count_ascii(str_slice(text, 0, end), i);
            if (i == end)
                break;
            size_t len = str_utf8_length(str_slice(text, i, text.len));
            if (!len)
                return false;
            i += len;
        }
        spill_touched(i - from);
    }
    return true;
}

int str_distance(struct str a, struct str b, int max)
{
    enum { LONGEST = 64 };
    int row[LONGEST + 1];
    if (a.len > LONGEST || b.len > LONGEST)
        return max + 1;
    for (size_t j = 0; j <= b.len; j++)
        row[j] = (int)j;
    for (size_t i = 1; i <= a.len; i++) {
        int diagonal = row[0];
        row[0] = (int)i;
        for (size_t j = 1; j <= b.len; j++) {
            int change = diagonal + (a.ptr[i - 1] != b.ptr[j - 1]);
            diagonal = row[j];
            row[j] = MIN(change, MIN(row[j], row[j - 1]) + 1);
        }
    }
    return MIN(row[b.len], max + 1);
}
