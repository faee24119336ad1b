#include "port/json.h"

#include <jansson.h>

#include "base/mem.h"

struct json {
    json_t *object;
};

static void use_memory(void)
{
    json_set_alloc_funcs(mem_lib_malloc, mem_free);
}

struct json *json_new(void)
{
    use_memory();
    struct json *json = mem_alloc(sizeof *json);
    json->object = json_object();
    return json;
}

void json_free(struct json *json)
{
    if (!json)
        return;
    json_decref(json->object);
    mem_free(json);
}

void json_free_local(struct json **json)
{
    json_free(*json);
}

void json_set_str(struct json *json, struct str key, struct str text)
{
    json_t *value = json_stringn(text.ptr ? text.ptr : "", text.len);
    char *name = mem_printf("%.*s", STR_ARG(key));
    json_object_set_new(json->object, name, value ? value : json_null());
    mem_free(name);
}

void json_set_int(struct json *json, const char *key, int64_t number)
{
    json_object_set_new(json->object, key, json_integer(number));
}

struct str json_write(const struct json *json, struct arena *arena)
{
    char *text = json_dumps(json->object, JSON_COMPACT | JSON_PRESERVE_ORDER);
    struct str copy = arena_str(arena, str_from(text ? text : "{}"));
    free(text);
    return copy;
}

bool json_parse(struct str text, struct json **ret_json, struct err *err)
{
    use_memory();
    json_error_t error;
    json_t *object =
        json_loadb(text.ptr ? text.ptr : "", text.len, JSON_REJECT_DUPLICATES, &error);
    if (!object)
        return err_set(err, ERR_INPUT, "json", 0, "line %d, column %d: %s", error.line,
                       error.column, error.text);
    if (!json_is_object(object)) {
        json_decref(object);
        return err_set(err, ERR_INPUT, "json", 0, "not a JSON object");
    }
    struct json *json = mem_alloc(sizeof *json);
    json->object = object;
    *ret_json = json;
    return true;
}

struct str json_get_str(const struct json *json, const char *key)
{
    const json_t *value = json_object_get(json->object, key);
    return (struct str){json_string_value(value), json_string_length(value)};
}

int64_t json_get_int(const struct json *json, const char *key)
{
    return json_integer_value(json_object_get(json->object, key));
}
