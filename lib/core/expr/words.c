#include <assert.h>

#include "base/ascii.h"
#include "core/expr.h"
#include "core/expr/filter.h"
#include "core/expr/test.h"

/*
 * The words of the reference. What a filter or test is called and takes is in its table; a name
 * of a table that is not here is another name for one that is, with the same function.
 */
struct words {
    const char *name, *help, *example;
};

static const struct words filter_words[] = {
    {"default", "the value in place of an undefined one; with `boolean`, of any that is false",
     "none | default('-', true)"},
    {"int", "an integer, cut towards zero; the default where there is none to read",
     "'17.9' | int"},
    {"float", "a number with a fraction; the default where there is none to read",
     "'2.5' | float"},
    {"string", "text, as Python writes it", "true | string"},
    {"bool",
     "`true 1 yes` and `false 0 no none null` or nothing, in any case; other words are an "
     "error",
     "'Yes' | bool"},
    {"round", "`common` rounds halves to even; also `ceil`, `floor`",
     "2.45 | round(1, 'ceil')"},
    {"abs", "without its sign", "-3 | abs"},
    {"length", "characters, elements or keys", "[4, 5] | length"},
    {"lower", "in small letters", "'AbC' | lower"},
    {"upper", "in capitals", "'AbC' | upper"},
    {"trim", "without white space, or those characters, at both ends", "'--a--' | trim('-')"},
    {"replace", "each `old` by `new`, or the first `count` of them",
     "'a.b.c' | replace('.', '/', 1)"},
    {"split", "a list, cut at white space or at `sep`", "'a,b,c' | split(',', 1)"},
    {"join", "the elements, or their attribute, as one text with `d` between",
     "[1, 2] | join('-')"},
    {"first", "undefined of an empty list", "[4, 5] | first"},
    {"last", "undefined of an empty list", "[4, 5] | last"},
    {"list", "characters, elements or keys as a list", "'abc' | list"},
    {"reverse", "from the end", "[1, 2] | reverse"},
    {"min", "undefined of an empty list", "['b', 'A'] | min"},
    {"max", "undefined of an empty list", "['b', 'A'] | max(true)"},
    {"sum", "of the elements, or of their attribute", "[{'n': 1}, {'n': 2}] | sum('n')"},
    {"sort", "stable; `attribute` may name several: `'a,b.c'`",
     "[{'a': 2}, {'a': 1}] | sort(attribute='a')"},
    {"unique", "the first of each", "['a', 'A', 'b'] | unique"},
    {"keys", "of an object", "{'a': 1} | keys"},
    {"values", "of an object", "{'a': 1} | values"},
    {"items", "of an object: lists of key and value", "{'a': 1} | items"},
    {"map", "the filter of each element, or its attribute",
     "[{'a': 1}, {}] | map(attribute='a', default=0)"},
    {"select", "the elements that pass the test; without one, those that are true",
     "[1, 2, 3] | select('odd')"},
    {"reject", "the elements that do not", "[1, 2, 3] | reject('gt', 1)"},
    {"selectattr", "the elements whose attribute passes",
     "[{'a': 1}, {'a': 2}] | selectattr('a', '>', 1)"},
    {"rejectattr", "the elements whose attribute does not",
     "[{'a': 1}, {'a': 0}] | rejectattr('a')"},
    {"tojson", "JSON with sorted keys; `< > & '` are escaped", "{'b': 1, 'a': '<'} | tojson"},
    {"fromjson", "the value of a JSON text", "'[1, 2]' | fromjson"},
    {"urlencode", "percent-encoded, `urlencode('')` the slash too; an object becomes a query",
     "{'q': 'a b', 'n': 1} | urlencode"},
    {"b64encode", "base64", "'user:pass' | b64encode"},
    {"b64decode", "the text of base64", "'aGk=' | b64decode"},
    {"sha256", "`hex` or `base64`", "'a' | sha256('base64')"},
    {"hmac", "RFC 2104; `sha256` is the only algorithm",
     "'a' | hmac('key', encoding='base64')"},
    {"date", "an instant as text: strftime's letters and `%f`; `tz` is UTC or an offset",
     "'2024-01-05T10:00:00Z' | date('%d.%m.%Y %H:%M', '+02:00')"},
    {"epoch", "seconds since 1970", "'2024-01-05T10:00:00Z' | epoch"},
    {"epoch_ms", "milliseconds since 1970", "'2024-01-05' | epoch_ms"},
};

static const struct words test_words[] = {
    {"defined", "is there", "response.total is defined"},
    {"undefined", "is not there", "response.nothing is undefined"},
    {"none", "is null, or is not there", "response.nothing is none"},
    {"number", "any number", "1.5 is number"},
    {"integer", "a number without a fraction", "1.0 is integer"},
    {"float", "a number with a fraction", "1.0 is float"},
    {"string", "text", "'1' is string"},
    {"boolean", "true or false", "0 is boolean"},
    {"true", "true itself", "1 is true"},
    {"false", "false itself", "false is false"},
    {"mapping", "an object", "{} is mapping"},
    {"sequence", "what has a length: a list, text, an object; also what is not there",
     "'abc' is sequence"},
    {"odd", "", "3 is odd"},
    {"even", "", "3 is even"},
    {"divisibleby", "without a rest", "6 is divisibleby(3)"},
    {"equalto", "as `==`", "1 is eq(1.0)"},
    {"ne", "as `!=`", "'a' is ne('b')"},
    {"in", "as `in`", "2 is in([1, 2])"},
    {"gt", "as `>`", "2 is gt(1)"},
    {"ge", "as `>=`", "2 is ge(2)"},
    {"lt", "as `<`", "2 is lt(1)"},
    {"le", "as `<=`", "2 is le(2)"},
};

/* `replace(old, new[, count])`; the arguments that are passed on, 1 to 3, are one `…`. */
static struct str put_call(struct arena *arena, const struct callable *entry)
{
    AUTO_BUF(buf, 256);
    size_t count = 0;
    buf_printf(&buf, "%s", entry->name);
    for (; count < EXPR_SLOTS_MAX && entry->slots[count]; count++) {
        const char *slot = entry->slots[count];
        if (ascii_is_digit(*slot) && ascii_is_digit(*entry->slots[count - 1]))
            continue;
        buf_printf(&buf, "%s%s%s%s", count ? "" : "(", count == entry->required ? "[" : "",
                   count ? ", " : "", ascii_is_digit(*slot) ? "…" : slot);
    }
    if (count)
        buf_printf(&buf, "%s)", count > entry->required ? "]" : "");
    return arena_str(arena, buf_str(&buf));
}

static void put_aliases(struct buf *buf, const struct callable *entry,
                        const struct callable *table)
{
    for (; table->name; table++)
        if (table != entry && table->fn == entry->fn)
            buf_printf(buf, "%s%s", buf->len ? " " : "", table->name);
}

static struct expr_word word_of(const struct words *words, const struct callable *table,
                                struct arena *arena)
{
    const struct callable *entry = call_find(table, str_from(words->name));
    AUTO_BUF(aliases, 256);
    put_aliases(&aliases, entry, table);
    return (struct expr_word){put_call(arena, entry), arena_str(arena, buf_str(&aliases)),
                              words->help, words->example};
}

struct expr_word expr_filter_word(size_t index, struct arena *arena)
{
    if (index >= COUNT_OF(filter_words))
        return (struct expr_word){0};
    size_t at = 0;
    while (!call_find(filter_tables[at], str_from(filter_words[index].name)))
        at++;
    return word_of(&filter_words[index], filter_tables[at], arena);
}

struct expr_word expr_test_word(size_t index, struct arena *arena)
{
    if (index >= COUNT_OF(test_words))
        return (struct expr_word){0};
    return word_of(&test_words[index], test_table, arena);
}
