#ifndef WORKER_ROWS_COLUMN_NAME_H
#define WORKER_ROWS_COLUMN_NAME_H

#include "base/arena.h"
#include "base/str.h"

/*
 * A field's name as a column name: snake_case of letters, digits and `_`, so `userID`
 * becomes `user_id` and `Größe` `größe`: letters of all scripts stay, capitals become small in
 * Latin, Greek and Cyrillic. Never empty, never with a digit or `_pt_` at its beginning, never
 * the name of a system column. A name over 63 bytes is shortened and ends with a hash of the
 * field's; a field without any letter or digit is `field_` and that hash. Two fields may still
 * get the same name: PostgreSQL numbers the second (pagetide.free_name). Lives in the arena.
 */
struct str column_name_for(struct arena *arena, struct str field);

#endif
