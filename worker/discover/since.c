#include "worker/discover/discover.h"

#include "worker/signs/spell.h"

/*
 * Which field says when a record was changed, and by which parameter an API gives those that
 * were changed since. The parameter is tried with the latest time that was read: the answer has
 * to be of such records alone, though the first page had others.
 */
enum { TRIED_MAX = 3 };

static const char *const names[] = {"updated_since", "since", "updated_after", "modified_since",
                                    "updated_at_min"};

static const struct trait *find_trait(const struct traits *traits,
                                      bool (*is_one)(const struct traits *,
                                                     const struct trait *))
{
    for (size_t i = 0; i < traits->count; i++)
        if (is_one(traits, &traits->items[i]))
            return &traits->items[i];
    return NULL;
}

static const struct trait *find_same(const struct traits *traits, struct str name)
{
    for (size_t i = 0; i < traits->count; i++)
        if (str_eq(traits->items[i].name, name))
            return &traits->items[i];
    return NULL;
}

static bool filters(const struct reading *reading, const struct trait *trait)
{
    if (!reading_is_good(reading) || !reading->page_count)
        return false;
    const struct trait *now = find_same(&reading->traits, trait->name);
    return now && now->times == reading->traits.records && now->first_us >= trait->last_us;
}

static bool try_one(struct discovery *discovery, const struct trait *trait, const char *name,
                    bool *ret_works, struct err *err)
{
    struct draft draft = discovery->draft;
    struct reading reading;
    (void)!draft_ask(&draft, discovery->arena, str_from(name), trait->last_text);
    if (!reading_take(&discovery->reader, &draft, DRAFT_OF_REQUEST, 1, &reading, err))
        return false;
    *ret_works = filters(&reading, trait);
    notes_add(&discovery->notes, NOTE_TRIED, "bookmark", "%s=%.*s %s", name,
              STR_ARG(trait->last_text),
              *ret_works                  ? "brings only what is not older"
              : reading_is_good(&reading) ? "does not filter"
                                          : "is refused");
    return true;
}

/* False in *ret_works: none of the names that were tried does. */
static bool find_param(struct discovery *discovery, const struct trait *trait,
                       const char **ret_name, struct err *err)
{
    bool works = false;
    *ret_name = NULL;
    for (size_t i = 0, tried = 0; i < COUNT_OF(names) && tried < TRIED_MAX && !works; i++) {
        if (draft_find_asked(&discovery->draft, str_from(names[i])) ||
            !draft_may_ask(&discovery->draft, discovery->arena, str_from(names[i])) ||
            !discover_may_ask(discovery, 1))
            continue;
        if (!try_one(discovery, trait, names[i], &works, err))
            return false;
        tried++;
        *ret_name = works ? names[i] : NULL;
    }
    return true;
}

static void take(struct discovery *discovery, const struct trait *trait, const char *name)
{
    struct draft *draft = &discovery->draft;
    struct str path = spell_step(discovery->arena, trait->name);
    notes_add(&discovery->notes, NOTE_SURE, "bookmark",
              "runs after the first ask only for what was changed: %s was tried, and filters "
              "by %.*s. What is deleted stays in the table: sync --full with write: replace "
              "would see it",
              name, STR_ARG(trait->name));
    draft->since = str_from(name);
    draft->bookmark = arena_printf(discovery->arena, "{path: %.*s, lookback: 5m}",
                                   STR_ARG(draft_quote(discovery->arena, path)));
}

static void tell(struct discovery *discovery, const struct trait *trait, const char *name,
                 bool is_change)
{
    if (name)
        notes_add(
            &discovery->notes, NOTE_UNSURE, "bookmark",
            "%s filters by %.*s; to ask for what is new alone: params: {%s: \"{{ bookmark "
            "}}\"}, bookmark: %.*s%s",
            name, STR_ARG(trait->name), name, STR_ARG(trait->name),
            is_change ? "" : " (what is changed later is then not seen)");
    else
        notes_add(&discovery->notes, NOTE_UNSURE, "bookmark",
                  "each run reads everything: %.*s could be a bookmark, but no parameter is "
                  "known by which the API would filter by it",
                  STR_ARG(trait->name));
}

bool since_find(struct discovery *discovery, struct err *err)
{
    const struct traits *traits = &discovery->pages_read.traits;
    const struct trait *trait = find_trait(traits, traits_is_change);
    bool is_change = trait != NULL;
    const char *name = NULL;
    if (!trait)
        trait = find_trait(traits, traits_is_creation);
    if (!trait)
        return true;
    /* Where all records have one time no answer could tell. */
    bool can_tell = trait->first_us < trait->last_us;
    if (can_tell && !find_param(discovery, trait, &name, err))
        return false;
    if (name && is_change && discovery->draft.key.len)
        take(discovery, trait, name);
    else
        tell(discovery, trait, name, is_change);
    return true;
}
