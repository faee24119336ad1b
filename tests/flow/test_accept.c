#include <jansson.h>

#include "tests/support/stand.h"
#include "tests/support/suite.h"

/* `accept`: what one run has found out, the next one begins with. */

#define TYPES "    accept: [text/a, text/b, text/c]\n"

/* /people answers with these statuses, one after another, and 200 from then on. */
static void refuse(int times)
{
    mock_post(&mock, "/_mock/reset", "{}");
    answer("[{\"id\": 1}]");
    if (times)
        mock_post(
            &mock, "/_mock/fault",
            pagetide_text("{\"path\": \"/people\", \"kind\": \"status\", \"status\": 406, "
                          "\"times\": %d}",
                          times));
}

/* What the requests asked for since then. */
static const char *asked(void)
{
    json_t *log = json_loads(mock_get(&mock, "/_mock/requests"), 0, NULL);
    json_t *requests = json_object_get(log, "requests"), *request;
    const char *all = "";
    size_t i;
    json_array_foreach(requests, i, request)
    {
        json_t *headers = json_object_get(request, "headers");
        const char *type = json_string_value(json_object_get(headers, "accept"));
        if (type)
            all = pagetide_text("%s%s%s", all, *all ? " " : "", type);
    }
    json_decref(log);
    return all;
}

START_TEST(a_run_begins_with_the_type_that_was_taken)
{
    set_up();
    people(TYPES UPSERT);
    refuse(1);
    expect_run(0, "sync people.all");
    ck_assert_str_eq(asked(), "text/a text/b");
    refuse(0);
    expect_run(0, "sync people.all");
    ck_assert_str_eq(asked(), "text/b");
    refuse(2); /* the others are tried from there, round the list */
    expect_run(0, "sync people.all");
    ck_assert_str_eq(asked(), "text/b text/c text/a");
    refuse(3);
    expect_run(1, "sync people.all");
    ck_assert_str_eq(asked(), "text/a text/b text/c");
    refuse(0); /* that run found nothing out */
    expect_run(0, "sync people.all");
    ck_assert_str_eq(asked(), "text/a");
    tear_down();
}
END_TEST

START_TEST(other_types_are_asked_for_from_the_first_on)
{
    set_up();
    people(TYPES UPSERT);
    refuse(1);
    expect_run(0, "sync people.all");
    people("    accept: [text/d, text/b]\n" UPSERT);
    refuse(0);
    expect_run(0, "sync people.all");
    ck_assert_str_eq(asked(), "text/d");
    tear_down();
}
END_TEST

START_TEST(partitions_begin_with_it_too)
{
    set_up();
    people(TYPES UPSERT "    partitions: {list: [{p: 1}, {p: 2}], per_job: 2}\n"
                        "    params: {p: \"{{ partition.p }}\"}\n");
    refuse(1);
    expect_run(0, "sync people.all");
    ck_assert_str_eq(asked(), "text/a text/b text/b");
    refuse(0);
    expect_run(0, "sync people.all");
    ck_assert_str_eq(asked(), "text/b text/b");
    tear_down();
}
END_TEST

SUITE("flow/accept", a_run_begins_with_the_type_that_was_taken,
      other_types_are_asked_for_from_the_first_on, partitions_begin_with_it_too)
