#ifndef WORKER_DISCOVER_NAMING_H
#define WORKER_DISCOVER_NAMING_H

#include "base/arena.h"
#include "base/str.h"

/*
 * Names of a source and its stream, made of a URL: "https://api.shop.example/v1/orders.json" is
 * shop.orders. They are names as a definition takes them (identifier_is_name).
 */
struct str naming_source(struct arena *arena, struct str host, struct str path);
struct str naming_stream(struct arena *arena, struct str path);

/* A variable of the environment: "SHOP_TOKEN" of "shop" and "token". */
struct str naming_variable(struct arena *arena, struct str source, struct str what);

/* A part of a query without its percent signs; "+" is a blank. */
struct str naming_decode(struct arena *arena, struct str text);

#endif
