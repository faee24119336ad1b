#ifndef CONFIG_REFERENCE_H
#define CONFIG_REFERENCE_H

#include "base/buf.h"

/*
 * What is known of every key, name and event, for people. All of it is in the tables that the
 * program itself uses.
 */
enum reference_style { REFERENCE_TEXT, REFERENCE_MARKDOWN };

/* Every key of pagetide.yaml, a source and its streams: type, default, help. */
void reference_put(struct buf *buf, enum reference_style style);

/* The names, filters and tests of expressions, each with an example and what it gives. */
void reference_put_expressions(struct buf *buf, enum reference_style style);

/* Every event of the log: docs/operations.md. */
void reference_put_events(struct buf *buf, enum reference_style style);

/* Every metric of /metrics: docs/metrics.md. */
void reference_put_metrics(struct buf *buf, enum reference_style style);

/* The names below which a literal is taken for a credential: docs/operations.md. */
void reference_put_credentials(struct buf *buf, enum reference_style style);

#endif
