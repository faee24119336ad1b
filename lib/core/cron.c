#include "core/cron.h"

#include <assert.h>

#include "base/date.h"
#include "port/hash.h"

enum { YEARS_MAX = 41 }; /* a 29 February on a given weekday: 40 years over 2100 */

static const int64_t MINUTE_US = 60000000;
static const int64_t DAY_US = 86400000000;

static const char *const month_names[] = {"jan", "feb", "mar", "apr", "may", "jun",
                                          "jul", "aug", "sep", "oct", "nov", "dec"};
static const char *const day_names[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

struct field {
    const char *name;
    int min, max;
    const char *const *names; /* of min and up; NULL: none */
    int name_count;
};

static const struct field fields[] = {
    {"minute", 0, 59, NULL, 0},          {"hour", 0, 23, NULL, 0},
    {"day of month", 1, 31, NULL, 0},    {"month", 1, 12, month_names, 12},
    {"day of week", 0, 7, day_names, 7},
};

static const struct {
    const char *name, *meaning;
} macros[] = {
    {"@hourly", "0 * * * *"},   {"@daily", "0 0 * * *"},   {"@midnight", "0 0 * * *"},
    {"@weekly", "0 0 * * 0"},   {"@monthly", "0 0 1 * *"}, {"@yearly", "0 0 1 1 *"},
    {"@annually", "0 0 1 1 *"},
};

static bool bad(const struct field *field, struct str text, struct err *err)
{
    return err_set(err, ERR_CONFIG, "cron", 0, "%s: \"%.*s\" is not from %d to %d", field->name,
                   STR_ARG(text), field->min, field->max);
}

static bool parse_number(const struct field *field, struct str text, int *ret, struct err *err)
{
    int64_t number;
    for (int i = 0; i < field->name_count; i++) {
        if (str_eq_nocase(text, str_from(field->names[i]))) {
            *ret = field->min + i;
            return true;
        }
    }
    if (!str_to_int64(text, &number) || number < field->min || number > field->max)
        return bad(field, text, err);
    *ret = (int)number;
    return true;
}

static bool parse_range(const struct field *field, struct str text, int *ret_from, int *ret_to,
                        struct err *err)
{
    struct str from;
    struct str to = str_split(text, '-', &from);
    if (str_is(text, "*")) {
        *ret_from = field->min;
        *ret_to = field->max;
        return true;
    }
    if (!parse_number(field, from, ret_from, err))
        return false;
    *ret_to = *ret_from;
    if (to.ptr && !parse_number(field, to, ret_to, err))
        return false;
    return *ret_from <= *ret_to || bad(field, text, err);
}

/* One element of a list: `*`, `5`, `1-5`, each with `/step`. */
static bool parse_element(const struct field *field, struct str text, uint64_t *bits,
                          struct err *err)
{
    struct str range;
    struct str step_text = str_split(text, '/', &range);
    int from, to;
    int64_t step = 1;
    if (!parse_range(field, range, &from, &to, err))
        return false;
    if (step_text.ptr && (!str_to_int64(step_text, &step) || step < 1 || step > field->max))
        return err_set(err, ERR_CONFIG, "cron", 0, "%s: \"%.*s\" is no step", field->name,
                       STR_ARG(step_text));
    if (step_text.ptr && from == to && str_find_byte(range, '-') < 0)
        to = field->max;
    for (int i = from; i <= to; i += (int)step)
        *bits |= UINT64_C(1) << i;
    return true;
}

static bool parse_field(const struct field *field, struct str text, uint64_t *ret_bits,
                        struct err *err)
{
    uint64_t bits = 0;
    while (text.ptr) {
        struct str element;
        text = str_split(text, ',', &element);
        if (!parse_element(field, element, &bits, err))
            return false;
    }
    *ret_bits = bits;
    return true;
}

static struct str next_word(struct str *text)
{
    *text = str_trim(*text);
    size_t len = 0;
    while (len < text->len && text->ptr[len] != ' ' && text->ptr[len] != '\t')
        len++;
    struct str word = str_slice(*text, 0, len);
    *text = str_slice(*text, len, text->len);
    return word;
}

static struct str expand(struct str text)
{
    for (size_t i = 0; i < COUNT_OF(macros); i++)
        if (str_eq_nocase(text, str_from(macros[i].name)))
            return str_from(macros[i].meaning);
    return text;
}

static bool day_fits(const struct cron *cron, int64_t days, const struct date_civil *civil)
{
    bool day = cron->days >> civil->day & 1;
    bool weekday = cron->weekdays >> date_weekday(days) & 1;
    if (cron->any_day || cron->any_weekday)
        return day && weekday;
    return day || weekday;
}

/* The first fitting minute of that day from minute `from`, or -1. */
static int minute_of_day(const struct cron *cron, int from)
{
    for (int minute = from; minute < 24 * 60; minute++)
        if ((cron->hours >> minute / 60 & 1) && (cron->minutes >> minute % 60 & 1))
            return minute;
    return -1;
}

/* The first fitting minute on the wall from `from_us` on and before `until_us`, or -1. */
static int64_t find_on_wall(const struct cron *cron, int64_t from_us, int64_t until_us)
{
    int64_t start = (from_us + MINUTE_US - 1) / MINUTE_US * MINUTE_US;
    int from = (int)(start % DAY_US / MINUTE_US);
    for (int64_t day = start / DAY_US; day * DAY_US < until_us; day++) {
        struct date_civil civil;
        date_civil_from_us(day * DAY_US, &civil);
        bool fits = (cron->months >> civil.month & 1) && day_fits(cron, day, &civil);
        int minute = fits ? minute_of_day(cron, from) : -1;
        int64_t found = day * DAY_US + minute * MINUTE_US;
        if (minute >= 0)
            return found < until_us ? found : -1;
        from = 0;
    }
    return -1;
}

/* A span of the zone, seen from the one before it. */
struct stretch {
    int64_t from_us, until_us; /* instants */
    int64_t offset_us, offset_before_us;
};

static struct stretch stretch_at(const struct zone *zone, size_t index, int64_t limit_us)
{
    const struct zone_span *span = &zone->spans[index];
    bool is_last = index + 1 == zone->count;
    return (struct stretch){
        .from_us = index ? span->from_us : 0,
        .until_us = is_last ? limit_us : MIN(span[1].from_us, limit_us),
        .offset_us = span->offset_us,
        .offset_before_us = index ? span[-1].offset_us : span->offset_us,
    };
}

/* In the stretch, from the instant `from_us` on; -1: none. A stretch begins where the clock is
 * set: by how much says `offset_before_us`. */
static int64_t find_in_stretch(const struct cron *cron, const struct stretch *stretch,
                               int64_t from_us)
{
    int64_t set_to = stretch->from_us + stretch->offset_us;
    int64_t set_from = stretch->from_us + stretch->offset_before_us;
    int64_t wall = from_us + stretch->offset_us;
    bool passes_over = !cron->is_wild && set_from < set_to && from_us == stretch->from_us;
    if (passes_over && find_on_wall(cron, set_from, set_to) >= 0)
        return stretch->from_us;
    if (!cron->is_wild && set_from > set_to)
        wall = MAX(wall, set_from);
    int64_t found = find_on_wall(cron, wall, stretch->until_us + stretch->offset_us);
    return found < 0 ? -1 : found - stretch->offset_us;
}

/* 0: none within YEARS_MAX. */
static int64_t find_next(const struct cron *cron, const struct zone *zone, int64_t after_us)
{
    static struct zone_span utc_span;
    static const struct zone utc = {&utc_span, 1};
    const struct zone *in = zone && zone->count ? zone : &utc;
    int64_t from = after_us + 1, limit = after_us + YEARS_MAX * 366 * DAY_US;
    for (size_t i = zone_span_at(in, from); i < in->count && from < limit; i++) {
        struct stretch stretch = stretch_at(in, i, limit);
        int64_t found = find_in_stretch(cron, &stretch, from);
        if (found >= 0)
            return found;
        from = stretch.until_us;
    }
    return 0;
}

bool cron_parse(struct str text, struct cron *ret_cron, struct err *err)
{
    struct str rest = expand(str_trim(text));
    uint64_t bits[COUNT_OF(fields)];
    bool any[COUNT_OF(fields)];
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        struct str word = next_word(&rest);
        if (!word.len)
            return err_set(err, ERR_CONFIG, "cron", 0,
                           "\"%.*s\" has fewer than five fields: minute hour day month weekday",
                           STR_ARG(text));
        if (!parse_field(&fields[i], word, &bits[i], err))
            return false;
        any[i] = word.ptr[0] == '*';
    }
    if (str_trim(rest).len)
        return err_set(err, ERR_CONFIG, "cron", 0, "\"%.*s\" has more than five fields",
                       STR_ARG(text));
    struct cron cron = {
        .minutes = bits[0],
        .hours = (uint32_t)bits[1],
        .days = (uint32_t)bits[2],
        .months = (uint32_t)bits[3],
        .weekdays = (uint32_t)(bits[4] | bits[4] >> 7),
        .any_day = any[2],
        .any_weekday = any[4],
        .is_wild = any[0] || any[1],
    };
    if (!find_next(&cron, NULL, 0))
        return err_set(err, ERR_CONFIG, "cron", 0, "\"%.*s\" never fires", STR_ARG(text));
    *ret_cron = cron;
    return true;
}

int64_t cron_next(const struct cron *cron, const struct zone *zone, int64_t after_us)
{
    assert(after_us >= 0);
    return find_next(cron, zone, after_us);
}

int64_t cron_spread_us(struct str stream, int64_t spread_ms)
{
    uint64_t seconds = (uint64_t)spread_ms / 1000;
    return seconds ? (int64_t)(hash_bytes(stream, 0) % seconds) * 1000000 : 0;
}
