#ifndef CORE_TRACE_SEND_H
#define CORE_TRACE_SEND_H

#include "base/buf.h"
#include "core/trace.h"

/* The way of trace.h's spans to the collector. */
struct trace_send;

/* ret_send NULL: the environment names no collector. ERR_CONFIG as trace_open. */
bool trace_send_new(const struct trace_options *options, struct trace_send **ret_send,
                    struct err *err) MUST_CHECK;
void trace_send_free(struct trace_send *send); /* NULL is fine; what is left is dropped */

/* Sends a body with so many spans; it is empty afterwards. Only where trace_send_is_idle. */
void trace_send_body(struct trace_send *send, struct buf *body, size_t spans);
bool trace_send_is_idle(const struct trace_send *send);

#endif
