#include "worker/rows/column_name.h"

#include <stdbool.h>
#include <stdint.h>

#include "base/ascii.h"
#include "base/buf.h"
#include "port/hash.h"

enum { COLUMN_NAME_MAX = 63 }; /* bytes of a PostgreSQL identifier */

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

/* --- letters of other scripts than ours --- */

/*
 * What separates words beyond ASCII: blanks, punctuation, symbols, controls of direction,
 * private use. Everything else is a letter, a digit or a mark that belongs to one. Blocks of
 * the Unicode Standard 15.
 */
static const struct {
    uint32_t from, to;
} separators[] = {
    {0x80, 0xA9},     {0xAB, 0xB4},       {0xB6, 0xB9},        {0xBB, 0xBF},
    {0xD7, 0xD7},     {0xF7, 0xF7},       {0x37E, 0x37E},      {0x589, 0x58A},
    {0x5BE, 0x5BE},   {0x60C, 0x60D},     {0x61B, 0x61F},      {0x66A, 0x66D},
    {0x6D4, 0x6D4},   {0x964, 0x965},     {0x1680, 0x1680},    {0x2000, 0x206F},
    {0x20A0, 0x20CF}, {0x2190, 0x2BFF},   {0x3000, 0x3004},    {0x3008, 0x3020},
    {0x3030, 0x3030}, {0x30FB, 0x30FB},   {0xE000, 0xF8FF},    {0xFE00, 0xFE6F},
    {0xFEFF, 0xFF0F}, {0xFF1A, 0xFF20},   {0xFF3B, 0xFF40},    {0xFF5B, 0xFF65},
    {0xFFE0, 0xFFFF}, {0x1F000, 0x1FAFF}, {0xE0000, 0x10FFFF},
};

static bool is_letter(uint32_t code)
{
    for (size_t i = 0; i < COUNT_OF(separators); i++)
        if (code >= separators[i].from && code <= separators[i].to)
            return false;
    return true;
}

/* Latin-1, Greek and Cyrillic have their small letters at one distance; others stay. */
static uint32_t small_of(uint32_t code)
{
    if ((code >= 0xC0 && code <= 0xDE) || (code >= 0x391 && code <= 0x3A9) ||
        (code >= 0x410 && code <= 0x42F))
        return code + 0x20;
    return code >= 0x400 && code <= 0x40F ? code + 0x50 : code;
}

/* --- words --- */

/* A word begins at a capital after a small letter or digit, and at the last of several
 * capitals before a small letter: userID, HTMLPage, v2Name. */
static bool is_word_start(struct str field, size_t at)
{
    if (at == 0 || !is_upper(field.ptr[at]))
        return false;
    char before = field.ptr[at - 1];
    bool small_follows = at + 1 < field.len && is_lower(field.ptr[at + 1]);
    return is_lower(before) || ascii_is_digit(before) || (unsigned char)before >= 0x80 ||
           (is_upper(before) && small_follows);
}

/* One between words, none at the end; at the beginning only where the field has one. */
static void put_separator(struct buf *name, char c)
{
    if (name->len ? name->ptr[name->len - 1] != '_' : c == '_')
        buf_put_byte(name, '_');
}

static void put_character(struct buf *name, struct str character)
{
    uint32_t code = str_utf8_code(character), small = small_of(code);
    if (!is_letter(code))
        put_separator(name, ' ');
    else if (small == code)
        buf_put(name, character);
    else /* all of these have two bytes */
        buf_printf(name, "%c%c", (int)(0xC0 | small >> 6), (int)(0x80 | (small & 0x3F)));
}

static struct str snake_case(struct arena *arena, struct str field)
{
    AUTO_BUF(name, field.len * 2 + 2);
    for (size_t i = 0; i < field.len;) {
        char c = field.ptr[i];
        struct str rest = str_slice(field, i, field.len);
        size_t len = MAX(str_utf8_length(rest), (size_t)1);
        bool is_plain = is_lower(c) || is_upper(c) || ascii_is_digit(c);
        if (len > 1)
            put_character(&name, str_slice(rest, 0, len));
        else if (!is_plain || is_word_start(field, i))
            put_separator(&name, c);
        if (is_plain)
            buf_put_byte(&name, is_upper(c) ? (char)(c + 32) : c);
        i += len;
    }
    struct str made = buf_str(&name);
    if (made.len && made.ptr[made.len - 1] == '_')
        made.len--;
    return arena_str(arena, made);
}

/* At most so many bytes of a name, whole characters. */
static int cut_length(struct str name, size_t max)
{
    while (max && ((unsigned char)name.ptr[max] & 0xC0) == 0x80)
        max--;
    return (int)max;
}

static bool is_system_column(struct str name)
{
    static const char *const names[] = {"ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (str_is(name, names[i]))
            return true;
    return false;
}

struct str column_name_for(struct arena *arena, struct str field)
{
    uint32_t hash = (uint32_t)hash_bytes(field, 0);
    struct str name = snake_case(arena, field);
    if (name.len == 0)
        return field.len ? arena_printf(arena, "field_%08x", hash) : STR("field");
    if (ascii_is_digit(name.ptr[0]))
        name = arena_printf(arena, "_%.*s", STR_ARG(name));
    if (str_starts(name, STR("_pt_")))
        name = str_slice(name, 1, name.len);
    if (is_system_column(name))
        name = arena_printf(arena, "%.*s_", STR_ARG(name));
    if (name.len > COLUMN_NAME_MAX)
        name = arena_printf(arena, "%.*s_%08x", cut_length(name, COLUMN_NAME_MAX - 9), name.ptr,
                            hash);
    return name;
}
