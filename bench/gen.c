#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/macros.h"

/*
 * `gen FORM FIRST COUNT PER_PAGE PATH [changed|bad]`: the records of the bench, the same ones
 * for the same ids: 15 fields, 616 bytes as JSON.
 *
 *     json ndjson csv xml   PATH is a folder, PATH/1, PATH/2 … are the pages
 *     J T                   PATH is a file for \copy: (id, jsonb), or a column for each field
 *
 * `changed`: one record in a hundred has another status. `bad`: one in a thousand has a price
 * that is no number.
 */
enum {
    RECORD_BYTES = 616,
    FIELDS = 15,
    NOTE = 14,
    ADDRESS = 13,
    INSTANT = 20,
    DAY = 10,
    VALUE_BYTES = 640,
    TEXT_BYTES = FIELDS * VALUE_BYTES
};

struct record {
    int64_t id;
    uint64_t seed;
    bool is_text[FIELDS]; /* in quotes, as JSON */
    char value[FIELDS][VALUE_BYTES];
};

struct order {
    int64_t first, count, per_page;
    bool is_changed, is_bad;
};

static const char *const names[FIELDS] = {
    "id",    "uuid",  "code",       "name",       "email",  "status",  "active", "quantity",
    "price", "ratio", "created_at", "updated_at", "due_on", "address", "note"};

/* splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators). */
static uint64_t draw(struct record *record)
{
    uint64_t z = record->seed += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

static const char *pick(struct record *record, const char *const *list, size_t count)
{
    return list[draw(record) % count];
}

PRINTF_LIKE(4, 5)
static void set(struct record *record, int field, bool is_text, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(record->value[field], VALUE_BYTES, fmt, args);
    va_end(args);
    record->is_text[field] = is_text;
}

static void set_time(struct record *record, int field, size_t len)
{
    time_t at = 1704067200 + (time_t)(draw(record) % 63072000); /* 2024 and 2025 */
    struct tm tm;
    gmtime_r(&at, &tm);
    strftime(record->value[field], VALUE_BYTES, "%Y-%m-%dT%H:%M:%SZ", &tm);
    record->value[field][len] = '\0';
    record->is_text[field] = true;
}

static void set_people(struct record *record)
{
    static const char *const first[] = {"Ada", "Grace", "Zoë", "Linus", "José", "Edsger"};
    static const char *const last[] = {"Lovelace", "Hopper", "Müller", "Núñez", "O'Neill"};
    static const char *const states[] = {"new", "open", "paid", "shipped", "returned"};
    uint64_t high = draw(record);
    set(record, 0, false, "%lld", (long long)record->id);
    set(record, 1, true, "%08x-%04x-4%03x-8%03x-%012llx", (unsigned)(high >> 32),
        (unsigned)(high >> 16) & 0xffff, (unsigned)(high >> 4) & 0xfff,
        (unsigned)draw(record) & 0xfff, (unsigned long long)draw(record) & 0xffffffffffff);
    set(record, 2, true, "%09lld", (long long)record->id);
    set(record, 3, true, "%s %s", pick(record, first, COUNT_OF(first)),
        pick(record, last, COUNT_OF(last)));
    set(record, 4, true, "user%lld@shop.example", (long long)record->id);
    set(record, 5, true, "%s", pick(record, states, COUNT_OF(states)));
}

static void set_numbers(struct record *record)
{
    static const char *const cities[] = {"Gent", "Łódź", "Springfield", "São Paulo"};
    set(record, 6, false, "%s", draw(record) % 3 ? "true" : "false");
    set(record, 7, false, "%d", (int)(draw(record) % 1000));
    set(record, 8, false, "%d.%02d", (int)(draw(record) % 10000), (int)(draw(record) % 100));
    set(record, 9, false, "0.%06d", (int)(draw(record) % 999999) | 1);
    set_time(record, 10, INSTANT);
    set_time(record, 11, INSTANT);
    set_time(record, 12, DAY);
    set(record, ADDRESS, false,
        "{\"street\":\"%d Main Street\",\"city\":\"%s\",\"zip\":\"%05d\"}",
        (int)(draw(record) % 200), pick(record, cities, COUNT_OF(cities)),
        (int)(draw(record) % 100000));
}

static size_t spell_json(const struct record *record, char out[TEXT_BYTES])
{
    size_t len = 0;
    for (int i = 0; i < FIELDS; i++) {
        const char *quote = record->is_text[i] ? "\"" : "";
        len += (size_t)snprintf(out + len, TEXT_BYTES - len, "%c\"%s\":%s%s%s%s", i ? ',' : '{',
                                names[i], quote, record->value[i], quote,
                                i == FIELDS - 1 ? "}" : "");
    }
    return len;
}

/* Words, until the record has its size. */
static void set_note(struct record *record)
{
    static const char *const words[] = {"lorem ", "ipsum ", "dolor ", "sit ",  "amet, ",
                                        "elit. ", "sed ",   "do ",    "magna "};
    char text[TEXT_BYTES];
    set(record, NOTE, true, "%s", "");
    size_t room = RECORD_BYTES - spell_json(record, text), len = 0;
    char *note = record->value[NOTE];
    while (len < room)
        len += (size_t)snprintf(note + len, room + 1 - len, "%s",
                                pick(record, words, COUNT_OF(words)));
    note[room - 1] = '.';
    note[room] = '\0';
}

static void make(struct record *record, const struct order *order, int64_t id)
{
    record->id = id;
    record->seed = (uint64_t)id * 1000003;
    set_people(record);
    set_numbers(record);
    if (order->is_changed && id % 100 == 0)
        set(record, 5, true, "%s", "changed");
    if (order->is_bad && id % 1000 == 0)
        set(record, 8, true, "%s", "n/a");
    set_note(record);
}

static void put_csv(FILE *file, const struct record *record)
{
    for (int i = 0; i < FIELDS; i++) {
        fputs(i ? ",\"" : "\"", file);
        for (const char *at = record->value[i]; *at; at++)
            fputs(*at == '"' ? "\"\"" : (char[]){*at, '\0'}, file);
        fputc('"', file);
    }
    fputc('\n', file);
}

static void put_xml(FILE *file, const struct record *record)
{
    fputs("<r>", file);
    for (int i = 0; i < FIELDS; i++)
        fprintf(file, "<%s>%s</%s>", names[i], record->value[i], names[i]);
    fputs("</r>", file);
}

/* No value holds a tab, a line's end or a backslash. */
static void put_typed(FILE *file, const struct record *record)
{
    for (int i = 0; i < FIELDS; i++)
        fprintf(file, "%s%s", i ? "\t" : "", record->value[i]);
    fputc('\n', file);
}

static void put(FILE *file, const char *form, const struct record *record, bool is_first)
{
    char text[TEXT_BYTES];
    spell_json(record, text);
    if (!strcmp(form, "json"))
        fprintf(file, "%s%s", is_first ? "" : ",", text);
    else if (!strcmp(form, "ndjson"))
        fprintf(file, "%s\n", text);
    else if (!strcmp(form, "csv"))
        put_csv(file, record);
    else if (!strcmp(form, "xml"))
        put_xml(file, record);
    else if (!strcmp(form, "J"))
        fprintf(file, "%lld\t%s\n", (long long)record->id, text);
    else
        put_typed(file, record);
}

static void put_head(FILE *file, const char *form, const struct order *order, int64_t page)
{
    if (!strcmp(form, "json"))
        fprintf(file, "{\"page\":%lld,\"pages\":%lld,\"total\":%lld,\"data\":[",
                (long long)page,
                (long long)((order->count + order->per_page - 1) / order->per_page),
                (long long)order->count);
    for (int i = 0; i < FIELDS && !strcmp(form, "csv"); i++)
        fprintf(file, "%s%s", names[i], i == FIELDS - 1 ? "\n" : ",");
    if (!strcmp(form, "xml"))
        fputs("<rs>", file);
}

static FILE *open_file(const char *path, int64_t page)
{
    char name[4096];
    snprintf(name, sizeof name, page ? "%s/%lld" : "%s", path, (long long)page);
    FILE *file = fopen(name, "w");
    if (!file) {
        perror(name);
        exit(1);
    }
    return file;
}

static void close_file(FILE *file, const char *form)
{
    fputs(!strcmp(form, "json") ? "]}" : !strcmp(form, "xml") ? "</rs>" : "", file);
    if (fclose(file)) {
        perror("gen");
        exit(1);
    }
}

static void put_all(const char *form, const char *path, const struct order *order)
{
    bool is_one_file = !strcmp(form, "J") || !strcmp(form, "T");
    static struct record record;
    FILE *file = NULL;
    for (int64_t i = 0; i < order->count; i++) {
        bool is_first = is_one_file ? !i : i % order->per_page == 0;
        if (is_first) {
            int64_t page = i / order->per_page + 1;
            if (file)
                close_file(file, form);
            file = open_file(path, is_one_file ? 0 : page);
            put_head(file, form, order, page);
        }
        make(&record, order, order->first + i);
        put(file, form, &record, is_first);
    }
    if (file)
        close_file(file, form);
}

int main(int argc, char **argv)
{
    if (argc < 6) {
        fputs("usage: gen FORM FIRST COUNT PER_PAGE PATH [changed|bad]\n", stderr);
        return 2;
    }
    const char *odd = argc > 6 ? argv[6] : "";
    struct order order = {.first = strtoll(argv[2], NULL, 10),
                          .count = strtoll(argv[3], NULL, 10),
                          .per_page = strtoll(argv[4], NULL, 10),
                          .is_changed = !strcmp(odd, "changed"),
                          .is_bad = !strcmp(odd, "bad")};
    put_all(argv[1], argv[5], &order);
    return 0;
}
