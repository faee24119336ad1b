#include "worker/walk.h"

struct level {
    bool is_object;
    struct str key; /* object: the step's */
};

void walk_init(struct walk *walk, struct scan *scan, const struct path *path)
{
    *walk = (struct walk){.scan = scan, .path = path};
    walk->levels = ARENA_ARRAY(scan->arena, struct level, path->count + 1);
}

/*
 * What no record holds has nowhere to put its flaws: bytes that are not UTF-8 make the body
 * invalid, the others are left to whoever asks for the value.
 */
static bool check_utf8(struct scan *scan)
{
    if (!scan->bad_byte)
        return true;
    scan->at = scan->bad_byte;
    return scan_fail(scan, "not UTF-8");
}

static bool read_ahead(struct walk *walk)
{
    return scan_value(walk->scan, walk->open);
}

static bool skip_value(struct walk *walk)
{
    return read_ahead(walk) && check_utf8(walk->scan);
}

static void open_level(struct walk *walk, bool is_object, struct str key)
{
    walk->levels[walk->open++] = (struct level){is_object, key};
    walk->reached++;
}

/* From the opening byte up to the value wanted, or behind the closing byte. */
static enum walk_result enter_member(struct walk *walk, struct str key)
{
    struct scan *scan = walk->scan;
    bool more = scan_first(scan, '}');
    while (more) {
        struct str name;
        if (!scan_name(scan, &name))
            return WALK_BAD;
        if (str_eq(name, key)) {
            open_level(walk, true, key);
            return WALK_THERE;
        }
        if (!skip_value(walk))
            return WALK_BAD;
        more = scan_more(scan, '}');
    }
    return scan->problem ? WALK_BAD : WALK_ABSENT;
}

static enum walk_result enter_element(struct walk *walk, int64_t index)
{
    struct scan *scan = walk->scan;
    bool more = scan_first(scan, ']');
    for (int64_t i = 0; more; i++) {
        if (i == index) {
            open_level(walk, false, STR_NONE);
            return WALK_THERE;
        }
        if (!skip_value(walk))
            return WALK_BAD;
        more = scan_more(scan, ']');
    }
    return scan->problem ? WALK_BAD : WALK_ABSENT;
}

/* An index from the end needs the length: the list is read once ahead. */
static enum walk_result enter_from_end(struct walk *walk, int64_t index)
{
    struct scan *scan = walk->scan;
    const char *from = scan->at;
    int64_t count = 0;
    for (bool more = scan_first(scan, ']'); more; more = scan_more(scan, ']')) {
        if (!read_ahead(walk))
            return WALK_BAD;
        count++;
    }
    if (scan->problem)
        return WALK_BAD;
    if (count + index < 0)
        return check_utf8(scan) ? WALK_ABSENT : WALK_BAD;
    scan->at = from;
    scan->bad_byte = NULL;
    return enter_element(walk, count + index);
}

/* As path_get compares: a string by its content, a number or boolean as written. */
static bool equals_text(struct walk *walk, struct str raw, struct str text)
{
    if (strchr("{[n", raw.ptr[0]))
        return false;
    if (raw.ptr[0] != '"')
        return str_eq(raw, text);
    return str_eq(scan_text(walk->scan, str_slice(raw, 1, raw.len - 1)), text);
}

/* Reads the object at `at` ahead, to its end. */
static bool matches_filter(struct walk *walk, const struct path_step *step, bool *ret)
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

static enum walk_result enter_match(struct walk *walk, const struct path_step *step)
{
    struct scan *scan = walk->scan;
    for (bool more = scan_first(scan, ']'); more; more = scan_more(scan, ']')) {
        const char *from = scan->at;
        bool is_match = false;
        bool ok =
            scan_peek(scan) == '{' ? matches_filter(walk, step, &is_match) : read_ahead(walk);
        if (!ok || (!is_match && !check_utf8(scan)))
            return WALK_BAD;
        if (is_match) {
            scan->at = from;
            scan->bad_byte = NULL;
            open_level(walk, false, STR_NONE);
            return WALK_THERE;
        }
    }
    return scan->problem ? WALK_BAD : WALK_ABSENT;
}

static enum walk_result enter(struct walk *walk, const struct path_step *step)
{
    int c = scan_peek(walk->scan);
    int64_t index = step->index;
    bool is_index = step->kind == PATH_INDEX ||
                    (step->kind == PATH_KEY && c == '[' && str_to_int64(step->key, &index));
    if (c == '{' && step->kind == PATH_KEY)
        return enter_member(walk, step->key);
    if (c == '[' && is_index)
        return index < 0 ? enter_from_end(walk, index) : enter_element(walk, index);
    if (c == '[' && step->kind == PATH_FILTER)
        return enter_match(walk, step);
    return skip_value(walk) ? WALK_ABSENT : WALK_BAD;
}

enum walk_result walk_in(struct walk *walk)
{
    enum walk_result result = WALK_THERE;
    scan_space(walk->scan);
    for (size_t i = 0; i < walk->path->count && result == WALK_THERE; i++)
        result = enter(walk, &walk->path->steps[i]);
    return result;
}

/* ---- the way out ---- */

static bool close_level(struct walk *walk, const struct level *level)
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

bool walk_out(struct walk *walk)
{
    for (; walk->open; walk->open--)
        if (!close_level(walk, &walk->levels[walk->open - 1]))
            return false;
    return scan_finish(walk->scan);
}
