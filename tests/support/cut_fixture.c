#include "tests/support/cut_fixture.h"

void cut_fixture_open(struct cut_fixture *fixture)
{
    *fixture = (struct cut_fixture){.arena = arena_new(), .batch = batch_new(MIB(16))};
    fixture->columns.items = fixture->items;
    fixture->columns.has_table = true;
    fixture->cut = (struct cut){.stream = &fixture->stream,
                                .columns = &fixture->columns,
                                .scope = &fixture->scope,
                                .arena = fixture->arena,
                                .max_records = -1};
}

void cut_fixture_close(struct cut_fixture *fixture)
{
    batch_free(fixture->batch);
    arena_free(fixture->arena);
}

void cut_fixture_add_column(struct cut_fixture *fixture, struct str name, enum column_type type)
{
    fixture->items[fixture->columns.count++] =
        (struct column){.field = name, .name = name, .type = type};
    columns_index(&fixture->columns, fixture->arena);
}
