#!/usr/bin/env bash
# Polars 2.1.0, pyarrow 26.0.1, petl 1.7.30, sqlite-utils 4.2.1, DuckDB 2.0.1, pandas 3.1.1 (PyPI), six that make a table of
# records.
#
# Setting: an API gives 30,000 records. From the 29,001st on, they have a field `paid_at` that the older ones do
# not have. They are read as a list, or from a file of JSON lines.
#
# A good guess: a table with both columns, null above. Or, where the columns are told from the first records, an error at the first
# one that does not fit: "paid_at" is not known.
#
# Seen: Polars (from a list and from lines), pyarrow (from a list) and petl make a table of 30,000 rows and one column,
# and say nothing: the 1,000 dates are gone. sqlite-utils and DuckDB have the error; pandas, and pyarrow's reader of
# lines, have both columns. So the same library keeps or drops the field by the way that it was given the records.
#
# Ask for all records to be looked at (`infer_schema_length=None`), or name the columns.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check polars==2.1.0 pyarrow==26.0.1 petl==1.7.30 \
    sqlite-utils==4.2.1 duckdb==2.0.1 pandas==3.1.1
cat >"$dir/late.py" <<'END'
import json
import sys

import duckdb
import pandas
import petl
import polars
import pyarrow
import pyarrow.json
import sqlite_utils

path = sys.argv[1]
records = [{"id": i} if i <= 29000 else {"id": i, "paid_at": "2024-05-01"} for i in range(1, 30001)]
with open(path, "w") as lines:
    lines.writelines(json.dumps(record) + "\n" for record in records)


def of_duckdb():
    table = duckdb.sql(f"from read_json('{path}')")
    return table.columns, len(table.fetchall())


def of_sqlite_utils():
    table = sqlite_utils.Database(memory=True)["records"].insert_all(records)
    return [column.name for column in table.columns], table.count


def of_petl():
    table = petl.fromdicts(records)
    return petl.header(table), petl.nrows(table)


for words, make in (
    ("Polars, list", lambda: ((table := polars.from_dicts(records)).columns, len(table))),
    ("Polars, lines", lambda: ((table := polars.read_ndjson(path)).columns, len(table))),
    ("pyarrow, list", lambda: ((table := pyarrow.Table.from_pylist(records)).column_names, len(table))),
    ("pyarrow, lines", lambda: ((table := pyarrow.json.read_json(path)).column_names, len(table))),
    ("petl, list", of_petl),
    ("DuckDB, lines", of_duckdb),
    ("sqlite-utils, list", of_sqlite_utils),
    ("pandas, list", lambda: ((table := pandas.DataFrame(records)).columns, len(table))),
    ("pandas, lines", lambda: ((table := pandas.read_json(path, lines=True)).columns, len(table))),
):
    try:
        columns, rows = make()
        print(f"{words}: {rows} rows,", *columns)
    except Exception as error:
        print(f"{words}: {type(error).__name__}")
END
"$dir/venv/bin/python" "$dir/late.py" "$dir/records.ndjson" | tee "$dir/seen"
diff "$dir/seen" - <<'END'
Polars, list: 30000 rows, id
Polars, lines: 30000 rows, id
pyarrow, list: 30000 rows, id
pyarrow, lines: 30000 rows, id paid_at
petl, list: 30000 rows, id
DuckDB, lines: InvalidInputException
sqlite-utils, list: OperationalError
pandas, list: 30000 rows, id paid_at
pandas, lines: 30000 rows, id paid_at
END
echo "as seen"
