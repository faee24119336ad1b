#include "config/after.h"

#include "base/mem.h"

/* The way from a stream to what it waits for; each stream is left once. */
struct walk {
    const struct hash_index *others;
    struct hash_index own;   /* outlines of the source */
    struct hash_index where; /* of each that was met: on_the_way, or behind */
    struct walk_step {
        struct outline *outline;
        size_t next; /* of its `after` */
    } * steps;
    size_t count, capacity;
};

static char on_the_way, behind;

static void walk_done(struct walk *walk)
{
    hash_index_done(&walk->own);
    hash_index_done(&walk->where);
    mem_free(walk->steps);
}

static void step_on(struct walk *walk, struct outline *outline)
{
    hash_index_put(&walk->where, outline->name, &on_the_way);
    MEM_GROW(walk->steps, walk->count, walk->capacity);
    walk->steps[walk->count++] = (struct walk_step){.outline = outline};
}

static struct outline *find(const struct walk *walk, struct str name)
{
    struct outline *outline = hash_index_find(&walk->own, name);
    return outline ? outline : hash_index_find(walk->others, name);
}

/* The others alone wait in no circle, so one that the way has come round has one of ours. */
static const struct outline *own_of_circle(const struct walk *walk, const struct outline *met)
{
    size_t i = walk->count - 1;
    while (walk->steps[i].outline != met &&
           !hash_index_find(&walk->own, walk->steps[i].outline->name))
        i--;
    return walk->steps[i].outline;
}

/* Where the way from there comes round to where it was: one of the source on it; else NULL. */
static const struct outline *find_circle(struct walk *walk, struct outline *first)
{
    if (!hash_index_find(&walk->where, first->name))
        step_on(walk, first);
    while (walk->count) {
        struct walk_step *step = &walk->steps[walk->count - 1];
        if (step->next == step->outline->after_count) {
            hash_index_put(&walk->where, step->outline->name, &behind);
            walk->count--;
            continue;
        }
        struct outline *before = find(walk, step->outline->after[step->next++]);
        const char *where = before ? hash_index_find(&walk->where, before->name) : &behind;
        if (!where)
            step_on(walk, before);
        else if (where == &on_the_way)
            return own_of_circle(walk, before);
    }
    return NULL;
}

bool after_check(const struct source *source, const struct hash_index *others, struct err *err)
{
    struct walk walk CLEANUP(walk_done) = {.others = others};
    for (size_t i = 0; i < source->count; i++)
        hash_index_put(&walk.own, source->outlines[i].name, &source->outlines[i]);
    for (size_t i = 0; i < source->count; i++) {
        const struct outline *waiting = find_circle(&walk, &source->outlines[i]);
        if (waiting)
            return err_set(err, ERR_CONFIG, "config", 0,
                           "%.*s: %.*s: after: a circle, in which nothing would ever start",
                           STR_ARG(source->file), STR_ARG(waiting->name));
    }
    return true;
}
