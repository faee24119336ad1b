#include "worker/discover/discover.h"

#include "base/redact.h"
#include "worker/discover/paging_text.h"
#include "worker/signs/known.h"

/*
 * The order, with the requests that each step may make:
 *
 *     look       2   two pages by `auto`, as JSON
 *     look again 2   where the format is another, or the records are elsewhere
 *     guess      8   where no second page came: one for each parameter that is tried
 *     size       3   one for each parameter that is tried
 *     confirm    5   the pages, by the pagination as it will be written
 *     since      3   one for each parameter that is tried
 *
 * Steps that only try stop at DISCOVER_REQUESTS_MAX.
 */
bool discover_may_ask(const struct discovery *discovery, int requests)
{
    return discovery->reader.requests + requests <= DISCOVER_REQUESTS_MAX;
}

static bool read_pages(struct discovery *discovery, int pages, struct reading *ret,
                       struct err *err)
{
    return reading_take(&discovery->reader, &discovery->draft, DRAFT_TRIED, pages, ret, err);
}

/* --- the first look --- */

static struct str header_of(const struct reading *reading, const char *name)
{
    for (size_t i = 0; i < reading->header_count; i++)
        if (str_is(reading->headers[i].name, name))
            return reading->headers[i].value;
    return STR_NONE;
}

static bool is_refused(const struct reading *look, struct err *err)
{
    const struct preview *preview = &look->preview;
    bool is_answered = look->has_answer && look->status / 100 == 2;
    if (is_answered)
        return false;
    bool is_config = preview->reason == REASON_DEFINITION;
    enum err_kind kind = is_config ? ERR_CONFIG : look->has_answer ? ERR_INPUT : ERR_AGAIN;
    err_set(err, kind, "discover", 0, "%.*s", STR_ARG(preview->error));
    return true;
}

/* An answer of status 200 that says what is wrong, in a usual field. */
static bool says_error(struct value body)
{
    for (size_t i = 0; body.kind == VALUE_MAP && i < body.map->count; i++)
        if (known_find(&known_errors, body.map->members[i].key) &&
            value_is_true(body.map->members[i].value))
            return true;
    return false;
}

/* What came is no list of an API, whatever its status says. */
static bool is_no_list(struct discovery *discovery, const struct body_form *form,
                       struct err *err)
{
    const struct reading *seen = &discovery->look;
    const char *what = form->is_html
                           ? "a page of HTML: this is a web page, not an API, or the API wants "
                             "credentials (--auth, --header)"
                       : !str_trim(seen->body).len ? "nothing in it"
                       : !form->is_known           ? "what is neither JSON, ndjson, CSV nor XML"
                                                   : NULL;
    if (!what && says_error(discovery->body) &&
        !body_look_places(discovery->body, discovery->arena, discovery->places))
        what = "an error";
    if (!what)
        return false;
    err_set(err, ERR_INPUT, "discover", 0, "the answer has status %d, and %s: %.*s",
            seen->status, what, STR_ARG(redact_cut(discovery->arena, seen->body, 200)));
    return true;
}

/* As it is to be read, it cannot be. */
static bool is_unreadable(const struct reading *seen, struct err *err)
{
    if (seen->page_count || seen->has_empty_page || reading_is_good(seen))
        return false;
    err_set(err, seen->preview.how == PREVIEW_WAITS ? ERR_AGAIN : ERR_INPUT, "discover", 0,
            "%.*s", STR_ARG(seen->preview.error));
    return true;
}

static void take_form(struct discovery *discovery, const struct body_form *form)
{
    static const char *const names[] = {[ANSWER_JSON] = "JSON",
                                        [ANSWER_NDJSON] = "a JSON text a line (ndjson)",
                                        [ANSWER_CSV] = "CSV",
                                        [ANSWER_XML] = "XML"};
    discovery->draft.format = form->format;
    discovery->draft.delimiter = form->delimiter;
    notes_add(&discovery->notes, NOTE_SURE, "format", "the answer is %s", names[form->format]);
}

/* A record of its own has an id; what lists it holds are a part of it. */
static bool is_one_record(struct value body, const struct body_place *best)
{
    return !best->is_known && body_look_has_own_id(body);
}

static void tell_places(struct discovery *discovery, const struct body_place *places,
                        size_t count)
{
    AUTO_BUF(others, 2048);
    for (size_t i = 1; i < count; i++)
        if (places[i].count && places[i].score > -1000)
            buf_printf(&others, "%s%.*s (%zu)", others.len ? ", " : "", STR_ARG(places[i].path),
                       places[i].count);
    if (others.len)
        notes_add(&discovery->notes, NOTE_UNSURE, "merge_path",
                  "the records are taken from %.*s (%zu); there are also %.*s",
                  STR_ARG(places[0].path), places[0].count, STR_ARG(buf_str(&others)));
    if (str_is(places[0].names, "first"))
        notes_add(&discovery->notes, NOTE_UNSURE, "merge_path",
                  "records are lists, and nothing names their fields: the first record is "
                  "taken for the names");
}

static void take_place(struct discovery *discovery)
{
    struct body_place *places = discovery->places;
    struct draft *draft = &discovery->draft;
    size_t count = body_look_places(discovery->body, discovery->arena, places);
    if (draft->format == ANSWER_CSV || draft->format == ANSWER_NDJSON)
        return;
    if (!count || is_one_record(discovery->body, &places[0])) {
        draft->merge_path = STR(".");
        notes_add(&discovery->notes, NOTE_UNSURE, "merge_path",
                  "the whole answer is one record: it has no list of objects by a usual name");
        return;
    }
    draft->merge_path = places[0].path;
    draft->names = places[0].names;
    tell_places(discovery, places, count);
    if (!places[0].count)
        notes_add(&discovery->notes, NOTE_UNSURE, "merge_path",
                  "the list is empty: no record was seen");
}

static bool look(struct discovery *discovery, struct err *err)
{
    struct reading *seen = &discovery->look;
    if (!read_pages(discovery, 2, seen, err))
        return false;
    if (is_refused(seen, err))
        return false;
    if (seen->status == 204) {
        notes_add(&discovery->notes, NOTE_UNSURE, "merge_path",
                  "the answer is empty (status 204): no record was seen");
        return true;
    }
    struct body_form form = body_look_form(seen->body, header_of(seen, "content-type"));
    discovery->body = body_look_read(seen->body, form.format, discovery->arena);
    if (is_no_list(discovery, &form, err))
        return false;
    take_form(discovery, &form);
    if (discovery->draft.connection.len)
        return !is_unreadable(seen, err);
    take_place(discovery);
    const struct draft *draft = &discovery->draft;
    bool is_same = form.format == ANSWER_JSON && !draft->names.len &&
                   str_eq(draft->merge_path, seen->merge_path);
    return (is_same || read_pages(discovery, 2, seen, err)) && !is_unreadable(seen, err);
}

/* --- how pages follow --- */

/* Two pages or more, without a record twice, and no failure. */
static bool shows_paging(const struct reading *reading)
{
    return reading->page_count > 1 && reading_is_good(reading) && !reading_repeats(reading);
}

/* The API itself says that nothing follows the first page. */
static bool is_all(const struct reading *reading)
{
    return reading->page_count == 1 && !reading->has_empty_page &&
           reading->preview.how == PREVIEW_ENDED && reading_is_good(reading) &&
           (reading->complete == COMPLETE_PROVED || reading->complete == COMPLETE_TOLD);
}

static void tell_one_page(struct discovery *discovery)
{
    struct reading *seen = &discovery->look;
    if (is_all(seen))
        notes_add(&discovery->notes, NOTE_UNSURE, "pagination",
                  "everything came on one page (%.*s): how a second one is asked for was not "
                  "seen; without a pagination each run recognises it by its first answer",
                  STR_ARG(seen->why));
    else if (!seen->page_count)
        notes_add(&discovery->notes, NOTE_UNSURE, "pagination",
                  "no record was seen, so no paging either; without a pagination each run "
                  "recognises it by its first answer");
    else
        notes_add(&discovery->notes, NOTE_UNSURE, "pagination",
                  "no way to a second page was found: a run reads what it recognises by its "
                  "first answer, and warns of an end that nothing proves (%.*s)",
                  STR_ARG(seen->warning.len ? seen->warning : seen->why));
}

/* Which records came on the first page by `auto` must come by the definition, too. */
static bool holds_first_page(const struct discovery *discovery, const struct reading *reading)
{
    const struct reading_page *first = &discovery->look.pages[0];
    size_t count = 0;
    for (size_t i = 0; i < reading->page_count; i++)
        count += reading_count_shared(first, &reading->pages[i]);
    return count >= MIN(first->records, 2000);
}

static bool confirms(const struct discovery *discovery, const struct reading *reading)
{
    return shows_paging(reading) && holds_first_page(discovery, reading);
}

static bool has_looped(const struct reading *reading)
{
    return reading->page_count > 1 && reading->preview.how == PREVIEW_ENDED &&
           reading->preview.reason == REASON_LOOP;
}

/* What may be wrong with a pagination that brought other pages than it should. */
static struct str mend(struct discovery *discovery, const struct reading *reading)
{
    struct str paging = discovery->draft.pagination;
    bool is_page = str_starts(paging, STR("{type: page"));
    if (is_page && str_find(paging, STR(" start: ")) < 0 &&
        !holds_first_page(discovery, reading))
        return paging_text_with(discovery->arena, paging, STR("start: 0"));
    const struct reading_page *last =
        reading->page_count ? &reading->pages[reading->page_count - 1] : NULL;
    if (is_page && has_looped(reading) && last->records < reading->pages[0].records) {
        bool has_size = str_find(paging, STR(" size: ")) >= 0;
        notes_add(&discovery->notes, NOTE_UNSURE, "pagination",
                  "behind the last page the API gives that page again: a page with fewer "
                  "records than the first is taken for the last");
        return paging_text_with(discovery->arena, paging,
                                has_size ? STR("stop_on_short: true")
                                         : arena_printf(discovery->arena,
                                                        "size: %zu, stop_on_short: true",
                                                        reading->pages[0].records));
    }
    return STR_NONE;
}

static void tell_confirmed(struct discovery *discovery, const struct reading *reading)
{
    if (reading->preview.how == PREVIEW_ENDED)
        notes_add(&discovery->notes, NOTE_SURE, "pagination",
                  "%zu pages were read by it, to the end, which is %s: %.*s",
                  reading->page_count, job_complete_name(reading->complete),
                  STR_ARG(reading->why));
    else
        notes_add(&discovery->notes, NOTE_SURE, "pagination",
                  "%zu pages were read by it, and no record came twice; more follow",
                  reading->page_count);
    discovery->pages_read = *reading;
    discovery->is_confirmed = true;
}

/* It brought pages, each with other records, and then an answer that is none. */
static bool fails_behind(const struct discovery *discovery, const struct reading *reading)
{
    return reading->page_count > 1 && reading->preview.how == PREVIEW_ENDED &&
           reading->preview.status && !reading_repeats(reading) &&
           holds_first_page(discovery, reading);
}

/* "There is no such page": the page behind the last, where others came before. */
static bool ends_with_error(const struct discovery *discovery, const struct reading *reading)
{
    int status = reading->preview.status;
    return (status == 404 || status == 416) && fails_behind(discovery, reading);
}

static void tell_end(struct discovery *discovery, int status)
{
    discovery->draft.end_status = status;
    notes_add(&discovery->notes, NOTE_UNSURE, "pagination",
              "behind the last page the API answers with status %d, which is taken for the end",
              status);
}

static void tell_failed(struct discovery *discovery, const struct reading *reading)
{
    notes_add(&discovery->notes, NOTE_UNSURE, "pagination",
              "%zu pages were read by it, and the next one failed (%.*s): where it is the page "
              "behind the last, responses: [{status: %d, then: end}] says so",
              reading->page_count, STR_ARG(reading->preview.error), reading->preview.status);
    discovery->pages_read = *reading;
    discovery->is_confirmed = true;
}

/* Reads by the draft's pagination, which may be mended once. */
static bool read_by_draft(struct discovery *discovery, struct reading *ret, bool *ret_confirms,
                          struct err *err)
{
    int pages = MIN(discovery->pages, READING_PAGES_MAX);
    if (!read_pages(discovery, pages, ret, err))
        return false;
    *ret_confirms = confirms(discovery, ret);
    struct str mended = *ret_confirms ? STR_NONE : mend(discovery, ret);
    bool ends = ends_with_error(discovery, ret) && !discovery->draft.end_status;
    if (!mended.len && !ends)
        return true;
    if (ends)
        tell_end(discovery, ret->preview.status);
    if (mended.len)
        discovery->draft.pagination = mended;
    if (!read_pages(discovery, pages, ret, err))
        return false;
    *ret_confirms = confirms(discovery, ret);
    return true;
}

/* With larger pages it may be one alone, and that is all there is. */
static bool holds_all(const struct discovery *discovery, const struct reading *reading)
{
    return reading->page_count == 1 && reading->preview.how == PREVIEW_ENDED &&
           reading_is_good(reading) && holds_first_page(discovery, reading);
}

static void tell_unconfirmed(struct discovery *discovery, const struct reading *reading,
                             struct str what)
{
    struct str error = reading->preview.error;
    notes_add(
        &discovery->notes, NOTE_UNSURE, "pagination",
        "%.*s was recognised, but did not bring its pages (%.*s): each run recognises the "
        "paging by its first answer",
        STR_ARG(what), STR_ARG(error.len ? error : STR("records are missing, or came twice")));
}

/*
 * Reads by the pagination that will be written: with the size that was found, and also without
 * it where that brings everything on one page. What brings something else is not written.
 */
static bool confirm(struct discovery *discovery, struct err *err)
{
    struct draft without = discovery->draft, with;
    struct reading reading;
    bool is_one_page, is_right;
    if (!page_size_find(discovery, err) || !read_by_draft(discovery, &reading, &is_right, err))
        return false;
    with = discovery->draft;
    is_one_page = !is_right && holds_all(discovery, &reading);
    if (!is_right && (is_one_page || !str_eq(with.pagination, without.pagination))) {
        discovery->draft = without;
        page_size_leave_out(discovery);
        if (!read_by_draft(discovery, &reading, &is_right, err))
            return false;
    }
    if (!is_right && fails_behind(discovery, &reading)) {
        tell_failed(discovery, &reading);
        return true;
    }
    if (!is_right) {
        tell_unconfirmed(discovery, &reading, discovery->draft.pagination);
        return true;
    }
    if (is_one_page)
        discovery->draft = with;
    tell_confirmed(discovery, &reading);
    return true;
}

/* The query says it itself, so one page that ends as it says is enough. */
static bool confirm_connection(struct discovery *discovery, struct err *err)
{
    struct reading reading;
    bool is_right;
    if (!read_by_draft(discovery, &reading, &is_right, err))
        return false;
    if (is_right) {
        tell_confirmed(discovery, &reading);
    } else if (is_all(&reading)) {
        notes_add(&discovery->notes, NOTE_UNSURE, "graphql",
                  "everything came on one page (%.*s): that a second one comes by the cursor "
                  "was not seen",
                  STR_ARG(reading.why));
    } else {
        tell_unconfirmed(discovery, &reading, discovery->draft.connection);
        discovery->draft.connection = STR_NONE;
        take_place(discovery);
    }
    return true;
}

/* A link that was not taken by the method of the first request may be one to be got. */
static bool is_link_to_get(const struct discovery *discovery)
{
    const struct reading *seen = &discovery->look;
    bool is_link = str_starts(seen->paging, STR("{type: next_url")) ||
                   str_starts(seen->paging, STR("{type: link_header"));
    return is_link && discovery->draft.has_body && seen->page_count == 1 &&
           !reading_is_good(seen);
}

static bool find_paging(struct discovery *discovery, struct err *err)
{
    struct reading *seen = &discovery->look;
    struct draft plain = discovery->draft;
    discovery->pages_read = *seen;
    if (plain.connection.len)
        return confirm_connection(discovery, err);
    if (seen->paging.len && shows_paging(seen)) {
        discovery->draft.pagination = seen->paging;
    } else if (is_link_to_get(discovery)) {
        discovery->draft.pagination =
            paging_text_with(discovery->arena, seen->paging, STR("next_page: {method: GET}"));
    } else if (is_all(seen) || !seen->page_count) {
        tell_one_page(discovery);
        return true;
    } else {
        if (!guess_paging(discovery, err))
            return false;
        if (!discovery->draft.pagination.len) {
            tell_one_page(discovery);
            return true;
        }
    }
    if (!confirm(discovery, err))
        return false;
    if (!discovery->is_confirmed)
        discovery->draft = plain;
    return true;
}

/* --- the columns --- */

static void tell_columns(struct discovery *discovery)
{
    const struct preview *preview = &discovery->pages_read.preview;
    AUTO_BUF(line, 500);
    for (size_t i = 0; i < preview->column_count; i++) {
        struct str name = preview->columns[i].name;
        if (str_starts(name, STR("_pt_")))
            continue;
        buf_printf(&line, "%s%.*s %.*s",
                   line.len ? ", " : "the table's columns: ", STR_ARG(name),
                   STR_ARG(preview->columns[i].sql_type));
    }
    if (line.len)
        notes_add(&discovery->notes, NOTE_SURE, "columns", "%.*s%s", STR_ARG(buf_str(&line)),
                  line.has_overflowed ? ", …" : "");
}

static void tell_method(struct discovery *discovery)
{
    const struct draft *draft = &discovery->draft;
    if (draft->has_body && !draft->query.len)
        notes_add(&discovery->notes, NOTE_UNSURE, "method",
                  "a POST may change something, so one that fails in the network is not sent "
                  "again: idempotent: true says that this one only reads");
}

bool discover(struct discovery *discovery, struct err *err)
{
    connection_find(discovery);
    if (!look(discovery, err) || !find_paging(discovery, err))
        return false;
    tell_method(discovery);
    key_find(discovery);
    tell_columns(discovery);
    return since_find(discovery, err);
}
