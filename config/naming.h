#ifndef CONFIG_NAMING_H
#define CONFIG_NAMING_H

#include "base/arena.h"
#include "base/str.h"

/*
 * Names of a source and its stream, made of a URL: "https://api.shop.example/v1/orders.json" is
 * shop.orders. They are names as a definition takes them (identifier_is_name).
 */
struct str naming_source(struct arena *arena, struct str host, struct str path);
struct str naming_stream(struct arena *arena, struct str path);

/* The text's letters and digits as a name: "order_items" of "Order items"; empty where none is
 * left. */
struct str naming_word(struct arena *arena, struct str text);

/* A variable of the environment: "SHOP_TOKEN" of "shop" and "token". */
struct str naming_variable(struct arena *arena, struct str source, struct str what);

/*
 * Takes the first parameter of a query, "a=1&b=2", off it: name and value without percent
 * signs. False: there is none left.
 */
bool naming_take_param(struct arena *arena, struct str *query, struct str *ret_name,
                       struct str *ret_value);

#endif
