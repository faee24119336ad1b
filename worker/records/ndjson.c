#include "worker/records/ndjson.h"

#include "core/scan.h"
#include "worker/records/fields.h"

struct ndjson {
    struct record_source source; /* first */
    struct scan scan;
    struct fields fields;
    struct str rest;
    size_t line; /* number of the last one taken, from 1 */
    size_t position;
};

struct str ndjson_text(struct str line)
{
    enum { RECORD_SEPARATOR = 0x1E };
    line = str_trim(line);
    while (line.len && line.ptr[0] == RECORD_SEPARATOR)
        line = str_trim(str_slice(line, 1, line.len));
    return line;
}

/* The next line that is not empty. */
static bool take_line(struct ndjson *ndjson, struct str *ret_line)
{
    while (ndjson->rest.len) {
        struct str line;
        ndjson->rest = str_split(ndjson->rest, '\n', &line);
        ndjson->line++;
        *ret_line = ndjson_text(line);
        if (ret_line->len)
            return true;
    }
    return false;
}

/* "line 7, column 3 (byte 2): …"; the scan knows one line alone. */
static struct str say_problem(const struct ndjson *ndjson)
{
    struct err err = ERR_INIT;
    (void)!scan_err(&ndjson->scan, &err);
    const char *column = strchr(err.text, ',');
    return arena_printf(ndjson->scan.arena, "line %zu%s", ndjson->line,
                        column ? column : err.text);
}

static void read_line(struct ndjson *ndjson, struct str line, struct record *ret)
{
    struct scan *scan = &ndjson->scan;
    scan->start = scan->at = line.ptr;
    scan->end = line.ptr + line.len;
    scan->problem = scan->bad_byte = NULL;
    if (!record_read(scan, &ndjson->fields, 0, ret) || !scan_finish(scan))
        *ret = (struct record){.raw = line, .problem = say_problem(ndjson)};
    ret->sent = line;
}

static enum records_result next(struct record_source *source, struct record *ret,
                                struct err *err)
{
    struct ndjson *ndjson = (struct ndjson *)source;
    struct str line;
    if (!take_line(ndjson, &line))
        return RECORDS_END;
    if (ndjson->position == RECORDS_PAGE_MAX) {
        err_set(err, ERR_INPUT, "ndjson", 0,
                "line %zu: more than 1,000,000 records in one page", ndjson->line);
        return RECORDS_BAD;
    }
    read_line(ndjson, line, ret);
    ret->position = ndjson->position++;
    return RECORDS_ONE;
}

struct record_source *ndjson_open(struct arena *arena, struct str body)
{
    struct ndjson *ndjson = ARENA_NEW(arena, struct ndjson);
    scan_init(&ndjson->scan, arena, body);
    ndjson->source.next = next;
    ndjson->fields.arena = arena;
    ndjson->rest = (struct str){ndjson->scan.at, (size_t)(ndjson->scan.end - ndjson->scan.at)};
    return &ndjson->source;
}
