#ifndef WORKER_VALUES_FORM_INTERNAL_H
#define WORKER_VALUES_FORM_INTERNAL_H

#include "worker/values/form.h"

/*
 * The forms of form.c by kind. Each `put` puts a field and returns true, or false where the
 * text is odd and nothing was put; each `spell` gets the bytes that `put` has put.
 */

/* form_clock.c */
bool form_clock_put(struct buf *rows, struct str text) MUST_CHECK;
void form_clock_spell(struct buf *rows, struct str bytes);
bool form_zoned_put(struct buf *rows, struct str text) MUST_CHECK;
void form_zoned_spell(struct buf *rows, struct str bytes);
bool form_span_put(struct buf *rows, struct str text) MUST_CHECK;
void form_span_spell(struct buf *rows, struct str bytes);

/* form_bytes.c */
bool form_bytes_put(struct buf *rows, struct str text) MUST_CHECK;
void form_bytes_spell(struct buf *rows, struct str bytes);
bool form_address_put(struct buf *rows, struct str text) MUST_CHECK;
void form_address_spell(struct buf *rows, struct str bytes);

/* form_list.c; of JSON lists: form_put_list */
void form_list_spell(struct buf *rows, struct str bytes);

/* What no value begins with: longer than any of a fixed length, and no UTF-8. */
#define FORM_ODD_MARK                                                                          \
    STR("\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377")

#endif
