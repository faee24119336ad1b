#ifndef WORKER_SIGNS_ELEMENT_H
#define WORKER_SIGNS_ELEMENT_H

#include "worker/signs/pager.h"

/*
 * An element of XML with attributes, where one value is meant: of
 * `<resumptionToken cursor="0">b</resumptionToken>` that is {"@cursor": "0", "#text": "b"},
 * and the value is "b". Whatever is no XML stays as it is.
 */
struct value element_text(const struct pager_facts *facts, struct value value);

/* It has attributes alone: `<resumptionToken cursor="200"/>`. */
bool element_is_bare(const struct pager_facts *facts, struct value value);

/* Reads a place of the answer, as locator_read; of an element with attributes the text. */
bool element_read(const struct pager_facts *facts, const struct locator *locator,
                  struct arena *arena, struct value *ret, struct err *err) MUST_CHECK;

#endif
