#include "worker/rows/misfits.h"

#include "base/json_out.h"
#include "base/printable.h"
#include "base/redact.h"
#include "worker/rows/column_infer.h"

enum { LABEL_BYTES_MAX = 100 };

static struct misfit_count *append(struct misfits *misfits, struct str name)
{
    if (misfits->count == misfits->capacity)
        misfits->index.slot_count = 0;
    ARENA_GROW(misfits->arena, misfits->items, misfits->count, misfits->capacity);
    struct misfit_count *item = &misfits->items[misfits->count++];
    *item = (struct misfit_count){.name = name};
    if (!misfits->index.slot_count)
        name_index_build(&misfits->index, misfits->arena, misfits->items,
                         sizeof *misfits->items, misfits->count, misfits->capacity);
    else
        *name_index_slot(&misfits->index, misfits->items, sizeof *misfits->items, name) =
            (uint32_t)misfits->count;
    return item;
}

static struct misfit_count *find(const struct misfits *misfits, struct str name)
{
    uint32_t slot = misfits->count ? *name_index_slot(&misfits->index, misfits->items,
                                                      sizeof *misfits->items, name)
                                   : 0;
    return slot ? &misfits->items[slot - 1] : NULL;
}

static const char *what_of(const struct record_field *field)
{
    int64_t ignored;
    const char *flaw = record_flaw_text(field->flaw);
    if (flaw)
        return flaw;
    switch (field->kind) {
    case RECORD_TRUE:
    case RECORD_FALSE:
        return "a boolean";
    case RECORD_NUMBER:
        return str_to_int64(field->raw, &ignored) ? "an integer"
                                                  : "a number that is no 64-bit integer";
    case RECORD_STRING:
        return field->raw.len == 2 ? "an empty text" : "text";
    case RECORD_OBJECT:
        return "an object";
    case RECORD_LIST:
        return "a list";
    case RECORD_NULL:
        break;
    }
    return "null";
}

/* Of the value and of its column: together they decide the type that takes both. */
static unsigned kinds_of(const struct bind_aside *aside)
{
    const struct column *column = aside->column;
    if (!column || column->declared || aside->field->flaw || column->type == COLUMN_OTHER)
        return 0;
    return column_infer_kind(aside->field) | column_infer_kind_of_type(column->type);
}

void misfits_add(struct misfits *misfits, const struct bind_aside *aside, size_t position)
{
    struct misfit_count *item = find(misfits, aside->name);
    if (!item) {
        bool has_room = misfits->count < MISFITS_NAMES_MAX;
        struct str name = has_room ? aside->name : STR(MISFITS_OTHERS);
        item = find(misfits, name);
        if (!item) {
            item = append(misfits, name);
            item->position = position;
            item->what = what_of(aside->field);
        }
    }
    item->count++;
    item->kinds |= kinds_of(aside);
    misfits->total++;
}

static struct str full_name(const struct misfits *misfits, struct arena *arena,
                            const struct misfit_count *item)
{
    if (!misfits->of.len)
        return item->name;
    return arena_join(arena, misfits->of, "", item->name);
}

void misfits_put_counts(const struct misfits *misfits, struct buf *buf)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct json_out out = {.buf = buf};
    json_out_open(&out, NULL, '{');
    for (size_t i = 0; i < misfits->count; i++) {
        json_out_name(&out, full_name(misfits, arena, &misfits->items[i]));
        json_out_int(&out, NULL, misfits->items[i].count);
    }
    json_out_close(&out, '}');
}

/* A field's name is the API's choice: it is shown like all that comes from there. */
static void put_label(struct json_out *out, struct arena *arena, struct str name)
{
    struct str shown = printable_str(arena, redact_str(arena, name), PRINTABLE_LINE);
    bool is_cut = shown.len > LABEL_BYTES_MAX;
    size_t len = is_cut ? LABEL_BYTES_MAX : shown.len;
    while (is_cut && ((unsigned char)shown.ptr[len] & 0xc0) == 0x80)
        len--;
    json_out_str(out, "label",
                 arena_printf(arena, "%.*s%s", (int)len, shown.ptr, is_cut ? "…" : ""));
}

void misfits_put_notes(const struct misfits *misfits, struct buf *buf)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct json_out out = {.buf = buf};
    json_out_open(&out, NULL, '{');
    for (size_t i = 0; i < misfits->count; i++) {
        const struct misfit_count *item = &misfits->items[i];
        enum column_type wider;
        struct str name = full_name(misfits, arena, item);
        json_out_name(&out, name);
        json_out_open(&out, NULL, '{');
        put_label(&out, arena, name);
        json_out_int(&out, "position", (int64_t)item->position);
        json_out_str(&out, "what", str_from(item->what));
        if (column_infer_type(item->kinds, &wider))
            json_out_str(&out, "wider", str_from(column_type_sql(wider)));
        json_out_close(&out, '}');
    }
    json_out_close(&out, '}');
}
