#ifndef WEB_EVENTS_H
#define WEB_EVENTS_H

#include "port/httpd.h"
#include "web/session.h"

/*
 * What happens, for whoever listens (server-sent events, HTML living standard, section 9.2):
 *
 *     event: active    the runs under way, as /api/v1/active: at first, and when they change
 *     event: change    {"runs":[…]}: runs whose state changed, each as PostgreSQL notified it;
 *                      at most 20, "more":true where there were others. An empty list: streams
 *                      changed, or some notifications may be lost
 *     : beat           every 15 s
 *
 * While there are listeners, PostgreSQL is asked once a second, and a tenth of a second after a
 * notification, for all of them together. At most 16 listen.
 */
struct events;

struct events *events_new(struct loop *loop, struct session *session) MUST_CHECK;
void events_free(struct events *events); /* after the listener is closed; NULL is fine */

/* Takes the call as a listener, or refuses it (503). */
void events_listen(struct events *events, struct httpd_call *call);

/* A notification of the session's; empty: it is up, again. */
void events_note(struct events *events, struct str payload);

#endif
