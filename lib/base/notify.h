#ifndef BASE_NOTIFY_H
#define BASE_NOTIFY_H

/*
 * Tells the service manager of the state of the process, as sd_notify(3) does: "READY=1",
 * "STOPPING=1". A datagram to the socket that NOTIFY_SOCKET names, a path or (after @) an
 * abstract name; nothing where there is none. Failures are nobody's concern. Does not block.
 */
void notify_send(const char *state);

#endif
