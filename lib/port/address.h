#ifndef PORT_ADDRESS_H
#define PORT_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

#include "base/macros.h"
#include "base/str.h"

/*
 * Whether an address may be reached without being asked for by name. False for loopback,
 * private, link-local, CGNAT, multicast, unspecified, reserved and documentation ranges. False
 * for IPv6 that embeds such an IPv4 address (mapped, compatible, 6to4, Teredo, NAT64), and for
 * every family but the two. Ranges: the IANA special-purpose address registries (RFC 6890).
 */
bool address_is_public(const struct sockaddr *address);

/* The same for a literal; *ret_literal: whether `host` is one at all. No brackets. */
bool address_text_is_public(struct str host, bool *ret_literal);

/* 127.0.0.0/8, ::1 or a name under `localhost` (RFC 6761, section 6.3). */
bool address_text_is_loopback(struct str host);

#endif
