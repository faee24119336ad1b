#include "worker/records/csv.h"

#include "base/bytes.h"
#include "worker/records/named.h"

/*
 * A row is read twice: take_row finds its fields and its end, put_row writes them as an object.
 * Between the two it is known whether the row has as many fields as there are names.
 */
enum class {
    ESCAPED = 1 << 0, /* JSON writes it otherwise: controls, quote, backslash */
    NOT_ASCII = 1 << 1,
    CONTROL = 1 << 2,
};

enum { NO_QUOTE = 256 };

struct cell {
    struct str text; /* between the quotes, if there are any */
    bool is_quoted, has_doubled;
    unsigned seen; /* classes of its bytes */
};

struct csv {
    struct record_source source; /* first */
    const struct csv_form *form;
    struct arena *arena;
    char delimiter;
    int quote;     /* NO_QUOTE: none */
    char line_end; /* LF, which CRs may stand before (two, where a text mode has added one to
                      CR LF); or CR alone, as old systems write it */
    unsigned char classes[256];
    const char *at, *end;
    size_t line; /* of `at`, from 1 */
    size_t position;
    struct field_names names;
    bool has_names;
    /* The row under way. */
    struct cell *cells;
    size_t cell_count, cell_capacity;
    size_t row_line;
    struct str row;
    const char *problem; /* static text */
};

static void classify(struct csv *csv)
{
    for (unsigned c = 0; c < 256; c++)
        csv->classes[c] = c >= 0x80 ? NOT_ASCII : c < ' ' ? ESCAPED | CONTROL : 0;
    csv->classes['"'] = csv->classes['\\'] = ESCAPED;
}

/* --- a row's fields --- */

static bool is_quote(const struct csv *csv, const char *at)
{
    return at < csv->end && (unsigned char)*at == csv->quote;
}

/* Most fields are shorter than what is looked at in one step, and plain. */
static unsigned classes_of(const struct csv *csv, struct str text)
{
    enum { STEP = 16 };
    unsigned seen = 0;
    const char *end = text.ptr + text.len;
    size_t steps = (text.len + STEP - 1) / STEP * STEP;
    const char *at =
        bytes_skip_plain(text.ptr, text.ptr + MIN(steps, (size_t)(csv->end - text.ptr)));
    for (; at < end; at++)
        seen |= csv->classes[(unsigned char)*at];
    return seen;
}

/* Member by member: a cell made elsewhere and copied costs more than all its bytes. */
static void set_cell(const struct csv *csv, struct cell *cell, struct str text)
{
    cell->text = text;
    cell->seen = classes_of(csv, text);
    cell->is_quoted = cell->has_doubled = false;
}

static void take_plain(struct csv *csv, struct cell *ret)
{
    const char *from = csv->at;
    csv->at = bytes_find_either(from, csv->end, csv->delimiter, csv->line_end);
    struct str text = {from, (size_t)(csv->at - from)};
    bool is_line_end = csv->at == csv->end || *csv->at == csv->line_end;
    while (is_line_end && text.len && text.ptr[text.len - 1] == '\r')
        text.len--;
    set_cell(csv, ret, text);
}

/* `at` is the opening quote. False: it is never closed. */
static bool take_quoted(struct csv *csv, struct cell *ret)
{
    const char *from = ++csv->at;
    bool has_doubled = false;
    for (;;) {
        const char *close =
            bytes_find_either(csv->at, csv->end, (char)csv->quote, (char)csv->quote);
        if (close == csv->end)
            return false;
        csv->at = close + 1;
        if (!is_quote(csv, csv->at))
            break;
        has_doubled = true;
        csv->at++;
    }
    struct str text = {from, (size_t)(csv->at - 1 - from)};
    set_cell(csv, ret, text);
    ret->is_quoted = true;
    ret->has_doubled = has_doubled;
    for (size_t i = 0; ret->seen & CONTROL && i < text.len; i++)
        csv->line += text.ptr[i] == csv->line_end;
    return true;
}

/* Where the line end is, or the end of the body; NULL: more of the row comes before it. */
static const char *row_end(const struct csv *csv)
{
    const char *at = csv->at;
    while (csv->line_end == '\n' && at < csv->end && *at == '\r')
        at++;
    return at == csv->end || *at == csv->line_end ? at : NULL;
}

/* After a closing quote. */
static void skip_to_delimiter(struct csv *csv)
{
    struct cell rest;
    const char *end = row_end(csv);
    if (end) {
        csv->at = end;
    } else if (*csv->at != csv->delimiter) {
        csv->problem = "bytes follow the closing quote of a field";
        take_plain(csv, &rest);
    }
}

static bool take_cell(struct csv *csv)
{
    ARENA_GROW(csv->arena, csv->cells, csv->cell_count, csv->cell_capacity);
    struct cell *cell = &csv->cells[csv->cell_count];
    if (is_quote(csv, csv->at)) {
        if (!take_quoted(csv, cell))
            return false;
        skip_to_delimiter(csv);
    } else {
        take_plain(csv, cell);
    }
    /* One beyond the most is enough to know that there are too many. */
    csv->cell_count += csv->cell_count <= RECORDS_FIELDS_MAX;
    return true;
}

static void skip_empty_rows(struct csv *csv)
{
    const char *end;
    while (csv->at < csv->end && (end = row_end(csv))) {
        csv->at = end + (end < csv->end);
        csv->line++;
    }
}

/* False: a quote is never closed. */
static bool take_row(struct csv *csv)
{
    const char *from = csv->at;
    csv->row_line = csv->line;
    csv->cell_count = 0;
    csv->problem = NULL;
    while (take_cell(csv)) {
        if (csv->at < csv->end && *csv->at == csv->delimiter) {
            csv->at++;
            continue;
        }
        csv->row = (struct str){from, (size_t)(csv->at - from)};
        while (csv->row.len && csv->row.ptr[csv->row.len - 1] == '\r')
            csv->row.len--;
        csv->line++;
        csv->at += csv->at < csv->end;
        return true;
    }
    return false;
}

/* --- as JSON --- */

static size_t put_escaped(char *out, unsigned char c)
{
    static const char digits[] = "0123456789abcdef";
    static const char plain[256] = {
        ['"'] = '"', ['\\'] = '\\', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'};
    out[0] = '\\';
    if (plain[c]) {
        out[1] = plain[c];
        return 2;
    }
    memcpy(out + 1, "u00", 3);
    out[4] = digits[c >> 4];
    out[5] = digits[c & 15];
    return 6;
}

/* The text with JSON's escapes, and without doubled quotes. */
static size_t put_text(const struct csv *csv, const struct cell *cell, char *out)
{
    const char *at = cell->text.ptr, *end = at + cell->text.len;
    bool may_skip = !cell->is_quoted || csv->quote == '"';
    char *to = out;
    while (at < end) {
        size_t plain = may_skip ? (size_t)(bytes_skip_plain(at, end) - at) : 0;
        memcpy(to, at, plain);
        to += plain;
        at += plain;
        if (at == end)
            break;
        unsigned char c = (unsigned char)*at++;
        if (csv->classes[c] & ESCAPED)
            to += put_escaped(to, c);
        else
            *to++ = (char)c;
        at += cell->is_quoted && c == csv->quote;
    }
    return (size_t)(to - out);
}

static enum record_flaw flaw_of(const struct cell *cell)
{
    if (cell->seen & NOT_ASCII && !str_is_utf8(cell->text))
        return FLAW_BAD_UTF8;
    return cell->seen & CONTROL && memchr(cell->text.ptr, '\0', cell->text.len) ? FLAW_NUL
                                                                                : FLAW_NONE;
}

static void put_string(struct csv *csv, const struct cell *cell)
{
    enum { ESCAPE_BYTES_MAX = 6, QUOTES = 2 };
    bool is_plain = !(cell->seen & ESCAPED) && !cell->has_doubled;
    size_t most = cell->text.len * (is_plain ? 1 : ESCAPE_BYTES_MAX) + QUOTES;
    char *out = names_room(&csv->names, most);
    size_t len = cell->text.len;
    out[0] = '"';
    if (!is_plain)
        len = put_text(csv, cell, out + 1);
    else if (len)
        bytes_copy_few(out + 1, cell->text.ptr, len, (size_t)(csv->end - cell->text.ptr));
    out[len + 1] = '"';
    struct record_field *field = names_wrote(&csv->names, len + QUOTES, RECORD_STRING);
    field->flaw = flaw_of(cell);
    field->has_escapes = !is_plain;
}

/* A number, true or false as JSON writes them. */
static bool is_scalar(struct str text, enum record_kind *ret_kind)
{
    struct scan scan = {.start = text.ptr, .at = text.ptr, .end = text.ptr + text.len};
    if (!text.len || !strchr("-0123456789tf", text.ptr[0]) || !scan_scalar(&scan) ||
        !scan_is_end(&scan) || scan.flags & SCAN_BIG_NUMBER)
        return false;
    *ret_kind = record_kind_of(text.ptr[0]);
    return true;
}

static void put_bare(struct csv *csv, struct str text, enum record_kind kind)
{
    memcpy(names_room(&csv->names, text.len), text.ptr, text.len);
    (void)names_wrote(&csv->names, text.len, kind);
}

static void put_cell(struct csv *csv, const struct cell *cell)
{
    enum record_kind kind;
    if (!cell->is_quoted && str_eq(cell->text, csv->form->null))
        put_bare(csv, STR("null"), RECORD_NULL);
    else if (!cell->is_quoted && csv->form->infers && is_scalar(cell->text, &kind))
        put_bare(csv, cell->text, kind);
    else
        put_string(csv, cell);
}

static void put_row(struct csv *csv, struct record *ret)
{
    names_begin(&csv->names);
    for (size_t i = 0; i < csv->cell_count; i++)
        put_cell(csv, &csv->cells[i]);
    names_end(&csv->names, ret);
}

/* --- names --- */

static bool put_name(struct csv *csv, struct str name, struct err *err)
{
    struct str problem;
    return names_put(&csv->names, name, &problem) ||
           err_set(err, ERR_INPUT, "csv", 0,
                   "line %zu: %.*s (`csv: {names: […]}` gives other names)", csv->row_line,
                   STR_ARG(problem));
}

static struct str decoded(struct csv *csv, const struct cell *cell)
{
    if (!cell->has_doubled)
        return cell->text;
    char *out = arena_alloc(csv->arena, cell->text.len);
    size_t len = 0;
    for (size_t i = 0; i < cell->text.len; i++) {
        out[len++] = cell->text.ptr[i];
        i += (unsigned char)cell->text.ptr[i] == csv->quote;
    }
    return (struct str){out, len};
}

static bool refuse_open_quote(struct csv *csv, struct err *err)
{
    csv->source.is_truncated = true;
    return err_set(err, ERR_INPUT, "csv", 0,
                   "line %zu: a quote that opens in the row that begins here is never closed "
                   "(`csv: {quote: ''}` reads quotes as text)",
                   csv->row_line);
}

/* The names of the body itself are known even where the form gives others. */
static bool take_header(struct csv *csv, struct err *err)
{
    struct field_names own = {.arena = csv->arena};
    struct str ignored;
    if (csv->at == csv->end)
        return err_set(err, ERR_INPUT, "csv", 0, "there is no header (`csv: {header: false}`)");
    if (!take_row(csv))
        return refuse_open_quote(csv, err);
    for (size_t i = 0; i < csv->cell_count; i++) {
        struct str name = decoded(csv, &csv->cells[i]);
        if (csv->form->name_count)
            (void)!names_put(&own, name, &ignored);
        else if (!put_name(csv, name, err))
            return false;
    }
    csv->source.header = names_text(csv->form->name_count ? &own : &csv->names);
    csv->source.header_count = csv->cell_count;
    return true;
}

static bool know_names(struct csv *csv, struct err *err)
{
    csv->has_names = true;
    csv->row_line = csv->line;
    for (size_t i = 0; i < csv->form->name_count; i++)
        if (!put_name(csv, csv->form->names[i], err))
            return false;
    if (csv->form->has_header && !take_header(csv, err))
        return false;
    csv->source.names = &csv->names;
    return true;
}

/* --- records --- */

static struct str say_problem(const struct csv *csv)
{
    if (csv->problem)
        return arena_printf(csv->arena, "line %zu: %s", csv->row_line, csv->problem);
    return arena_printf(csv->arena, "line %zu: %s%zu fields, where there are %zu names",
                        csv->row_line, csv->cell_count > RECORDS_FIELDS_MAX ? "more than " : "",
                        MIN(csv->cell_count, (size_t)RECORDS_FIELDS_MAX), csv->names.count);
}

/* False: err. */
static bool take_next(struct csv *csv, struct err *err)
{
    if (csv->position == RECORDS_PAGE_MAX)
        return err_set(err, ERR_INPUT, "csv", 0,
                       "line %zu: more than 1,000,000 records in one page", csv->line);
    return take_row(csv) || refuse_open_quote(csv, err);
}

static enum records_result next(struct record_source *source, struct record *ret,
                                struct err *err)
{
    struct csv *csv = (struct csv *)source;
    skip_empty_rows(csv);
    if (!csv->has_names && !know_names(csv, err))
        return RECORDS_BAD;
    skip_empty_rows(csv);
    if (csv->at == csv->end)
        return RECORDS_END;
    if (!take_next(csv, err))
        return RECORDS_BAD;
    if (csv->problem || csv->cell_count != csv->names.count)
        *ret = (struct record){.raw = csv->row, .problem = say_problem(csv)};
    else
        put_row(csv, ret);
    ret->sent = csv->row;
    ret->position = csv->position++;
    return RECORDS_ONE;
}

/* CR where rows end with it alone: no LF stands outside of quotes. */
static char find_line_end(const struct csv *csv)
{
    bool is_quoted = false, has_cr = false;
    for (const char *at = csv->at; at < csv->end; at++) {
        is_quoted ^= (unsigned char)*at == csv->quote;
        if (is_quoted)
            continue;
        if (*at == '\n')
            return '\n';
        has_cr |= *at == '\r';
    }
    return has_cr ? '\r' : '\n';
}

char csv_separator(struct str body)
{
    struct str line = {body.ptr, 0}, name = STR("sep=");
    while (line.len < body.len && !strchr("\r\n", body.ptr[line.len]))
        line.len++;
    if (line.len > 2 && line.ptr[0] == '"' && str_ends(line, STR("\"")))
        line = str_slice(line, 1, line.len - 1);
    bool is_told = line.len == name.len + 1 && str_starts(line, name);
    return (char)(is_told && !(line.ptr[name.len] & 0x80) ? line.ptr[name.len] : '\0');
}

/* "sep=;" is no header: it says what stands between the fields of the rows below it. */
static void take_separator(struct csv *csv)
{
    struct str body = {csv->at, (size_t)(csv->end - csv->at)};
    char separator = csv_separator(body);
    if (!separator || !csv->form->has_header)
        return;
    csv->delimiter = separator;
    while (csv->at < csv->end && *csv->at != csv->line_end)
        csv->at++;
    csv->at += csv->at < csv->end;
    csv->line++;
}

struct record_source *csv_open(struct arena *arena, struct str body,
                               const struct csv_form *form)
{
    struct csv *csv = ARENA_NEW(arena, struct csv);
    struct str rest = str_without_bom(body);
    *csv = (struct csv){
        .source = {.next = next},
        .form = form,
        .arena = arena,
        .delimiter = form->delimiter.ptr[0],
        .quote = form->quote.len ? (unsigned char)form->quote.ptr[0] : NO_QUOTE,
        .at = rest.ptr ? rest.ptr : "",
        .line = 1,
        .names = {.arena = arena},
    };
    csv->end = csv->at + rest.len;
    csv->line_end = find_line_end(csv);
    take_separator(csv);
    classify(csv);
    return &csv->source;
}
