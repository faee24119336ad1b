#ifndef BASE_LACK_H
#define BASE_LACK_H

#include <stdbool.h>

#include "base/err.h"

/*
 * What this process or its machine has none left of: file descriptors, local ports, memory of
 * the kernel. It is nobody else's fault, no server's and no definition's, and it passes: such
 * an error has the kind ERR_AGAIN and `is_lack`. Who meets one waits and asks again, and counts
 * it as no attempt.
 */

/* What an errno says is lacking, as a clause without an end; NULL: nothing is. Static. */
const char *lack_of(int code);

/*
 * *err where the code is a lack: true, and "<noun>: <what is lacking>". False, and *err is left
 * alone, for any other code.
 */
bool lack_explain(struct err *err, const char *origin, int code, const char *noun);

/*
 * For libraries that do not say why they failed: what keeps this process from having a handful
 * of file descriptors more, as many as a connection, a name or a certificate needs; 0: nothing.
 */
int lack_of_descriptors(void);

#endif
