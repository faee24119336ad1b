#ifndef CORE_EXPR_TEXT_H
#define CORE_EXPR_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "core/expr/eval.h"
#include "core/value.h"

/* Text as Python has it: characters are code points; str(), repr(), iteration. */

/* Python's str(): None, True, numbers as written, containers as repr. */
void text_put(struct buf *buf, struct value value);
/* The same as a slice, in the arena or borrowed from the value. */
bool text_read(struct eval *ev, struct value value, struct str *ret) MUST_CHECK;

size_t text_length(struct str text); /* in characters */
/* The bytes of characters from..to; clamped. */
struct str text_characters(struct str text, size_t from, size_t to);
/* Bytes of the character at the start of a text that is not empty. */
size_t text_character_bytes(struct str text);
uint32_t text_code_point(struct str character);
bool text_is_space(uint32_t code); /* as Python's str.isspace */

/* Without the characters of `set` at both ends, or without white space where it is NULL. */
struct str text_trim(struct str text, const struct str *set);

enum { TEXT_FOLDED_A_STEP = 4 }; /* bytes: one character after the other, by its class */
void text_put_lower(struct buf *buf, struct str text);
void text_put_upper(struct buf *buf, struct str text);

/* Python's iteration: list elements, characters, keys. Fails where a value has none. */
bool text_elements(struct eval *ev, struct value value,
                   const struct value_list **ret) MUST_CHECK;

#endif
