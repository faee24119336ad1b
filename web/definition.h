#ifndef WEB_DEFINITION_H
#define WEB_DEFINITION_H

#include "base/arena.h"
#include "base/str.h"

/*
 * A stored definition as it may be shown. Its credentials are elsewhere (`env`, `secrets`), but
 * somebody may have written one into it: each value that stands below a name of a credential
 * (config/credential.h) is `<hidden>`, and a secret that this process knows has its name
 * (base/redact.h). A definition that cannot be read any more, or has more than 512 KiB, is
 * not shown: empty.
 */
struct str definition_show(struct arena *arena, struct str spec) MUST_CHECK;

#endif
