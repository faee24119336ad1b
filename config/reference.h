#ifndef CONFIG_REFERENCE_H
#define CONFIG_REFERENCE_H

#include "base/buf.h"

/*
 * What is known of every key, for people and for editors. All of it is in the lists of keys
 * that the readers use.
 */
enum reference_style { REFERENCE_TEXT, REFERENCE_MARKDOWN };

/* Every key of pagetide.yaml, a source and its streams: type, default, help. */
void reference_put(struct buf *buf, enum reference_style style);

#endif
