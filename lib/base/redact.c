#include "base/redact.h"

#include "base/buf.h"
#include "base/hex.h"
#include "base/mem.h"
#include "base/printable.h"
#include "base/unescape.h"

enum {
    SHORTEST_BYTES = 4,
    WORD_BYTES = 8,    /* below, a value is looked for as a word only */
    PREFIX_BYTES = 12, /* so many first bytes of a value are taken for what is left of it */
    ALIGNMENTS = 3,
    NEEDLES = 2 + ALIGNMENTS, /* the value, its hexadecimal form, base64 after 0, 1, 2 bytes */
    DERIVED_MAX = 64,
    PASSING_MAX = 128,
    LAYERS_MAX = 3,
};

struct secret {
    struct str name, value;
    struct str needles[NEEDLES]; /* the first is `value` */
};

/* Of the last ones, in the place of the oldest. */
struct ring {
    struct secret *items;
    size_t size, count; /* `count` were ever added */
};

static struct secret derived_items[DERIVED_MAX], passing_items[PASSING_MAX];

/* A bit for the first bytes of each needle, by their hash: most places of a text are passed by
 * one look. */
static unsigned char begins[(1 << 16) / 8];

static struct {
    struct secret *list;
    size_t count, capacity;
    struct ring derived, passing;
} secrets = {.derived = {derived_items, DERIVED_MAX, 0},
             .passing = {passing_items, PASSING_MAX, 0}};

static struct str heap_copy(struct str text)
{
    return (struct str){mem_dup(text.ptr ? text.ptr : "", text.len), text.len};
}

static void heap_free(struct str text)
{
    mem_free((void *)(uintptr_t)text.ptr);
}

/* --- spelling --- */

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
}

/* `+` is a space in a query; RFC 4648, section 5, spells two characters of section 4 anew. */
static char fold(char c)
{
    return c == ' ' || c == '-' ? '+' : c == '_' ? '/' : lower(c);
}

static bool is_same(char c, char wanted, bool has_cases)
{
    return has_cases ? c == wanted || (fold(c) == fold(wanted) && lower(c) != lower(wanted))
                     : fold(c) == fold(wanted);
}

/* --- what needles begin with --- */

static unsigned begin_hash(const char *text)
{
    uint32_t hash = 0;
    for (size_t i = 0; i < SHORTEST_BYTES; i++)
        hash = hash << 8 | (unsigned char)fold(text[i]);
    return hash * UINT32_C(2654435761) >> 16; /* Knuth: the golden ratio's */
}

static void note_begin(struct str needle)
{
    unsigned hash = begin_hash(needle.ptr);
    begins[hash / 8] |= (unsigned char)(1 << hash % 8);
}

static bool may_begin(const char *text)
{
    unsigned hash = begin_hash(text);
    return begins[hash / 8] >> hash % 8 & 1;
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

static struct str hexadecimal(struct str value)
{
    char *text = mem_alloc(2 * value.len);
    hex_write(value, text);
    return (struct str){text, 2 * value.len};
}

static void secret_init(struct secret *secret, struct str name, struct str value)
{
    *secret = (struct secret){.name = heap_copy(name), .value = heap_copy(value)};
    secret->needles[0] = secret->value;
    secret->needles[1] = hexadecimal(value);
    for (size_t i = 0; i < ALIGNMENTS; i++)
        secret->needles[2 + i] = base64_core(value, i);
    for (size_t i = 0; i < NEEDLES; i++)
        note_begin(secret->needles[i]);
}

static void secret_done(struct secret *secret)
{
    heap_free(secret->name);
    for (size_t i = 0; i < NEEDLES; i++)
        heap_free(secret->needles[i]);
}

static size_t ring_length(const struct ring *ring)
{
    return MIN(ring->count, ring->size);
}

static bool ring_has(const struct ring *ring, struct str value)
{
    for (size_t i = 0; i < ring_length(ring); i++)
        if (str_eq(ring->items[i].value, value))
            return true;
    return false;
}

static void ring_put(struct ring *ring, struct str name, struct str value)
{
    struct secret *secret = &ring->items[ring->count % ring->size];
    if (ring->count++ >= ring->size)
        secret_done(secret);
    secret_init(secret, name, value);
}

static void ring_clear(struct ring *ring)
{
    for (size_t i = 0; i < ring_length(ring); i++)
        secret_done(&ring->items[i]);
    ring->count = 0;
}

static bool is_registered(struct str value, const struct str *name)
{
    for (size_t i = 0; i < secrets.count; i++)
        if (str_eq(secrets.list[i].value, value) &&
            (!name || str_eq(secrets.list[i].name, *name)))
            return true;
    return !name && (ring_has(&secrets.derived, value) || ring_has(&secrets.passing, value));
}

void redact_add(struct str name, struct str value)
{
    if (value.len < SHORTEST_BYTES || is_registered(value, &name))
        return;
    MEM_GROW(secrets.list, secrets.count, secrets.capacity);
    secret_init(&secrets.list[secrets.count++], name, value);
}

void redact_add_derived(struct str value)
{
    if (value.len >= WORD_BYTES && !is_registered(value, NULL))
        ring_put(&secrets.derived, STR("secret"), value);
}

void redact_add_passing(struct str value)
{
    if (value.len >= SHORTEST_BYTES && !ring_has(&secrets.passing, value))
        ring_put(&secrets.passing, STR("token"), value);
}

size_t redact_mark(void)
{
    return secrets.count;
}

void redact_forget(size_t mark)
{
    while (secrets.count > mark)
        secret_done(&secrets.list[--secrets.count]);
    ring_clear(&secrets.derived);
    ring_clear(&secrets.passing);
}

void redact_clear(void)
{
    redact_forget(0);
    mem_free(secrets.list);
    secrets.list = NULL;
    secrets.capacity = 0;
    memset(begins, 0, sizeof begins);
}

/* --- searching --- */

/* A part of the text that is not shown, and what is shown instead: `<name>`, or nothing. */
struct hidden {
    size_t from, to;
    struct str name;
};

struct search {
    bool is_cut; /* the text may end in the middle of a secret */
    bool leaves_users;
    struct hidden *found;
    size_t count, capacity;
};

static void note(struct search *search, const struct unescaped *in, size_t from, size_t to,
                 struct str name)
{
    MEM_GROW(search->found, search->count, search->capacity);
    search->found[search->count++] =
        (struct hidden){unescaped_at(in, from), unescaped_at(in, to), name};
}

static bool is_word_byte(char c)
{
    return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9');
}

/* How much of the needle the text begins with. Short ones have their own letter case. */
static size_t common_length(struct str text, struct str needle)
{
    size_t len = 0;
    while (len < text.len && len < needle.len &&
           is_same(text.ptr[len], needle.ptr[len], needle.len < WORD_BYTES))
        len++;
    return len;
}

/* A URL is no secret in its first part: others begin in the same way. */
static bool is_what_is_left(const struct search *search, size_t len, bool is_at_end,
                            struct str needle)
{
    if (search->is_cut && is_at_end && len >= SHORTEST_BYTES)
        return true;
    return len >= PREFIX_BYTES && str_find(needle, STR("://")) < 0;
}

static bool is_word(struct str text, size_t from, size_t to)
{
    return (from == 0 || !is_word_byte(text.ptr[from - 1])) &&
           (to == text.len || !is_word_byte(text.ptr[to]));
}

static void match_needle(struct search *search, const struct unescaped *in, size_t at,
                         const struct secret *secret, size_t which)
{
    struct str text = in->text, needle = secret->needles[which];
    size_t len = common_length(str_slice(text, at, text.len), needle);
    bool needs_word = which == 0 && needle.len < WORD_BYTES;
    bool is_at_end = at + len == text.len;
    if (len < needle.len && !is_what_is_left(search, len, is_at_end, needle))
        return;
    if (!needs_word || is_word(text, at, at + len))
        note(search, in, at, at + len, secret->name);
}

static void match_list(struct search *search, const struct unescaped *in, size_t at,
                       const struct secret *list, size_t count)
{
    for (size_t i = 0; i < count * NEEDLES; i++)
        match_needle(search, in, at, &list[i / NEEDLES], i % NEEDLES);
}

static void match_all(struct search *search, const struct unescaped *in, size_t at)
{
    match_list(search, in, at, secrets.list, secrets.count);
    match_list(search, in, at, secrets.derived.items, ring_length(&secrets.derived));
    match_list(search, in, at, secrets.passing.items, ring_length(&secrets.passing));
}

/* RFC 3986, section 3.2: the authority ends at one of `/?#`, the user at its last `@`. */
static void find_users(struct search *search, const struct unescaped *in)
{
    struct str text = in->text;
    for (size_t at = 0; at + 3 < text.len; at++) {
        if (memcmp(text.ptr + at, "://", 3) != 0)
            continue;
        size_t from = at + 3, to = from;
        for (size_t i = from; i < text.len && !strchr("/?# \t\r\n\"'<>\\,", text.ptr[i]); i++)
            if (text.ptr[i] == '@')
                to = i + 1;
        if (to > from)
            note(search, in, from, to, STR_NONE);
    }
}

/* What the text is in itself, and what it is once an encoding is taken off. */
static void find_all(struct search *search, const struct unescaped *in, int layers)
{
    for (size_t at = 0; at + SHORTEST_BYTES <= in->text.len; at++)
        if (may_begin(in->text.ptr + at))
            match_all(search, in, at);
    if (!search->leaves_users)
        find_users(search, in);
    for (int kind = 0; layers < LAYERS_MAX && kind < UNESCAPE_KINDS; kind++) {
        struct unescaped inner;
        if (!unescape(in, (enum unescape_kind)kind, &inner))
            continue;
        find_all(search, &inner, layers + 1);
        unescaped_done(&inner);
    }
}

/* --- replacing --- */

static int compare_hidden(const void *a, const void *b)
{
    const struct hidden *one = a, *other = b;
    if (one->from != other->from)
        return one->from < other->from ? -1 : 1;
    return one->to == other->to ? 0 : one->to > other->to ? -1 : 1;
}

/* Parts that overlap are one, under the name of the longest. */
static size_t join_overlaps(struct hidden *found, size_t count)
{
    size_t kept = 0;
    for (size_t i = 1; i < count; i++) {
        struct hidden *last = &found[kept], *next = &found[i];
        if (next->from >= last->to) {
            found[++kept] = *next;
            continue;
        }
        if (next->to - next->from > last->to - last->from)
            last->name = next->name;
        last->to = MAX(last->to, next->to);
    }
    return kept + 1;
}

/* Puts the redacted text; false, with nothing put, if there is nothing to redact. */
static bool redact(struct buf *buf, struct str text, bool is_cut)
{
    struct search search = {.is_cut = is_cut};
    find_all(&search, &(struct unescaped){.text = text}, 0);
    if (!search.count)
        return false;
    qsort(search.found, search.count, sizeof *search.found, compare_hidden);
    size_t count = join_overlaps(search.found, search.count), done = 0;
    for (size_t i = 0; i < count; i++) {
        buf_put(buf, str_slice(text, done, search.found[i].from));
        if (search.found[i].name.len)
            buf_printf(buf, "<%.*s>", STR_ARG(search.found[i].name));
        done = search.found[i].to;
    }
    buf_put(buf, str_slice(text, done, text.len));
    mem_free(search.found);
    return true;
}

bool redact_has(struct str text)
{
    struct search search = {.leaves_users = true};
    find_all(&search, &(struct unescaped){.text = text}, 0);
    mem_free(search.found);
    return search.count;
}

struct str redact_str(struct arena *arena, struct str text)
{
    AUTO_BUF(buf, SIZE_MAX / 4);
    return redact(&buf, text, false) ? arena_str(arena, buf_str(&buf)) : text;
}

struct str redact_cut(struct arena *arena, struct str text, size_t max)
{
    struct str shown = printable_str(arena, redact_str(arena, text), PRINTABLE_LINE);
    return str_slice(shown, 0, max);
}

void redact_cstr(char *text, size_t size)
{
    if (!size)
        return;
    AUTO_BUF(buf, SIZE_MAX / 4);
    struct str all = str_from(text);
    /* A text that fills its buffer was cut, by up to three bytes of a character more. */
    bool is_cut = all.len + 4 >= size;
    if (!redact(&buf, all, is_cut))
        return;
    size_t len = MIN(buf.len, size - 1);
    if (len)
        memcpy(text, buf.ptr, len);
    text[len] = '\0';
}
