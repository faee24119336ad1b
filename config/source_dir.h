#ifndef CONFIG_SOURCE_DIR_H
#define CONFIG_SOURCE_DIR_H

#include "config/source.h"

/*
 * Reads every sources/ *.yaml, *.yml and *.json of a configuration folder, in the order of the
 * names; also checks what spans files (two streams for one table, two sources of a name). Good
 * files are in *ret_sources even where others are broken (then it returns false).
 */
bool source_dir_load(struct arena *arena, const char *dir, struct source ***ret_sources,
                     size_t *ret_count, struct buf *errors, struct err *err) MUST_CHECK;

/* The same, and the sources have outlines alone (source_outline). */
bool source_dir_outline(struct arena *arena, const char *dir, struct source ***ret_sources,
                        size_t *ret_count, struct buf *errors, struct err *err) MUST_CHECK;

#endif
