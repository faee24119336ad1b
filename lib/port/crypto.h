#ifndef PORT_CRYPTO_H
#define PORT_CRYPTO_H

/*
 * OpenSSL takes its memory from base/mem.h: where there is none the process ends, and neither a
 * certificate nor a key is said to be bad. First of all in main: once OpenSSL has memory, of
 * libcurl's or libpq's too, it stays with what it has.
 */
void crypto_init(void);

#endif
