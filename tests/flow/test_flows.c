#define SUITE_TIMEOUT 300
#include "tests/support/flow.h"
#include "tests/support/suite.h"

/*
 * The cases of tests/tables/flows/: a definition, what the API answers, what must come of it.
 * tests/tables/README has the notation. One source, one table and one `pagetide sync`
 * each, all in one database.
 */

static void check_file(const char *name)
{
    struct flow_bench bench;
    flow_open(&bench);
    struct blocks all = flow_read_cases(&bench, pagetide_text("tests/tables/flows/%s", name));
    for (size_t i = 0; i < all.count; i++) {
        AUTO_BUF(text, MIB(1));
        const char *source = pagetide_text("case_%d", all.items[i].line);
        flow_put_definition(&bench, &all.items[i], source, &text);
        struct flow_subject subject = {source, "s", buf_str(&text)};
        flow_try(&bench, all.path, &all.items[i], &subject);
    }
    flow_close(&bench);
}

START_TEST(pages)
{
    check_file("pages.txt");
}
END_TEST

START_TEST(response)
{
    check_file("response.txt");
}
END_TEST

START_TEST(recognised)
{
    check_file("auto.txt");
}
END_TEST

START_TEST(recognised_forms)
{
    check_file("auto_forms.txt");
}
END_TEST

START_TEST(other_spellings)
{
    check_file("spellings.txt");
}
END_TEST

START_TEST(parameters_that_are_tried)
{
    check_file("auto_tries.txt");
}
END_TEST

START_TEST(answers)
{
    check_file("answers.txt");
}
END_TEST

START_TEST(rules)
{
    check_file("rules.txt");
}
END_TEST

START_TEST(records)
{
    check_file("records.txt");
}
END_TEST

START_TEST(complete)
{
    check_file("complete.txt");
}
END_TEST

START_TEST(ends)
{
    check_file("ends.txt");
}
END_TEST

START_TEST(like)
{
    setenv("QUEUE_PASSWORD", "odd", 1);
    check_file("like.txt");
}
END_TEST

START_TEST(total)
{
    check_file("total.txt");
}
END_TEST

START_TEST(twice)
{
    check_file("twice.txt");
}
END_TEST

START_TEST(merge)
{
    check_file("merge.txt");
}
END_TEST

START_TEST(origins)
{
    check_file("origins.txt");
}
END_TEST

START_TEST(requests)
{
    check_file("requests.txt");
}
END_TEST

START_TEST(writing)
{
    check_file("writing.txt");
}
END_TEST

START_TEST(tables)
{
    check_file("tables.txt");
}
END_TEST

START_TEST(formats)
{
    check_file("formats.txt");
}
END_TEST

START_TEST(auth)
{
    setenv("CLIENT_SECRET", "s3cr3t-planted", 1);
    setenv("WRONG_SECRET", "wr0ng-planted", 1);
    setenv("REFRESH_TOKEN", "rt-1-planted", 1);
    setenv("SHOP_PASSWORD", "pa55-planted", 1);
    check_file("auth.txt");
}
END_TEST

START_TEST(partitions)
{
    check_file("partitions.txt");
}
END_TEST

START_TEST(graphql)
{
    check_file("graphql.txt");
}
END_TEST

START_TEST(prepared)
{
    setenv("SHOP_TOKEN", "t0ken-planted", 1);
    check_file("prepare.txt");
}
END_TEST

START_TEST(shared_pages)
{
    check_file("jobs.txt");
}
END_TEST

START_TEST(pages_side_by_side)
{
    check_file("parallel.txt");
}
END_TEST

START_TEST(overlapping_pages)
{
    check_file("overlap.txt");
}
END_TEST

SUITE_OF_TABLES("tests/tables/flows/*.txt", "flow/flows", pages, response, recognised,
                recognised_forms, other_spellings, parameters_that_are_tried, answers, rules,
                records, merge, origins, complete, ends, total, twice, requests, writing,
                formats, auth, tables, partitions, graphql, prepared, like, shared_pages,
                pages_side_by_side, overlapping_pages)
