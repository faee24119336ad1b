#ifndef TESTS_SUPPORT_CERTS_H
#define TESTS_SUPPORT_CERTS_H

/*
 * Certificates for a test, in a folder that is there, as PEM:
 *
 *     ca.pem                   signs the next two
 *     server.pem, server.key   for localhost alone, not for 127.0.0.1
 *     client.pem, client.key   our own, "pagetide-test"
 *     other.pem, other.key     signed by themselves: nobody trusts them
 */
void certs_make(const char *dir);

#endif
