#!/usr/bin/env python3
"""peer_rows.py KEY EXPECTED ROWS: prints how many rows there are, and how many records have none,
have more than one, or have another number or text.

Both files have one JSON object a line. A tool may name a nested field `around__field`; what stands
in lists and objects is left out, as each tool has its own place for it."""

import decimal
import json
import sys


def read(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line, parse_float=decimal.Decimal, parse_int=decimal.Decimal)
                for line in file if line.strip()]


def field_of(row, name):
    if name in row:
        return row[name]
    return next((value for field, value in row.items() if field.endswith("__" + name)), None)


def is_same(record, row):
    return all(field_of(row, name) == value for name, value in record.items()
               if isinstance(value, (str, bool, decimal.Decimal)))


def main():
    key = sys.argv[1]
    expected, rows = map(read, sys.argv[2:])
    by_key = {}
    for row in rows:
        by_key.setdefault(field_of(row, key), []).append(row)
    found = [by_key.get(record[key], []) for record in expected]
    other = sum(bool(some) and not is_same(record, some[0]) for record, some in zip(expected, found))
    print(len(rows), sum(not some for some in found), sum(len(some) > 1 for some in found), other)


main()
