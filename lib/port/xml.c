#include "port/xml.h"

#define XML_DTD 1 /* libexpat is built with it: its bounds on entities are declared */
#include <expat.h>

#include "base/macros.h"
#include "base/mem.h"

enum { PIECE_BYTES = 1 << 20, GROWTH_MAX = 10, GROWTH_FROM_BYTES = 1 << 20 };

struct xml_place {
    XML_Parser parser;
};

struct parsing {
    struct xml_place place;
    const struct xml_handlers *handlers;
    const char *problem; /* ours; static text */
};

static void stop_unless(const struct parsing *parsing, bool goes_on)
{
    if (!goes_on)
        XML_StopParser(parsing->place.parser, XML_FALSE);
}

static void on_start(void *ctx, const XML_Char *name, const XML_Char **attributes)
{
    struct parsing *parsing = ctx;
    stop_unless(parsing,
                parsing->handlers->on_start(parsing->handlers->ctx, str_from(name),
                                            (const char *const *)attributes, &parsing->place));
}

static void on_end(void *ctx, const XML_Char *name)
{
    (void)name;
    struct parsing *parsing = ctx;
    stop_unless(parsing, parsing->handlers->on_end(parsing->handlers->ctx, &parsing->place));
}

size_t xml_from(const struct xml_place *place)
{
    return (size_t)XML_GetCurrentByteIndex(place->parser);
}

size_t xml_to(const struct xml_place *place)
{
    return xml_from(place) + (size_t)XML_GetCurrentByteCount(place->parser);
}

static void on_text(void *ctx, const XML_Char *text, int len)
{
    struct parsing *parsing = ctx;
    struct str piece = {text, (size_t)len};
    stop_unless(parsing, parsing->handlers->on_text(parsing->handlers->ctx, piece));
}

/* Left out in silence, a character would be missing from its text. */
static void on_skipped(void *ctx, const XML_Char *name, int is_parameter)
{
    (void)name;
    struct parsing *parsing = ctx;
    if (is_parameter)
        return;
    parsing->problem = "an entity is used that the text does not declare";
    stop_unless(parsing, false);
}

static int on_external(XML_Parser parser, const XML_Char *context, const XML_Char *base,
                       const XML_Char *system_id, const XML_Char *public_id)
{
    (void)parser, (void)context, (void)base, (void)system_id, (void)public_id;
    return XML_STATUS_ERROR;
}

static bool is_truncation(enum XML_Error code)
{
    return code == XML_ERROR_NO_ELEMENTS || code == XML_ERROR_UNCLOSED_TOKEN ||
           code == XML_ERROR_PARTIAL_CHAR || code == XML_ERROR_UNCLOSED_CDATA_SECTION;
}

static bool explain(const struct parsing *parsing, bool *ret_is_truncated, struct err *err)
{
    XML_Parser parser = parsing->place.parser;
    enum XML_Error code = XML_GetErrorCode(parser);
    *ret_is_truncated = is_truncation(code);
    return err_set(err, ERR_INPUT, "xml", (int)code, "line %lu, column %lu: %s",
                   (unsigned long)XML_GetCurrentLineNumber(parser),
                   (unsigned long)XML_GetCurrentColumnNumber(parser) + 1,
                   parsing->problem ? parsing->problem : XML_ErrorString(code));
}

bool xml_parse(struct str text, const struct xml_handlers *handlers, bool *ret_is_truncated,
               struct err *err)
{
    static const XML_Memory_Handling_Suite memory = {mem_lib_malloc, mem_lib_realloc, mem_free};
    XML_Parser parser = XML_ParserCreate_MM("UTF-8", &memory, NULL);
    struct parsing parsing = {.place = {parser}, .handlers = handlers};
    enum XML_Status status = XML_STATUS_OK;
    XML_SetUserData(parser, &parsing);
    XML_SetElementHandler(parser, on_start, on_end);
    XML_SetCharacterDataHandler(parser, on_text);
    XML_SetSkippedEntityHandler(parser, on_skipped);
    XML_SetExternalEntityRefHandler(parser, on_external);
    XML_SetBillionLaughsAttackProtectionMaximumAmplification(parser, GROWTH_MAX);
    XML_SetBillionLaughsAttackProtectionActivationThreshold(parser, GROWTH_FROM_BYTES);
    for (bool is_final = false; !is_final && status == XML_STATUS_OK;) {
        struct str piece = str_slice(text, 0, PIECE_BYTES);
        text = str_slice(text, piece.len, text.len);
        is_final = text.len == 0;
        status = XML_Parse(parser, piece.ptr, (int)piece.len, is_final);
    }
    bool is_good = status == XML_STATUS_OK || explain(&parsing, ret_is_truncated, err);
    XML_ParserFree(parser);
    return is_good;
}
