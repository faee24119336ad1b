#include "base/redact.h"

#include "base/buf.h"
#include "base/hex.h"
#include "base/mem.h"

enum { SHORTEST_BYTES = 4, ALIGNMENTS = 3, NEEDLES = 1 + ALIGNMENTS };

/* What is searched: the value, and its base64 after 0, 1 and 2 other bytes. */
struct secret {
    struct str name, value;
    struct str needles[NEEDLES];
};

static struct {
    struct secret *list;
    size_t count, capacity;
} secrets;

static struct str heap_copy(struct str text)
{
    return (struct str){mem_dup(text.ptr ? text.ptr : "", text.len), text.len};
}

static void heap_free(struct str text)
{
    mem_free((void *)(uintptr_t)text.ptr);
}

/* --- registering --- */

/*
 * The base64 characters that depend on the value alone when `ahead` bytes of something else
 * come first in the encoded text; those at both ends that share bits with neighbours are left.
 */
static struct str base64_core(struct str value, size_t ahead)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t from = (8 * ahead + 5) / 6, to = 8 * (ahead + value.len) / 6;
    char *text = mem_alloc(to - from);
    for (size_t i = from; i < to; i++) {
        size_t bit = 6 * i - 8 * ahead;
        unsigned high = (unsigned char)value.ptr[bit / 8];
        unsigned low = bit / 8 + 1 < value.len ? (unsigned char)value.ptr[bit / 8 + 1] : 0;
        text[i - from] = alphabet[(high << 8 | low) >> (10 - bit % 8) & 63];
    }
    return (struct str){text, to - from};
}

void redact_add(struct str name, struct str value)
{
    if (value.len < SHORTEST_BYTES)
        return;
    for (size_t i = 0; i < secrets.count; i++)
        if (str_eq(secrets.list[i].name, name) && str_eq(secrets.list[i].value, value))
            return;
    MEM_GROW(secrets.list, secrets.count, secrets.capacity);
    struct secret *secret = &secrets.list[secrets.count++];
    *secret = (struct secret){.name = heap_copy(name), .value = heap_copy(value)};
    secret->needles[0] = secret->value;
    for (size_t i = 0; i < ALIGNMENTS; i++)
        secret->needles[1 + i] = base64_core(secret->value, i);
}

void redact_clear(void)
{
    for (size_t i = 0; i < secrets.count; i++) {
        struct secret *secret = &secrets.list[i];
        heap_free(secret->name);
        for (size_t k = 0; k < NEEDLES; k++)
            heap_free(secret->needles[k]);
    }
    mem_free(secrets.list);
    secrets.list = NULL;
    secrets.count = secrets.capacity = 0;
}

/* --- searching --- */

/* How many bytes of the text mean `c`: one, three if percent-encoded, one if `+` for a space;
 * 0: they mean something else. */
static size_t match_byte(struct str text, char c)
{
    if (text.ptr[0] == c || (c == ' ' && text.ptr[0] == '+'))
        return 1;
    return hex_percent(text) == (unsigned char)c ? 3 : 0;
}

/* The alphabet of RFC 4648, section 5 (for URLs) is another spelling of section 4's. */
static size_t match_base64(struct str text, char c)
{
    char other = c == '+' ? '-' : c == '/' ? '_' : c;
    size_t len = match_byte(text, c);
    return len ? len : match_byte(text, other);
}

/*
 * Length of the needle at the start of the text, 0 if it is not there. With `is_cut` the text
 * may end in the middle of it, if enough of it is there to be sure.
 */
static size_t match_needle(struct str text, struct str needle, bool is_base64, bool is_cut)
{
    size_t at = 0;
    for (size_t i = 0; i < needle.len; i++) {
        if (at == text.len)
            return is_cut && i >= SHORTEST_BYTES ? at : 0;
        struct str rest = {text.ptr + at, text.len - at};
        size_t len =
            is_base64 ? match_base64(rest, needle.ptr[i]) : match_byte(rest, needle.ptr[i]);
        if (!len)
            return 0;
        at += len;
    }
    return at;
}

/* The longest secret at the start of the text. */
static size_t match_any(struct str text, bool is_cut, struct str *ret_name)
{
    size_t longest = 0;
    for (size_t i = 0; i < secrets.count; i++) {
        for (size_t k = 0; k < NEEDLES; k++) {
            size_t len = match_needle(text, secrets.list[i].needles[k], k > 0, is_cut);
            if (len > longest) {
                longest = len;
                *ret_name = secrets.list[i].name;
            }
        }
    }
    return longest;
}

/* Puts the redacted text; false, with nothing put, if there is nothing to redact. */
static bool redact(struct buf *buf, struct str text, bool is_cut)
{
    size_t done = 0;
    struct str name;
    for (size_t i = 0; i < text.len;) {
        size_t len = match_any(str_slice(text, i, text.len), is_cut, &name);
        if (!len) {
            i++;
            continue;
        }
        buf_put(buf, str_slice(text, done, i));
        buf_printf(buf, "<%.*s>", STR_ARG(name));
        done = i += len;
    }
    if (done)
        buf_put(buf, str_slice(text, done, text.len));
    return done > 0;
}

struct str redact_str(struct arena *arena, struct str text)
{
    if (!secrets.count)
        return text;
    AUTO_BUF(buf, SIZE_MAX / 4);
    return redact(&buf, text, false) ? arena_str(arena, buf_str(&buf)) : text;
}

void redact_cstr(char *text, size_t size)
{
    if (!secrets.count || !size)
        return;
    AUTO_BUF(buf, SIZE_MAX / 4);
    struct str all = str_from(text);
    /* A text that fills its buffer was cut, perhaps three bytes into its last character. */
    bool is_cut = all.len + 4 >= size;
    if (!redact(&buf, all, is_cut))
        return;
    size_t len = MIN(buf.len, size - 1);
    memcpy(text, buf.ptr, len);
    text[len] = '\0';
}
