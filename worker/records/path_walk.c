#include "worker/records/path_walk.h"

#include <assert.h>

/*
 * The walk keeps the containers that are open on its way as a stack of levels; level n was
 * opened by step n of the path. A call of path_walk_next is always climb, then descend:
 *
 *     descend   from a value, one step after the other opens a container and stops at the value
 *               wanted in it. Every step led somewhere: the value is given to the caller.
 *     climb     from after a value, outwards. A level of a key, index or filter is read to its
 *               closing byte. A level of a wildcard moves on to its next element, if there
 *               is one, and descend begins again there.
 *
 * Example, path `a[*].b`, body {"a":[{"b":1},{"c":2},{"b":3}],"d":4}:
 *
 *     descend {, key a; [, first element; {, key b     at 1, levels a [*] b     THERE
 *     climb   to the } of b; [*] moves on to {"c":2}
 *     descend key b is not there: note_absent          climb: [*] moves on to {"b":3}
 *     descend key b                                    at 3                     THERE
 *     climb   to the end of [*] and of {, past "d":4   levels empty             END
 *
 * Some steps need to know more than the next byte: an index from the end, a filter, an element
 * that is watched. There the value is read once ahead and the scan goes back to its beginning.
 */

/* Level n was opened by step n of the path. */
struct path_level {
    bool is_object, is_wild;
    struct str key;     /* object: the step's */
    struct str member;  /* wild, object: as written */
    struct str element; /* wild, watched */
    size_t index;       /* wild: of the element that it has come to */
};

/* What a step led to. WAY_ABSENT, WAY_NULL: the value was passed, no level is open for it. */
enum way { WAY_THERE, WAY_ABSENT, WAY_NULL, WAY_BAD };

bool path_walk_is_wild(const struct path *path, size_t step)
{
    return path->steps[step].kind == PATH_EACH || path->steps[step].kind == PATH_MEMBER;
}

void path_walk_init(struct path_walk *walk, struct scan *scan, const struct path *path)
{
    *walk = (struct path_walk){.scan = scan, .path = path};
    walk->levels = ARENA_ARRAY(scan->arena, struct path_level, path->count + 1);
    walk->watched = ARENA_ARRAY(scan->arena, bool, path->count + 1);
}

/*
 * A value outside the records has no place for its flaws: bytes that are not UTF-8 make the
 * body invalid, other flaws are found by the reader that asks for the value.
 */
static bool check_utf8(struct scan *scan)
{
    if (!scan->bad_byte)
        return true;
    scan->at = scan->bad_byte;
    return scan_fail(scan, "not UTF-8");
}

static bool read_ahead(struct path_walk *walk)
{
    return scan_value(walk->scan, walk->open);
}

static bool skip_value(struct path_walk *walk)
{
    return read_ahead(walk) && check_utf8(walk->scan);
}

/*
 * Of the value from there up to the scan: null, "", [] and {} hold nothing. Some languages have
 * one empty value for lists and objects, and write it as either.
 */
static bool holds_nothing(const struct path_walk *walk, const char *from)
{
    struct str raw = {from, (size_t)(walk->scan->at - from)};
    if (str_is(raw, "null") || str_is(raw, "\"\""))
        return true;
    return strchr("[{", raw.ptr[0]) && str_trim(str_slice(raw, 1, raw.len - 1)).len == 0;
}

static struct path_level *open_level(struct path_walk *walk, bool is_object, struct str key)
{
    struct path_level *level = &walk->levels[walk->open];
    assert(walk->open < walk->path->count);
    *level = (struct path_level){.is_object = is_object, .key = key};
    walk->open++;
    return level;
}

/* From the opening byte up to the value wanted, or past the closing byte. */
static enum way enter_member(struct path_walk *walk, struct str key)
{
    struct scan *scan = walk->scan;
    bool more = scan_first(scan, '}');
    while (more) {
        struct str name;
        if (!scan_name(scan, &name))
            return WAY_BAD;
        if (str_eq(name, key)) {
            open_level(walk, true, key);
            return WAY_THERE;
        }
        if (!skip_value(walk))
            return WAY_BAD;
        more = scan_more(scan, '}');
    }
    return scan->problem ? WAY_BAD : WAY_ABSENT;
}

static enum way enter_element(struct path_walk *walk, int64_t index)
{
    struct scan *scan = walk->scan;
    bool more = scan_first(scan, ']');
    for (int64_t i = 0; more; i++) {
        if (i == index) {
            open_level(walk, false, STR_NONE);
            return WAY_THERE;
        }
        if (!skip_value(walk))
            return WAY_BAD;
        more = scan_more(scan, ']');
    }
    return scan->problem ? WAY_BAD : WAY_ABSENT;
}

/* An index from the end needs the length: the list is read once ahead. */
static enum way enter_from_end(struct path_walk *walk, int64_t index)
{
    struct scan *scan = walk->scan;
    const char *from = scan->at;
    int64_t count = 0;
    for (bool more = scan_first(scan, ']'); more; more = scan_more(scan, ']')) {
        if (!read_ahead(walk))
            return WAY_BAD;
        count++;
    }
    if (scan->problem)
        return WAY_BAD;
    if (count + index < 0)
        return check_utf8(scan) ? WAY_ABSENT : WAY_BAD;
    scan->at = from;
    scan->bad_byte = NULL;
    return enter_element(walk, count + index);
}

/* As path_get compares: a string by its content, a number or boolean as written. */
static bool equals_text(struct path_walk *walk, struct str raw, struct str text)
{
    if (strchr("{[n", raw.ptr[0]))
        return false;
    if (raw.ptr[0] != '"')
        return str_eq(raw, text);
    return str_eq(scan_text(walk->scan, str_slice(raw, 1, raw.len - 1)), text);
}

/* Reads the object at `at` ahead, to its end. */
static bool matches_filter(struct path_walk *walk, const struct path_step *step, bool *ret)
{
    struct scan *scan = walk->scan;
    *ret = false;
    for (bool more = scan_first(scan, '}'); more; more = scan_more(scan, '}')) {
        struct str name;
        if (!scan_name(scan, &name))
            return false;
        const char *from = scan->at;
        scan->flags = 0;
        if (!read_ahead(walk))
            return false;
        struct str raw = {from, (size_t)(scan->at - from)};
        if (str_eq(name, step->key))
            *ret = equals_text(walk, raw, step->text);
    }
    return !scan->problem;
}

static enum way enter_match(struct path_walk *walk, const struct path_step *step)
{
    struct scan *scan = walk->scan;
    for (bool more = scan_first(scan, ']'); more; more = scan_more(scan, ']')) {
        const char *from = scan->at;
        bool is_match = false;
        bool ok =
            scan_peek(scan) == '{' ? matches_filter(walk, step, &is_match) : read_ahead(walk);
        if (!ok || (!is_match && !check_utf8(scan)))
            return WAY_BAD;
        if (is_match) {
            scan->at = from;
            scan->bad_byte = NULL;
            open_level(walk, false, STR_NONE);
            return WAY_THERE;
        }
    }
    return scan->problem ? WAY_BAD : WAY_ABSENT;
}

/* --- wildcards --- */

/* Takes the value at the scan and goes back to its beginning: it is valid then. */
static bool look_ahead(struct path_walk *walk, struct str *ret_text)
{
    struct scan *scan = walk->scan;
    const char *from = scan->at;
    if (!read_ahead(walk))
        return false;
    *ret_text = (struct str){from, (size_t)(scan->at - from)};
    scan->at = from;
    scan->flags = 0;
    scan->bad_byte = NULL;
    return true;
}

/* From the comma or opening byte before an element up to its value. */
static enum way come_to(struct path_walk *walk)
{
    struct scan *scan = walk->scan;
    size_t step = walk->open - 1;
    struct path_level *level = &walk->levels[step];
    struct str name;
    if (level->is_object) {
        if (!scan_key(scan, &name) || !check_utf8(scan))
            return WAY_BAD;
        level->member = (struct str){name.ptr - 1, name.len + 2};
    }
    if (walk->watched[step] && !look_ahead(walk, &level->element))
        return WAY_BAD;
    return WAY_THERE;
}

static size_t offset_of(const struct path_walk *walk)
{
    return (size_t)(walk->scan->at - walk->scan->start);
}

static bool is_first_wild(const struct path_walk *walk, size_t step)
{
    for (size_t i = 0; i < step; i++)
        if (path_walk_is_wild(walk->path, i))
            return false;
    return true;
}

static enum way enter_each(struct path_walk *walk, bool is_object)
{
    struct scan *scan = walk->scan;
    bool is_first = is_first_wild(walk, walk->open);
    if (is_first)
        walk->wild.from = offset_of(walk);
    if (scan_first(scan, is_object ? '}' : ']')) {
        open_level(walk, is_object, STR_NONE)->is_wild = true;
        return come_to(walk);
    }
    if (is_first)
        walk->wild.to = offset_of(walk);
    return WAY_NULL;
}

static enum way enter_wild(struct path_walk *walk, const struct path_step *step)
{
    const char *from = walk->scan->at;
    bool is_object = step->kind == PATH_MEMBER;
    if (scan_peek(walk->scan) == (is_object ? '{' : '['))
        return enter_each(walk, is_object);
    if (!skip_value(walk))
        return WAY_BAD;
    return holds_nothing(walk, from) ? WAY_NULL : WAY_ABSENT;
}

/* --- the way in --- */

static void put_level(struct buf *place, const struct path_level *level,
                      const struct path_step *step)
{
    if (step->kind == PATH_INDEX)
        buf_printf(place, "[%lld]", (long long)step->index);
    else if (step->kind == PATH_FILTER)
        buf_printf(place, "[%.*s=%.*s]", STR_ARG(step->key), STR_ARG(step->text));
    else if (step->kind == PATH_EACH)
        buf_printf(place, "[%zu]", level->index);
    else if (step->kind == PATH_MEMBER)
        buf_printf(place, "%s%.*s", place->len ? "." : "",
                   STR_ARG(str_slice(level->member, 1, level->member.len - 1)));
    else
        buf_printf(place, "%s%.*s", place->len ? "." : "", STR_ARG(step->key));
}

const char *path_walk_kind(int c)
{
    switch (c) {
    case '{':
        return "an object";
    case '[':
        return "a list";
    case '"':
        return "a string";
    case 't':
    case 'f':
        return "a boolean";
    case 'n':
        return "null";
    default:
        return "a number";
    }
}

enum { PLACE_BYTES_MAX = 512 };

struct str path_walk_place(const struct path_walk *walk)
{
    AUTO_BUF(place, PLACE_BYTES_MAX);
    for (size_t i = 0; i < walk->open; i++)
        put_level(&place, &walk->levels[i], &walk->path->steps[i]);
    if (place.has_overflowed)
        return STR("a place inside");
    return place.len ? arena_str(walk->scan->arena, buf_str(&place)) : STR("the body");
}

/* `c`: the first byte of the value that the next step leads nowhere in. */
static struct str say_absence(const struct path_walk *walk, bool is_container, int c)
{
    const struct path_step *step = &walk->path->steps[walk->open];
    struct str shown = path_walk_place(walk);
    bool lacks_key = is_container && step->kind == PATH_KEY && c == '{';
    if (lacks_key)
        return arena_printf(walk->scan->arena, "%.*s has no \"%.*s\"", STR_ARG(shown),
                            STR_ARG(str_slice(step->key, 0, PLACE_BYTES_MAX)));
    return arena_printf(walk->scan->arena, "%.*s is %s%s", STR_ARG(shown), path_walk_kind(c),
                        is_container ? " without such an element" : "");
}

/* `from`: where the value begins that the step led nowhere in. What is wrong goes before what
 * is missing: it is what cannot be forgiven. */
static void note_absent(struct path_walk *walk, bool is_container, const char *from)
{
    bool is_other = !is_container && !holds_nothing(walk, from);
    if (!walk->is_absent || (is_other && !walk->is_other)) {
        walk->reached = walk->open;
        walk->absence = say_absence(walk, is_container, *from);
    }
    walk->is_absent = true;
    walk->is_other |= is_other;
}

static enum way enter(struct path_walk *walk, const struct path_step *step)
{
    const char *from = walk->scan->at;
    int c = scan_peek(walk->scan);
    int64_t index = step->index;
    bool is_index = step->kind == PATH_INDEX ||
                    (step->kind == PATH_KEY && c == '[' && str_to_int64(step->key, &index));
    enum way way = WAY_BAD;
    bool is_container = true;
    if (path_walk_is_wild(walk->path, walk->open)) {
        is_container = false;
        way = enter_wild(walk, step);
    } else if (c == '{' && step->kind == PATH_KEY)
        way = enter_member(walk, step->key);
    else if (c == '[' && is_index)
        way = index < 0 ? enter_from_end(walk, index) : enter_element(walk, index);
    else if (c == '[' && step->kind == PATH_FILTER)
        way = enter_match(walk, step);
    else {
        is_container = false;
        way = skip_value(walk) ? WAY_ABSENT : WAY_BAD;
    }
    if (way == WAY_ABSENT)
        note_absent(walk, is_container, from);
    return way;
}

/* From a value that the steps of all open levels led to. */
static enum way descend(struct path_walk *walk)
{
    enum way way = WAY_THERE;
    while (way == WAY_THERE && walk->open < walk->path->count)
        way = enter(walk, &walk->path->steps[walk->open]);
    return way;
}

/* --- the way on and out --- */

static bool close_level(struct path_walk *walk, const struct path_level *level)
{
    struct scan *scan = walk->scan;
    while (scan_more(scan, level->is_object ? '}' : ']')) {
        const char *from = scan->at;
        struct str name;
        if (level->is_object && !scan_name(scan, &name))
            return false;
        if (level->is_object && str_eq(name, level->key)) {
            scan->at = from;
            return scan_fail(scan, "a key of the merge path stands twice in its object");
        }
        if (!skip_value(walk))
            return false;
    }
    return !scan->problem;
}

/* After a value: up to the next element of the innermost wildcard that has one. */
static enum path_walk_result climb(struct path_walk *walk)
{
    struct scan *scan = walk->scan;
    for (; walk->open; walk->open--) {
        struct path_level *level = &walk->levels[walk->open - 1];
        if (!level->is_wild && !close_level(walk, level))
            return PATH_WALK_BAD;
        if (!level->is_wild)
            continue;
        level->index++;
        if (scan_more(scan, level->is_object ? '}' : ']'))
            return come_to(walk) == WAY_BAD ? PATH_WALK_BAD : PATH_WALK_THERE;
        if (scan->problem)
            return PATH_WALK_BAD;
        if (is_first_wild(walk, walk->open - 1))
            walk->wild.to = offset_of(walk);
    }
    return scan_finish(scan) ? PATH_WALK_END : PATH_WALK_BAD;
}

enum path_walk_result path_walk_next(struct path_walk *walk)
{
    enum path_walk_result result = PATH_WALK_THERE;
    if (walk->has_begun) {
        result = climb(walk);
    } else {
        walk->has_begun = true;
        walk->reached = walk->path->count;
        scan_space(walk->scan);
        if (walk->watches_body && !look_ahead(walk, &walk->body))
            return PATH_WALK_BAD;
    }
    while (result == PATH_WALK_THERE) {
        enum way way = descend(walk);
        if (way == WAY_BAD)
            return PATH_WALK_BAD;
        if (way == WAY_THERE) {
            walk->places_count++;
            return PATH_WALK_THERE;
        }
        result = climb(walk);
    }
    return result;
}

struct str path_walk_element(const struct path_walk *walk, size_t step)
{
    assert(step < walk->open && walk->watched[step]);
    return walk->levels[step].element;
}

struct str path_walk_member(const struct path_walk *walk, size_t step)
{
    assert(step < walk->open);
    return walk->levels[step].member;
}
