#include "worker/discover/discover.h"

static void tell_other_keys(struct discovery *discovery, const struct trait *best)
{
    const struct traits *traits = &discovery->pages_read.traits;
    AUTO_BUF(others, 1024);
    size_t count = 0;
    for (size_t i = 0; i < traits->count && count < 8; i++) {
        const struct trait *one = &traits->items[i];
        if (one == best || !traits_is_unique(traits, one))
            continue;
        buf_printf(&others, "%s%.*s", count++ ? ", " : "", STR_ARG(one->name));
    }
    if (best)
        notes_add(&discovery->notes, NOTE_SURE, "key",
                  "no two of the %zu records that were read have the same %.*s%s%.*s",
                  traits->records, STR_ARG(best->name), others.len ? "; nor the same " : "",
                  STR_ARG(buf_str(&others)));
    else
        notes_add(&discovery->notes, NOTE_UNSURE, "key",
                  "no field looks like a key%s%.*s: each run replaces the table by what it "
                  "reads; `key` with `write: upsert` keeps rows",
                  others.len ? ", though no two records had the same " : "",
                  STR_ARG(buf_str(&others)));
}

/*
 * Two fields that are only together different for every record, such as order_id and line. By
 * their names they are what keys are made of, so that a count or a price that differs by chance
 * is none. That no third one belongs to them cannot be seen: it is said.
 */
static bool take_pair(struct discovery *discovery)
{
    struct traits *traits = &discovery->pages_read.traits;
    const struct trait *one, *other;
    if (!traits_find_pair(traits, &one, &other))
        return false;
    struct arena *arena = discovery->arena;
    notes_add(&discovery->notes, NOTE_UNSURE, "key",
              "no field is different for each of the %zu records that were read, but %.*s and "
              "%.*s together are: if more records can have the same two, the later one would "
              "replace the earlier (`folded` counts them)",
              traits->records, STR_ARG(one->name), STR_ARG(other->name));
    struct str first = draft_quote(arena, one->name), second = draft_quote(arena, other->name);
    discovery->draft.key = arena_printf(arena, "[%.*s, %.*s]", STR_ARG(first), STR_ARG(second));
    return true;
}

void key_find(struct discovery *discovery)
{
    const struct traits *traits = &discovery->pages_read.traits;
    const struct trait *best = NULL;
    int least = 0;
    if (discovery->given_key.len) {
        discovery->draft.key = discovery->given_key;
        return;
    }
    for (size_t i = 0; i < traits->count; i++) {
        int rank = traits_rank_key(traits->items[i].name);
        if (!rank || (least && rank >= least) || !traits_is_unique(traits, &traits->items[i]))
            continue;
        best = &traits->items[i];
        least = rank;
    }
    if (!best && take_pair(discovery))
        return;
    tell_other_keys(discovery, best);
    if (best)
        discovery->draft.key = draft_quote(discovery->arena, best->name);
}
