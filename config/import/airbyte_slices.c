#include "base/date.h"
#include "base/date_text.h"
#include "config/import/airbyte.h"

/* The time that a stream is asked for: incremental_sync. */
enum { FORM_BYTES_MAX = 256, FORMS_MAX = 8, SECONDS_A_DAY = 86400 };

/* --- time --- */

/* "%s" and the like, and how an instant is sent so: "before NAME after". */
static const struct epoch {
    const char *format, *from, *before, *after;
    int64_t per_second;
} epochs[] = {
    {"%s", "epoch_s", "", " | epoch", 1},
    {"%s_as_float", "epoch_s", "", " | epoch", 1},
    {"%ms", "epoch_ms", "", " | epoch_ms", 1000},
    {"%epoch_microseconds", "epoch_us", "(", " | epoch_ms) * 1000", 1000000},
};

/* "%_ms", three digits of a fraction, is %f here, which has six of them. */
static struct str with_fraction(struct arena *arena, struct str format)
{
    ptrdiff_t at = str_find(format, STR("%_ms"));
    if (at < 0)
        return format;
    return arena_printf(arena, "%.*s%%f%.*s", STR_ARG(str_slice(format, 0, (size_t)at)),
                        STR_ARG(str_slice(format, (size_t)at + 4, format.len)));
}

static struct str format_of(struct manifest *manifest, const struct component *cursor)
{
    return with_fraction(manifest->import->arena,
                         import_text(component_get(manifest, cursor, "datetime_format")));
}

static const struct epoch *find_epoch(struct str format)
{
    for (size_t i = 0; i < COUNT_OF(epochs); i++)
        if (str_is(format, epochs[i].format))
            return &epochs[i];
    return NULL;
}

/* Is what the pattern writes a time that is read without being told how? */
static bool is_iso(struct str format)
{
    AUTO_BUF(out, FORM_BYTES_MAX);
    int64_t ignored;
    date_format_pattern(&out, 0, format);
    return !out.has_overflowed && date_parse_iso(buf_str(&out), &ignored);
}

/* How a form of Airbyte is called in `from`; empty where it has no counterpart. */
static struct str form_of(struct str format)
{
    const struct epoch *epoch = find_epoch(format);
    if (epoch)
        return str_from(epoch->from);
    if (is_iso(format))
        return STR("iso");
    return date_pattern_is_known(format) ? format : STR_NONE;
}

/* A time in that form as RFC 3339; the text itself where it is one, or is not read. */
static struct str as_instant(struct arena *arena, struct str text, struct str format)
{
    AUTO_BUF(out, FORM_BYTES_MAX);
    static const int digits[] = {0, 0, 3, 6};
    const struct epoch *epoch = find_epoch(format);
    int64_t us;
    if (date_parse_iso(text, &us))
        return text;
    if (epoch ? !date_parse_epoch(text, digits[epoch - epochs], &us)
              : !date_parse_pattern(text, format, &us))
        return text;
    date_format_rfc3339(&out, us);
    return arena_str(arena, buf_str(&out));
}

/* config['start_date'], with what the specification says of it; empty: nothing. */
static struct str start_setting(struct manifest *manifest, struct str text,
                                struct outline *stream)
{
    bool is_default;
    struct str path;
    if (!rewrite_as_path(manifest->import->arena, text, "config", &path))
        return STR_NONE;
    struct str known = import_text(airbyte_setting(manifest, path, &is_default));
    if (known.len)
        import_gap(manifest->import, stream,
                   "the start is %s of the connector's specification for %.*s: is it yours?",
                   is_default ? "the default" : "an example", STR_ARG(path));
    return known;
}

/* start_datetime: a text, or {type: MinMaxDatetime, datetime: …}. */
static struct str start_of(struct manifest *manifest, const struct component *cursor,
                           struct outline *stream)
{
    const struct yaml_node *node = component_get(manifest, cursor, "start_datetime");
    struct component min_max = component_open(manifest, node, cursor->scope);
    if (min_max.map)
        node = component_get(manifest, &min_max, "datetime");
    struct arena *arena = manifest->import->arena;
    struct str text = import_text(node), format = STR_NONE;
    if (min_max.map)
        format = format_of(manifest, &min_max);
    if (!format.len)
        format = format_of(manifest, cursor);
    if (str_find(text, STR("{{")) < 0)
        return as_instant(arena, text, format);
    text = start_setting(manifest, text, stream);
    if (text.len)
        return as_instant(arena, text, format);
    import_gap(manifest->import, stream,
               "the start is computed, or was set up in the connector: fill it in, 2020-01-01 "
               "stands for it");
    return STR("2020-01-01T00:00:00Z");
}

static struct str as_epoch(struct arena *arena, struct str text, const struct epoch *epoch)
{
    int64_t us;
    if (!date_parse_rfc3339(text, &us) && !date_parse_iso(text, &us))
        return text;
    return arena_printf(arena, "%lld", (long long)(us / 1000000 * epoch->per_second));
}

/* The instant `name` in the form that the API takes. */
static struct str in_format(struct arena *arena, struct str name, struct str format)
{
    const struct epoch *epoch = find_epoch(format);
    if (epoch)
        return arena_printf(arena, "%s%.*s%s", epoch->before, STR_ARG(name), epoch->after);
    if (!format.len)
        return name;
    return arena_printf(arena, "%.*s | date('%.*s')", STR_ARG(name), STR_ARG(format));
}

/* The same of an instant that is a number of seconds where it does not begin with a name. */
static struct str end_in_format(struct arena *arena, struct str end, struct str format)
{
    const struct epoch *epoch = find_epoch(format);
    if (!epoch || str_starts(end, STR("window")))
        return in_format(arena, end, format);
    return epoch->per_second == 1
               ? end
               : arena_printf(arena, "%.*s * %lld", STR_ARG(end), (long long)epoch->per_second);
}

static void put_bound(struct manifest *manifest, const struct component *cursor,
                      const char *member, struct str expression, struct outline *stream)
{
    struct component option = component_at(manifest, cursor, member);
    if (option.map && expression.len)
        airbyte_inject(
            manifest, &option, stream,
            arena_printf(manifest->import->arena, "{{ %.*s }}", STR_ARG(expression)));
}

static void put_lookback(struct manifest *manifest, const struct component *cursor,
                         struct outline *bookmark)
{
    struct str text = import_text(component_get(manifest, cursor, "lookback_window")), size;
    int64_t seconds;
    if (!text.len)
        return;
    if (airbyte_seconds(text, &seconds) &&
        airbyte_window_size(manifest->import->arena, text, &size))
        outline_put(bookmark, "lookback", size);
    else if (!airbyte_seconds(text, &seconds))
        import_gap(manifest->import, bookmark, "lookback_window: fill in lookback, such as 7d");
}

/* cursor_granularity in seconds; 0: none. */
static int64_t granularity_of(struct manifest *manifest, const struct component *cursor)
{
    struct str text = import_text(component_get(manifest, cursor, "cursor_granularity"));
    int64_t seconds;
    return airbyte_seconds(text, &seconds) ? seconds : 0;
}

/*
 * The end of a slice. Airbyte's is one cursor_granularity before the next one begins, because
 * APIs count both ends; here slices are half-open. A day is not taken off where a key keeps the
 * records of the day that two slices share apart: the newest day is then asked for at once.
 */
static struct str window_end(struct manifest *manifest, const struct component *cursor)
{
    struct arena *arena = manifest->import->arena;
    int64_t seconds = granularity_of(manifest, cursor);
    if (!seconds)
        return STR("window.end");
    struct str end = arena_printf(arena, "((window.end | epoch) - %lld)", (long long)seconds);
    if (seconds < SECONDS_A_DAY)
        return end;
    return manifest->has_key
               ? STR("window.end")
               : arena_printf(arena, "([%.*s, window.start | epoch] | max)", STR_ARG(end));
}

static void note_days(struct manifest *manifest, const struct component *cursor,
                      struct outline *stream)
{
    if (!manifest->has_key && granularity_of(manifest, cursor) >= SECONDS_A_DAY)
        import_gap(manifest->import, stream,
                   "the API is asked by days: a second run on one day reads that day again, "
                   "and without a key stores it twice");
}

/* Slices of one step each. */
static void put_window(struct manifest *manifest, const struct component *cursor,
                       struct str start, struct str field, struct outline *stream)
{
    struct str step = import_text(component_get(manifest, cursor, "step")), size;
    struct outline *window = outline_map(stream, "window");
    if (!airbyte_window_size(manifest->import->arena, step, &size)) {
        import_gap(manifest->import, window, "step: fill in size, such as 1 month");
        size = STR("1 month");
    }
    outline_put(window, "size", size);
    if (start.len)
        outline_put(window, "from", start);
    if (component_get(manifest, cursor, "lookback_window")) {
        outline_put(outline_map(stream, "bookmark"), "path", field);
        put_lookback(manifest, cursor, outline_map(stream, "bookmark"));
    }
}

/* --- how the bookmark is written --- */

/* The forms of records, first the one that requests have. */
struct forms {
    struct str list[FORMS_MAX];
    size_t count;
    bool is_iso; /* all of them are read without being told */
};

static void add_form(struct manifest *manifest, struct forms *forms, struct str format,
                     struct outline *stream)
{
    struct str form = form_of(with_fraction(manifest->import->arena, format));
    if (!form.len || forms->count == FORMS_MAX) {
        import_gap(manifest->import, stream,
                   "the form of time %.*s is not read: see `from` of bookmark, and write how "
                   "the API has it",
                   STR_ARG(format));
        return;
    }
    for (size_t i = 0; i < forms->count; i++)
        if (str_eq(forms->list[i], form))
            return;
    forms->is_iso &= str_is(form, "iso");
    forms->list[forms->count++] = form;
}

static struct forms forms_of(struct manifest *manifest, const struct component *cursor,
                             struct outline *stream)
{
    const struct yaml_node *list = component_get(manifest, cursor, "cursor_datetime_formats");
    struct str format = format_of(manifest, cursor);
    struct forms forms = {.is_iso = true};
    if (format.len)
        add_form(manifest, &forms, format, stream);
    for (size_t i = 0; i < component_count(list); i++)
        add_form(manifest, &forms, import_text(list->kind == YAML_LIST ? list->items[i] : list),
                 stream);
    return forms;
}

/* {{ bookmark }} is in the first of its forms: so that one is said as requests have it. */
static void put_forms(struct forms *forms, struct str format, struct outline *bookmark)
{
    if (str_is(forms->list[0], "iso") && date_pattern_is_known(format))
        forms->list[0] = format;
    if (forms->count == 1)
        outline_put(bookmark, "from", forms->list[0]);
    for (size_t i = 0; forms->count > 1 && i < forms->count; i++)
        outline_add(outline_list(bookmark, "from"), forms->list[i]);
}

static void put_bookmark(struct manifest *manifest, const struct component *cursor,
                         struct str start, struct str field, struct forms *forms,
                         struct outline *stream)
{
    struct outline *bookmark = outline_map(stream, "bookmark");
    struct str format = format_of(manifest, cursor);
    const struct epoch *epoch = find_epoch(format);
    outline_put(bookmark, "path", field);
    if (epoch)
        start = as_epoch(manifest->import->arena, start, epoch);
    if (start.len && epoch)
        outline_put_raw(bookmark, "start", start);
    else if (start.len)
        outline_put(bookmark, "start", start);
    if (!forms->is_iso)
        put_forms(forms, format, bookmark);
    put_lookback(manifest, cursor, bookmark);
}

static struct str name_of(struct manifest *manifest, const struct component *cursor,
                          const char *member, const char *fallback)
{
    struct str name = import_text(component_get(manifest, cursor, member));
    return name.len ? name : str_from(fallback);
}

static const struct field datetime_fields[] = {
    {"name", NULL, NULL, NULL},
    {"cursor_field", NULL, NULL, NULL},
    {"datetime_format", NULL, NULL, NULL},
    {"start_datetime", NULL, NULL, NULL},
    {"start_time_option", NULL, NULL, NULL},
    {"end_time_option", NULL, NULL, NULL},
    {"step", NULL, NULL, NULL},
    {"lookback_window", NULL, NULL, NULL},
    {"partition_field_start", NULL, NULL, NULL},
    {"partition_field_end", NULL, NULL, NULL},
    {"is_client_side_incremental", NULL, NULL, NULL},
    {"is_data_feed", NULL, NULL, NULL},
    {"cursor_granularity", NULL, NULL, NULL},
    {"is_compare_strictly", NULL, NULL, NULL},
    {"global_substream_cursor", NULL, NULL, NULL},
    {"api_retention_period", NULL, NULL, NULL},
    {"end_datetime", NULL, NULL, NULL},
    {"cursor_datetime_formats", NULL, NULL, NULL},
    {"clamping", NULL, NULL,
     "windows begin where `from` says: begin it with a month or a week"},
    FIELD_END,
};

/* Until now is what is read anyway. */
static void note_end(struct manifest *manifest, const struct component *cursor,
                     struct outline *stream)
{
    const struct yaml_node *node = component_get(manifest, cursor, "end_datetime");
    struct component min_max = component_open(manifest, node, cursor->scope);
    if (min_max.map)
        node = component_get(manifest, &min_max, "datetime");
    struct str text = import_text(node);
    if (node && str_find(text, STR("now")) < 0 && str_find(text, STR("today")) < 0)
        import_gap(
            manifest->import, stream,
            "end_datetime: all is read up to now: `to` of window, or pagetide sync --to, "
            "ends before");
}

static void read_datetime(struct manifest *manifest, const struct component *cursor,
                          struct outline *stream)
{
    struct arena *arena = manifest->import->arena;
    struct str format = format_of(manifest, cursor);
    struct str field = STR_NONE, start = start_of(manifest, cursor, stream);
    const struct yaml_node *field_node = component_get(manifest, cursor, "cursor_field");
    bool has_window = component_get(manifest, cursor, "step") != NULL;
    if (!field_node || !airbyte_text(manifest, cursor->scope, field_node, &field))
        import_gap(manifest->import, stream, "cursor_field: fill in the path of the bookmark");
    manifest->start_name = name_of(manifest, cursor, "partition_field_start", "start_time");
    manifest->end_name = name_of(manifest, cursor, "partition_field_end", "end_time");
    if (has_window) {
        put_window(manifest, cursor, start, field, stream);
        note_days(manifest, cursor, stream);
        manifest->interval_start = in_format(arena, STR("window.start"), format);
        manifest->interval_end = end_in_format(arena, window_end(manifest, cursor), format);
    } else {
        struct forms forms = forms_of(manifest, cursor, stream);
        put_bookmark(manifest, cursor, start, field, &forms, stream);
        manifest->interval_start =
            forms.is_iso ? in_format(arena, STR("bookmark"), format) : STR("bookmark");
        manifest->interval_end = in_format(arena, STR("now()"), format);
    }
    put_bound(manifest, cursor, "start_time_option", manifest->interval_start, stream);
    put_bound(manifest, cursor, "end_time_option", manifest->interval_end, stream);
    component_note_rest(manifest, cursor, datetime_fields, stream);
    note_end(manifest, cursor, stream);
    if (import_is_true(component_get(manifest, cursor, "is_client_side_incremental")))
        import_gap(manifest->import, stream,
                   "is_client_side_incremental: the API cannot be asked "
                   "for what is new; upsert by key writes what changed");
    if (import_is_true(component_get(manifest, cursor, "is_data_feed")))
        import_gap(manifest->import, stream,
                   "is_data_feed: Airbyte stops at the first old page; "
                   "here all pages are read");
}

static void read_count(struct manifest *manifest, const struct component *cursor,
                       struct outline *stream)
{
    struct outline *bookmark = outline_map(stream, "bookmark");
    struct str start = import_text(component_get(manifest, cursor, "start_value"));
    airbyte_put(manifest, cursor, "cursor_field", bookmark, "path");
    outline_put_raw(bookmark, "start", start.len ? start : STR("0"));
    outline_put(bookmark, "type", STR("number"));
    manifest->start_name = STR("start_value");
    manifest->interval_start = STR("bookmark");
    put_bound(manifest, cursor, "start_value_option", STR("bookmark"), stream);
}

void airbyte_cursor(struct manifest *manifest, const struct component *cursor,
                    struct outline *stream)
{
    struct str type = component_type(cursor);
    if (str_is(type, "DatetimeBasedCursor"))
        read_datetime(manifest, cursor, stream);
    else if (str_is(type, "IncrementingCountCursor"))
        read_count(manifest, cursor, stream);
    else if (cursor->map)
        import_gap(manifest->import, stream,
                   "incremental_sync %.*s: code of the connector; see bookmark and window",
                   STR_ARG(type));
}
