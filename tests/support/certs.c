#include "tests/support/certs.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

enum { SCRIPT_BYTES = 2048 };

static const char script[] =
    "cd '%s' && echo subjectAltName=DNS:localhost >names && "
    "key='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes' && "
    "openssl req -x509 $key -keyout ca.key -out ca.pem -days 2 -subj /CN=test-ca && "
    "openssl req -x509 $key -keyout other.key -out other.pem -days 2 -subj /CN=localhost && "
    "for name in server client; do"
    "  openssl req $key -keyout $name.key -out request -subj /CN=pagetide-test &&"
    "  openssl x509 -req -in request -CA ca.pem -CAkey ca.key -days 2 -extfile names"
    "    -set_serial $$ -out $name.pem || exit 1; "
    "done && rm request names";

void certs_make(const char *dir)
{
    char filled[SCRIPT_BYTES], line[SCRIPT_BYTES + 64];
    snprintf(filled, sizeof filled, script, dir);
    snprintf(line, sizeof line, "{ %s; } 2>/dev/null", filled);
    ck_assert_msg(system(line) == 0, "openssl makes no certificates in %s", dir);
}
