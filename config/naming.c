#include "config/naming.h"

#include <ctype.h>

#include "base/buf.h"
#include "config/identifier.h"
#include "port/http_url.h"

enum { NAME_BYTES_MAX = 48, LABELS_MAX = 16 };

struct str naming_word(struct arena *arena, struct str text)
{
    AUTO_BUF(out, NAME_BYTES_MAX + 1);
    for (size_t i = 0; i < text.len && out.len < NAME_BYTES_MAX; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (isalnum(c) && c < 0x80)
            buf_put_byte(&out, (char)tolower(c));
        else if (out.len && out.ptr[out.len - 1] != '_')
            buf_put_byte(&out, '_');
    }
    while (out.len && out.ptr[out.len - 1] == '_')
        buf_truncate(&out, out.len - 1);
    struct str name = buf_str(&out);
    while (name.len && !isalpha((unsigned char)name.ptr[0]))
        name = str_slice(name, 1, name.len);
    return identifier_is_name(name) ? arena_str(arena, name) : STR_NONE;
}

/* --- the host --- */

static bool is_one_of(struct str word, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (str_is(word, words[i]))
            return true;
    return false;
}

/* "v1", "v2.1", "2024-01" */
static bool is_version(struct str word)
{
    if (word.len && (word.ptr[0] == 'v' || word.ptr[0] == 'V'))
        word = str_slice(word, 1, word.len);
    for (size_t i = 0; i < word.len; i++)
        if (!isdigit((unsigned char)word.ptr[i]) && word.ptr[i] != '.' && word.ptr[i] != '-')
            return false;
    return word.len > 0;
}

static bool says_nothing(struct str word)
{
    static const char *const words[] = {"api",  "apis",   "rest",     "www",
                                        "data", "public", "services", "service"};
    return is_version(word) || is_one_of(word, words, COUNT_OF(words));
}

/* "shop" of "api.shop.example" and of "shop.co.uk". */
static struct str owner_of(struct str host)
{
    static const char *const seconds[] = {"co", "com", "org", "net", "gov", "ac", "edu"};
    struct str labels[LABELS_MAX];
    size_t count = 0;
    while (host.len && count < LABELS_MAX)
        host = str_split(host, '.', &labels[count++]);
    if (count < 2)
        return STR_NONE;
    size_t at = count - 2;
    if (at > 0 && is_one_of(labels[at], seconds, COUNT_OF(seconds)))
        at--;
    return labels[at];
}

static bool is_address(struct str host)
{
    return str_find_byte(host, ':') >= 0 || (str_count_digits(host) && is_version(host));
}

struct str naming_source(struct arena *arena, struct str host, struct str path)
{
    struct str name = is_address(host) ? STR_NONE : naming_word(arena, owner_of(host));
    while (!name.len && path.len) {
        struct str part;
        path = str_split(path, '/', &part);
        if (path.ptr && !says_nothing(part)) /* the last one names the stream */
            name = naming_word(arena, part);
    }
    return name.len ? name : STR("api");
}

/* --- the path --- */

static struct str without_ending(struct str part)
{
    static const char *const endings[] = {".json",  ".xml", ".csv",  ".ndjson",
                                          ".jsonl", ".php", ".aspx", ".do"};
    for (size_t i = 0; i < COUNT_OF(endings); i++)
        if (str_ends(part, str_from(endings[i])) && part.len > strlen(endings[i]))
            return str_slice(part, 0, part.len - strlen(endings[i]));
    return part;
}

struct str naming_stream(struct arena *arena, struct str path)
{
    struct str name = STR_NONE;
    while (path.len) {
        struct str part;
        path = str_split(path, '/', &part);
        struct str one = says_nothing(part)
                             ? STR_NONE
                             : naming_word(arena, without_ending(http_url_decode(arena, part)));
        if (one.len)
            name = one;
    }
    return name.len ? name : STR("records");
}

/* --- others --- */

struct str naming_variable(struct arena *arena, struct str source, struct str what)
{
    AUTO_BUF(out, 2 * NAME_BYTES_MAX);
    struct str words[] = {source, naming_word(arena, what)};
    for (size_t w = 0; w < COUNT_OF(words); w++) {
        if (w && out.len)
            buf_put_byte(&out, '_');
        for (size_t i = 0; i < words[w].len; i++)
            buf_put_byte(&out, (char)toupper((unsigned char)words[w].ptr[i]));
    }
    return arena_str(arena, buf_str(&out));
}

bool naming_take_param(struct arena *arena, struct str *query, struct str *ret_name,
                       struct str *ret_value)
{
    struct str pair = STR_NONE, name, value;
    while (query->len && !pair.len)
        *query = str_split(*query, '&', &pair);
    if (!pair.len)
        return false;
    value = str_split(pair, '=', &name);
    *ret_name = http_url_decode_query(arena, name);
    *ret_value = http_url_decode_query(arena, value);
    return true;
}
