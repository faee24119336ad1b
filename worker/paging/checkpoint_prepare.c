#include "worker/paging/checkpoint_prepare.h"

static const struct pager_prepared none = {.submitted = {.kind = VALUE_UNDEFINED}};

void checkpoint_prepare_hide(struct secret_refs *refs, struct pager_prepared *prepared)
{
    if (!prepared->at_ms)
        return;
    refs->guards = true;
    prepared->submitted = secret_refs_hide(refs, prepared->submitted);
    prepared->poll_url = secret_refs_hide_text(refs, prepared->poll_url);
    refs->guards = false;
    if (refs->lacks_key)
        *prepared = none;
}

bool checkpoint_prepare_show(struct secret_refs *refs, struct pager_prepared *prepared,
                             struct err *err)
{
    return !prepared->at_ms || (secret_refs_show(refs, &prepared->submitted, err) &&
                                secret_refs_show_text(refs, &prepared->poll_url, err));
}

static void put_number(struct json_out *out, const char *key, int64_t number)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%lld", (long long)number);
    json_out_str(out, key, str_from(digits));
}

void checkpoint_prepare_put(struct json_out *out, const struct pager_prepared *prepared)
{
    if (!prepared->at_ms)
        return;
    json_out_open(out, "prepare", '{');
    put_number(out, "at", prepared->at_ms);
    if (prepared->submitted.kind != VALUE_UNDEFINED)
        value_put(out, "submitted", prepared->submitted);
    if (prepared->poll_url.ptr)
        json_out_str(out, "poll", prepared->poll_url);
    if (prepared->files) {
        put_number(out, "files", prepared->files);
        json_out_str(out, "hash", prepared->files_hash);
    }
    if (prepared->file)
        put_number(out, "file", prepared->file);
    if (prepared->least)
        json_out_str(out, "complete", str_from(job_complete_name(prepared->least)));
    json_out_close(out, '}');
}

static struct str text_at(struct value map, const char *key)
{
    struct value text = value_get(map, str_from(key));
    return text.kind == VALUE_STRING ? text.text : STR_NONE;
}

static int64_t number_at(struct value map, const char *key)
{
    int64_t number;
    return str_to_int64(text_at(map, key), &number) && number > 0 ? number : 0;
}

void checkpoint_prepare_read(struct value member, struct pager_prepared *ret_prepared)
{
    *ret_prepared = none;
    ret_prepared->at_ms = number_at(member, "at");
    if (!ret_prepared->at_ms)
        return;
    ret_prepared->submitted = value_get(member, STR("submitted"));
    ret_prepared->poll_url = text_at(member, "poll");
    ret_prepared->files = number_at(member, "files");
    ret_prepared->files_hash = text_at(member, "hash");
    ret_prepared->file = number_at(member, "file");
    ret_prepared->least = job_complete_parse(text_at(member, "complete"));
}
