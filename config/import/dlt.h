#ifndef CONFIG_IMPORT_DLT_H
#define CONFIG_IMPORT_DLT_H

#include "config/import/take.h"

/* What dlt's `client` and its endpoints share. The functions are those of struct field. */
void dlt_take_auth(struct import *import, const struct yaml_node *node, struct outline *to,
                   void *ctx);
void dlt_take_paginator(struct import *import, const struct yaml_node *node, struct outline *to,
                        void *ctx);

/* A JSONPath, or a note; `ctx` is the key here, a const char *. */
void dlt_take_path(struct import *import, const struct yaml_node *node, struct outline *to,
                   void *ctx);

#endif
