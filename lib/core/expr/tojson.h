#ifndef CORE_EXPR_TOJSON_H
#define CORE_EXPR_TOJSON_H

#include "base/buf.h"
#include "core/value.h"

/* json.dumps with sorted keys and Jinja's HTML escapes; `indent` < 0: on one line. */
void tojson_put(struct buf *buf, struct value value, int indent);

#endif
