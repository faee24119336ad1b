#include "tests/support/choice.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/table.h"

enum { NEAREST = 5, FAR = 100 };

/* A name that a case goes by, and how far FLOW is from it. */
struct candidate {
    struct str name, title;
    int distance;
};

struct candidates {
    struct arena *arena;
    struct candidate *items;
    size_t count, capacity;
};

static struct str name_of(struct arena *arena, const char *path, struct str title)
{
    const char *slash = strrchr(path, '/'), *file = slash ? slash + 1 : path;
    return arena_printf(arena, "%.*s: %.*s", (int)strcspn(file, "."), file, STR_ARG(title));
}

static void add_file(struct candidates *all, const char *path)
{
    struct blocks blocks = blocks_read(all->arena, path);
    for (size_t i = 0; i < blocks.count; i++) {
        struct str title = blocks.items[i].title;
        ARENA_GROW(all->arena, all->items, all->count, all->capacity);
        all->items[all->count++] =
            (struct candidate){name_of(all->arena, path, title), title, 0};
    }
}

static void collect(struct candidates *all, const char *pattern)
{
    glob_t found;
    glob(pattern, 0, NULL, &found);
    for (size_t i = 0; i < found.gl_pathc; i++)
        add_file(all, arena_cstr(all->arena, str_from(found.gl_pathv[i])));
    globfree(&found);
    if (!all->count)
        table_die(pattern, 0, "no table there", STR_NONE);
}

/* To the part of the name that is nearest, for a title is much longer than what is typed. */
static int distance_to(struct str name, struct str wanted)
{
    int least = FAR;
    for (size_t i = 0; i == 0 || i + wanted.len <= name.len; i++) {
        int distance = str_distance(str_slice(name, i, i + wanted.len), wanted, FAR);
        least = MIN(least, distance);
    }
    return least;
}

static int by_distance(const void *a, const void *b)
{
    return ((const struct candidate *)a)->distance - ((const struct candidate *)b)->distance;
}

/* Of the cases that `fits` takes, the one there is; NULL where there are none or several. */
static const struct candidate *find_one(const struct candidates *all, struct str wanted,
                                        bool (*fits)(const struct candidate *, struct str))
{
    const struct candidate *one = NULL;
    for (size_t i = 0; i < all->count; i++) {
        if (!fits(&all->items[i], wanted))
            continue;
        if (one)
            return NULL;
        one = &all->items[i];
    }
    return one;
}

static bool is_whole(const struct candidate *one, struct str wanted)
{
    return str_eq(one->title, wanted) || str_eq(one->name, wanted);
}

static bool is_part(const struct candidate *one, struct str wanted)
{
    return str_find(one->name, wanted) >= 0;
}

bool choice_make(const char *pattern)
{
    if (!choice_is_made())
        return true;
    AUTO_ARENA struct arena *arena = arena_new();
    struct candidates all = {.arena = arena};
    struct str wanted = str_from(getenv("FLOW"));
    collect(&all, pattern);
    const struct candidate *one = find_one(&all, wanted, is_whole);
    if (!one)
        one = find_one(&all, wanted, is_part);
    if (one)
        return setenv("FLOW", arena_cstr(arena, one->name), 1) == 0;
    for (size_t i = 0; i < all.count; i++)
        all.items[i].distance = distance_to(all.items[i].name, wanted);
    qsort(all.items, all.count, sizeof *all.items, by_distance);
    fprintf(stderr, "FLOW=%.*s is not the name of one case in %s. The nearest:\n",
            STR_ARG(wanted), pattern);
    for (size_t i = 0; i < all.count && i < NEAREST; i++)
        fprintf(stderr, "    %.*s\n", STR_ARG(all.items[i].name));
    return false;
}

void choice_apply(struct blocks *blocks)
{
    AUTO_ARENA struct arena *arena = arena_new();
    size_t count = blocks->count;
    if (!choice_is_made())
        return;
    blocks->count = 0;
    for (size_t i = 0; i < count; i++)
        if (str_is(name_of(arena, blocks->path, blocks->items[i].title), getenv("FLOW")))
            blocks->items[blocks->count++] = blocks->items[i];
}

bool choice_is_made(void)
{
    return getenv("FLOW") != NULL;
}
